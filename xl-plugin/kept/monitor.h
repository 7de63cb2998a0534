/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that xl create leaves behind for a guest: it destroys the domain when the guest
 * ends, and makes it anew when the configuration says so. It can only be known by its log: xl
 * opens /var/log/xen/xl-NAME.log as its standard output (tools/xl/xl_utils.c, do_daemonize). An
 * older log is renamed to xl-NAME.log.N, also while it is open (libxl_create_logfile).
 */
#ifndef XLPT_KEPT_MONITOR_H
#define XLPT_KEPT_MONITOR_H

#include "core/host.h"

struct xlpt_monitor {
	long long pid; /* 0 = not known */
	/* when it began, in the kernel's clock ticks since boot: a pid may be used again */
	uint64_t start;
};

/*
 * The youngest xl that writes the log of a guest that was created under this name. All zero when
 * there is none: xl create -F and -e, libvirt and other toolstacks leave none.
 */
struct xlpt_monitor xlpt_monitor_find(struct xlpt_host *h, const char *name);
/* The process with this pid; all zero when it is not an xl. */
struct xlpt_monitor xlpt_monitor_of(struct xlpt_host *h, long long pid);
/* The same process still runs. */
bool xlpt_monitor_lives(struct xlpt_host *h, const struct xlpt_monitor *m);

#endif
