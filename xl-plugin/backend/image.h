/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A saved guest on disk, as xl save writes it, and the record of its devices
 * beside it. Both are input that anybody may have written: nothing in them is
 * believed before it is checked, and an image that ends too early is refused
 * before anything is touched.
 *
 * xl's part (tools/xl/xl.h, save_file_header): 32 bytes of magic, then 32-bit
 * words in the host's byte order: 0x01020304, mandatory flags, optional flags,
 * length of the optional data. That is a 32-bit length and the configuration,
 * JSON since Xen 4.5, then what a later xl may add. What follows is libxl's stream
 * (docs/specs/libxl-migration-stream.pandoc) with libxc's inside.
 */
#ifndef XLPT_IMAGE_H
#define XLPT_IMAGE_H

#include <sys/types.h>

#include "core/guest.h"
#include "core/host.h"

#define XLPT_IMAGE_CONFIG_MAX (16u << 20)

struct xlpt_image {
	int fd;
	char *path;
	off_t size, body;	      /* of the file; where the guest's memory begins */
	char *head;		      /* everything before body, as it is */
	size_t config_at, config_len; /* the configuration's place in head, final NUL included */
	struct xlpt_guest guest;      /* name, uuid, type; the domid means nothing */
	struct xlpt_spec *specs;      /* the devices it names */
	size_t n, alloc;
};

void xlpt_image_dispose(struct xlpt_image *image);
#define _cleanup_image_ XLPT_CLEANUP(xlpt_image_dispose)

/*
 * Opens path below h (NULL: as the process sees it), checks header and configuration, and walks the
 * stream to its end.
 * XLPT_ERR_SYNTAX for what is not an image or is malformed, XLPT_ERR_DATA for
 * one that is not complete.
 */
int xlpt_image_open(struct xlpt_image *image, struct xlpt_host *h, const char *path,
		    struct xlpt_diag *diag);

/* What stands before body, with a configuration that names no device. Caller frees. */
char *xlpt_image_head_without_devices(const struct xlpt_image *image, size_t *len);

/* ---- the record beside it ---- */

struct xlpt_image_record {
	bool present;
	struct xlpt_spec *specs;
	size_t n, alloc;
};

void xlpt_image_record_dispose(struct xlpt_image_record *record);
#define _cleanup_image_record_ XLPT_CLEANUP(xlpt_image_record_dispose)

char *xlpt_image_record_path(const char *image); /* FILE.xlpt; caller frees */

/* Writes the devices to attach after a restore, or removes an old record when there are none. */
int xlpt_image_record_write(const char *path, const struct xlpt_guest *guest, off_t image_size,
			    const struct xlpt_spec *const *specs, size_t n, struct xlpt_diag *diag);
/* XLPT_ERR_CONFLICT when something of another kind has the name of the record. */
int xlpt_image_record_check(const char *image, struct xlpt_diag *diag);
/* The record that belongs to this image; XLPT_ERR_CONFLICT when it belongs to another. */
int xlpt_image_record_read(const struct xlpt_image *image, struct xlpt_image_record *out,
			   struct xlpt_diag *diag);

#endif
