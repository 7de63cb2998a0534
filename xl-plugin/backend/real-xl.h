/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of struct xlpt_toolstack_ops that run xl; their contracts are there. */
#ifndef XLPT_TOOLSTACK_XL_H
#define XLPT_TOOLSTACK_XL_H

#include "xl-plugin/backend/toolstack.h"

int xlpt_xl_save(struct xlpt_toolstack *ts, uint32_t domid, const char *path, const int keep[2],
		 struct xlpt_diag *diag);
int xlpt_xl_restore(struct xlpt_toolstack *ts, const struct xlpt_image *image, bool paused,
		    struct xlpt_diag *diag);
int xlpt_xl_migrate(struct xlpt_toolstack *ts, uint32_t domid, const char *transport,
		    const char *host, const int keep[2], struct xlpt_diag *diag);
int xlpt_xl_remote(struct xlpt_toolstack *ts, const char *transport, const char *host,
		   const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		   int *status, char **out, struct xlpt_diag *diag);

#endif
