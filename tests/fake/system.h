/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host has beside its devices: the fake host of tests/fake/world.h gets the files of an
 * installed system, or those that doctor finds nothing wrong with. And all of its files as text.
 */
#ifndef XLPT_TESTS_FAKE_SYSTEM_H
#define XLPT_TESTS_FAKE_SYSTEM_H

#include "tests/fake/world.h"

#define SYSTEM_KERNEL "6.1.0-50-amd64"
#define SYSTEM_GUARD  "/usr/local/lib/xlpt/guard/xl"

/* A file with that mode. */
void world_file(struct world *w, const char *path, const char *text, unsigned mode);
/* A program that nobody starts. */
void world_program(struct world *w, const char *path);

/*
 * A kernel of that release with its modules, pciback among them, initramfs-tools, GRUB, systemd, xl
 * and the guard's program: all that boot, guard and apply write for.
 */
void world_system(struct world *w, const char *release);
/* Xen runs, and pciback is loaded. */
void world_sound(struct world *w);

/*
 * Adds every file and link below path with its mode and text, and the folders of systemd's drop-ins
 * (NAME.service.d, NAME.link.d), which mean something when they are empty.
 */
void world_files(struct world *w, struct xlpt_str *out, const char *path);
/* Whether an operation was cut short, or still runs. */
bool world_journals(struct world *w);

#endif
