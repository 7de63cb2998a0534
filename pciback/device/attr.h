/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attributes of one function in sysfs; private to pciback/device/scan.c. Codes are negative errnos. */
#ifndef XLPT_PCIBACK_ATTR_H
#define XLPT_PCIBACK_ATTR_H

#include "core/device.h"
#include "core/host.h"

/* One function being read: the path is built once, an attribute's name is put behind it. */
struct xlpt_attrs {
	struct xlpt_host *h;
	char path[512];
	size_t len;
};

/* The attribute's path, until the next call. */
const char *xlpt_attr_path(struct xlpt_attrs *rd, const char *name);
/* A text attribute into buf, which is terminated and has no newline at the end. */
int xlpt_attr_text(struct xlpt_attrs *rd, const char *name, char *buf, size_t size);
/* Missing attributes are common (older kernels, other kinds of functions): NULL. */
char *xlpt_attr_dup(struct xlpt_attrs *rd, const char *name);
int xlpt_attr_int(struct xlpt_attrs *rd, const char *name, int fallback);
/* A field that identifies the function; what is not a number of its width is -EBADMSG. */
int xlpt_attr_id(struct xlpt_attrs *rd, const char *name, long long max, long long *out);
ssize_t xlpt_attr_link(struct xlpt_attrs *rd, const char *name, char *buf, size_t size);
char *xlpt_attr_link_name(struct xlpt_attrs *rd, const char *name);
/* The seven of the function's own; what cannot be read leaves them empty. */
void xlpt_attr_bars(struct xlpt_attrs *rd, struct xlpt_device *dev);

/* A hostile tree must not speak to the operator's terminal: control characters become '?'. */
char *xlpt_attr_tamed(char *s);
const char *xlpt_attr_last(const char *path); /* its last component */

/* What is known of a function that does not answer: its power, and a bridge above that does not either. */
void xlpt_attr_silent(struct xlpt_attrs *rd, struct xlpt_device *dev);

#endif
