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

#include "core/device.h"
#include "xl-plugin/backend/toolstack.h"

/* Asks ts everything. devices: for whom the hypervisor is asked. Caller frees. */
int xlpt_toolstack_dump(struct xlpt_toolstack *ts, const struct xlpt_devices *devices, char **text,
			struct xlpt_diag *diag);

/* text is not trusted: XLPT_ERR_DATA names the line. cmdline and messages may be NULL; copied. */
int xlpt_toolstack_open_text(struct xlpt_toolstack *ts, const char *text, const char *cmdline,
			     const char *messages, struct xlpt_diag *diag);

#endif
