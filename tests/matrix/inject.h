/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program and does one thing to it at its nth system call of a kind. The kernel asks
 * us about each such call (seccomp's user notification, Linux 5.19), also those of the
 * programs that it starts: no library has to be in between, and nothing is missed.
 */
#ifndef XLPT_TESTS_MATRIX_INJECT_H
#define XLPT_TESTS_MATRIX_INJECT_H

#include <stdbool.h>

enum inject {
	INJECT_NOTHING,
	INJECT_KILL, /* SIGKILL in the place of a call that changes something */
	INJECT_INT,  /* SIGINT during one */
	INJECT_TERM,
	INJECT_HUP,
	INJECT_ENOSPC, /* one that needs room fails */
	INJECT_EFBIG,  /* a write over the limit for files: SIGXFSZ, and it fails */
	INJECT_EIO,    /* any that changes something fails */
	INJECT_EMFILE, /* one that makes a descriptor fails */
	INJECT_CLOSED, /* not at a call: standard output is closed from the beginning */
	INJECT_FULL,   /* ... or a disk that is full */
	N_INJECTS
};

struct outcome {
	int status;    /* exit status, 128 and the signal, -1 = it did not end */
	bool met;      /* there was an nth call */
	char call[64]; /* its name, and of an opened file the path's end */
	char *out, *err;
};

const char *inject_name(enum inject kind);
/* In a chroot. Calls count from main on. 0, or -1 when this kernel cannot do it. */
int inject_run(const char *root, char *const argv[], enum inject kind, unsigned nth,
	       struct outcome *o);
void inject_dispose(struct outcome *o);

#endif
