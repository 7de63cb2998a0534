/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders of the running system that tell when a file in them came, went or was written (inotify(7)).
 * It says that something changed and not what: who is told looks himself, so it matters little that
 * the kernel drops what nobody fetches.
 */
#ifndef XLPT_CORE_NOTICE_H
#define XLPT_CORE_NOTICE_H

/* A descriptor that is readable when something changed, or -errno. */
int xlpt_notice_open(void);
/* From now on that folder, too. Again for one that is watched: nothing. -ENOENT while it is not there. */
int xlpt_notice_add(int fd, const char *dir);
/* Reads all that was told so far: 1 if there was anything, else 0; or -errno. */
int xlpt_notice_drain(int fd);

#endif
