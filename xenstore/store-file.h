/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A part of xenstore as text: what xlpt capture takes along, and a store that is
 * read from it. One node a line, "PATH VALUE"; bytes of the value that are not
 * printable, and backslashes, are written as \xHH. A path has no blanks.
 */
#ifndef XLPT_XENSTORE_STORE_FILE_H
#define XLPT_XENSTORE_STORE_FILE_H

#include "xenstore/store.h"

/*
 * What concerns PCI devices, and nothing else: the PCI backends and frontends
 * with their error nodes, libxl's notes on PCI devices, names of domains. Not
 * taken, though it lies beside them: consoles, VNC passwords, everything of the
 * guests' own.
 */
int xlpt_store_dump_pci(struct xlpt_store *s, char **text, struct xlpt_diag *diag);

/*
 * A store that only reads. text is not trusted: XLPT_ERR_DATA names the line.
 * Writes fail with -EROFS, transactions are nothing, nothing ever changes.
 */
int xlpt_store_open_text(struct xlpt_store *s, struct xlpt_clock *clock, const char *text,
			 struct xlpt_diag *diag);

#endif
