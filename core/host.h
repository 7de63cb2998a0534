/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine whose files are read and written: a root directory and a table of
 * operations. Everything xlpt does under /sys, /proc, /etc, /boot, /run and
 * /var goes through it, so that --sysroot reads a captured tree and a test
 * gives a bus that reacts to writes.
 *
 * Paths are absolute and are resolved inside the root, symbolic links included
 * (openat2(2) RESOLVE_IN_ROOT): a captured tree is hostile input and cannot
 * lead outside itself. Of one, only regular files and directories are opened:
 * -EMEDIUMTYPE for a FIFO, a socket or a device node.
 *
 * These functions return 0 (or a count) or a negative errno, never an xlpt
 * code: they are the system call's side of the seam.
 */
#ifndef XLPT_CORE_HOST_H
#define XLPT_CORE_HOST_H

#include <sys/types.h>

#include "core/util.h"

struct xlpt_host;

struct xlpt_host_ops {
	/* Reads up to size bytes from offset 0 in one open; returns the count. */
	ssize_t (*read)(struct xlpt_host *h, const char *path, void *buf, size_t size);
	/* One write(2) of all len bytes to an existing file, as sysfs attributes want. */
	int (*write)(struct xlpt_host *h, const char *path, const void *buf, size_t len);
	/* One pwrite(2) at an offset: registers in a function's "config" file. */
	int (*write_at)(struct xlpt_host *h, const char *path, const void *buf, size_t len,
			off_t at);
	/* The link's text, NUL-terminated in buf. Returns its length. */
	ssize_t (*readlink)(struct xlpt_host *h, const char *path, char *buf, size_t size);
	/* Names in a directory without "." and "..", sorted; caller frees with xlpt_strv_free. */
	int (*list)(struct xlpt_host *h, const char *path, char ***names);
	/* 0 if it exists (links are not followed at the last component). */
	int (*exists)(struct xlpt_host *h, const char *path);
	/* openat(2) inside the root; returns a close-on-exec descriptor. */
	int (*open)(struct xlpt_host *h, const char *path, int flags, mode_t mode);
	int (*mkdir)(struct xlpt_host *h, const char *path, mode_t mode);
	int (*unlink)(struct xlpt_host *h, const char *path);
	int (*rename)(struct xlpt_host *h, const char *from, const char *to);
	/* A symbolic link at path that says target; -EEXIST when something is there. */
	int (*symlink)(struct xlpt_host *h, const char *target, const char *path);
	int (*rmdir)(struct xlpt_host *h, const char *path);
	/*
	 * Before many files of one directory are read: until leave they are found faster. Nothing
	 * may be made in it meanwhile. Calls nest; NULL: this host is not faster by it.
	 */
	int (*enter)(struct xlpt_host *h, const char *path);
	void (*leave)(struct xlpt_host *h);
	/* Loads a kernel module by its name; NULL or -ENOSYS: the running kernel is asked. */
	int (*load_module)(struct xlpt_host *h, const char *name);
};

struct xlpt_host {
	const struct xlpt_host_ops *ops;
	char *root; /* "/" or the --sysroot directory */
	int rootfd;
	bool live;		     /* the running system: root is "/" and nothing is faked */
	void *priv;		     /* of a fake */
	struct xlpt_host_dirs *dirs; /* entered, of a real tree */
};

/* Opens a root. Returns 0 or -errno; close with xlpt_host_close. */
int xlpt_host_open(struct xlpt_host *h, const char *root);
void xlpt_host_close(struct xlpt_host *h);

/*
 * EMFILE, ENFILE or ENOMEM once something below a root could not be opened for want of it: what
 * was taken for absent since then may be there, so nothing more is decided on it. 0 = never.
 */
extern int xlpt_host_starved;

/* enter and leave for a scope. */
struct xlpt_host_inside {
	struct xlpt_host *h; /* NULL: not inside */
};
struct xlpt_host_inside xlpt_host_enter(struct xlpt_host *h, const char *path);
void xlpt_host_leave(struct xlpt_host_inside *inside);
#define _cleanup_inside_ __attribute__((unused)) XLPT_CLEANUP(xlpt_host_leave)

/* The operations on a real directory tree; fakes may fall back to single ones. */
extern const struct xlpt_host_ops xlpt_host_real_ops;

/* Conveniences over the table; the path is printf-formatted. */

/* Whole small text file, at most 64 KiB, last newline removed. Caller frees *out. */
int xlpt_host_read_text(struct xlpt_host *h, char **out, const char *fmt, ...) XLPT_PRINTF(3, 4);
/* A number in C notation ("0x8086", "12", "-1") with optional blanks and newline. */
int xlpt_host_read_long(struct xlpt_host *h, long long *out, const char *fmt, ...)
	XLPT_PRINTF(3, 4);
/* Last component of a link's text ("e1000e" of .../drivers/e1000e). Caller frees *out. */
int xlpt_host_link_name(struct xlpt_host *h, char **out, const char *fmt, ...) XLPT_PRINTF(3, 4);
/* Which boot of the machine this is, from the kernel; false leaves "" there. */
#define XLPT_BOOT_ID_LEN 36
bool xlpt_host_boot_id(struct xlpt_host *h, char id[XLPT_BOOT_ID_LEN + 1]);
int xlpt_host_write_text(struct xlpt_host *h, const char *text, const char *fmt, ...)
	XLPT_PRINTF(3, 4);
bool xlpt_host_has(struct xlpt_host *h, const char *fmt, ...) XLPT_PRINTF(2, 3);
int xlpt_host_list(struct xlpt_host *h, char ***names, const char *fmt, ...) XLPT_PRINTF(3, 4);
/* mkdir -p. */
int xlpt_host_mkdirs(struct xlpt_host *h, const char *path, mode_t mode);

#endif
