/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a captured tree says of its guests and its hypervisor, as a toolstack that
 * answers questions and changes nothing. The text is lines of words:
 *
 *	xlpt-capture 1
 *	version 4.20.2
 *	iommu 1 1			(for PV, for HVM)
 *	guest 3 UUID pv on off 0 0 0 web1	(passthrough, e820_host; paused,
 *						 dying 1, stopped for a save 2, shut down 3; stubdom)
 *	config 3 0000:02:00.0,permissive=1	(in guest 3's stored configuration)
 *	assigned 0000:02:00.0 1		(what the hypervisor said of it)
 *	groups				(it was asked for requester ids, and said nothing but)
 *	group 3 0000:02:00.0 0000:02:00.1	(one of what it cannot tell apart, of guest 3's)
 */
#ifndef XLPT_TOOLSTACK_FILE_H
#define XLPT_TOOLSTACK_FILE_H

#include "core/clock.h"
#include "core/device.h"
#include "core/host.h"
#include "xenstore/store.h"
#include "xl-plugin/backend/toolstack.h"

/* Below a captured tree's root: what is not a file on the host. */
#define XLPT_CAPTURE_DIR       "/xlpt-capture"
#define XLPT_CAPTURE_STORE     XLPT_CAPTURE_DIR "/xenstore"
#define XLPT_CAPTURE_TOOLSTACK XLPT_CAPTURE_DIR "/toolstack"
#define XLPT_CAPTURE_CMDLINE   XLPT_CAPTURE_DIR "/xen-cmdline"
#define XLPT_CAPTURE_MESSAGES  XLPT_CAPTURE_DIR "/xl-dmesg"

/*
 * Opens the xenstore and the toolstack that a tree was captured with: 1. A tree of files alone:
 * 0, and neither is opened. XLPT_ERR_DATA for a malformed one; what was opened of it stays so.
 */
int xlpt_captured_open(struct xlpt_host *tree, struct xlpt_clock *clock, struct xlpt_store *store,
		       struct xlpt_toolstack *ts, struct xlpt_diag *diag);

/* Asks ts everything. devices: for whom the hypervisor is asked. Caller frees. */
int xlpt_toolstack_dump(struct xlpt_toolstack *ts, const struct xlpt_devices *devices, char **text,
			struct xlpt_diag *diag);

/* text is not trusted: XLPT_ERR_DATA names the line. cmdline and messages may be NULL; copied. */
int xlpt_toolstack_open_text(struct xlpt_toolstack *ts, const char *text, const char *cmdline,
			     const char *messages, struct xlpt_diag *diag);

#endif
