/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that xl create leaves behind for a guest, which destroys it when it ends and makes
 * it anew when its configuration says so. It has no other name than its log: xl opens
 * /var/log/xen/xl-NAME.log as its standard output (tools/xl/xl_utils.c, do_daemonize), and an
 * older log is renamed to xl-NAME.log.N, also while it is open (libxl_create_logfile).
 */
#ifndef XLPT_KEPT_MONITOR_H
#define XLPT_KEPT_MONITOR_H

#include "core/host.h"

struct xlpt_monitor {
	long long pid;	/* 0 = not known */
	uint64_t start; /* in the kernel's ticks since boot: a number may come again */
};

/*
 * The youngest xl that writes the log of a guest created under that name; all zero when there is
 * none: xl create -F and -e, libvirt and other toolstacks have none.
 */
struct xlpt_monitor xlpt_monitor_find(struct xlpt_host *h, const char *name);
/* That very process; all zero when it is no xl. */
struct xlpt_monitor xlpt_monitor_of(struct xlpt_host *h, long long pid);
bool xlpt_monitor_lives(struct xlpt_host *h, const struct xlpt_monitor *m);

#endif
