/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the toolstack on a real host share: toolstack-libxl.c opens it and deals with
 * devices, toolstack-guest.c asks libxl about guests, toolstack-xc.c asks the hypervisor itself.
 * The operations are described in toolstack.h.
 */
#ifndef XLPT_TOOLSTACK_LIBXL_H
#define XLPT_TOOLSTACK_LIBXL_H

#include <libxl.h>
#include <libxl_utils.h>
#include <xenctrl.h>
#include <xentoollog.h>

#include "xenstore/store.h"
#include "xl-plugin/backend/toolstack.h"

/* Lines of libxl's log from warnings on, since the call began. */
struct xlpt_ts_log {
	xentoollog_logger vtable; /* first: libxl hands this pointer back */
	struct xlpt_str lines;
	int verbose;
	FILE *err;
};

struct xlpt_ts {
	libxl_ctx *ctx;
	xc_interface *xch;
	struct xlpt_store *store; /* the command's; see libxl-list.c */
	struct xlpt_ts_log log;
};

static inline struct xlpt_ts *xlpt_ts_priv(struct xlpt_toolstack *ts)
{
	return ts->priv;
}

/* Before each call of libxl: forgets the lines of the one before. */
libxl_ctx *xlpt_ts_start(struct xlpt_toolstack *ts);

/* An error of libxl: our sentence, its code, its lines. Returns code. */
int xlpt_ts_failed(struct xlpt_toolstack *ts, int xrc, enum xlpt_err code, struct xlpt_diag *diag,
		   const char *fmt, ...) XLPT_PRINTF(5, 6);

/* What libxl is asked for: spec names one function. Initialises *pci. */
void xlpt_ts_fill_pci(libxl_device_pci *pci, const struct xlpt_spec *spec);

/* libxl-list.c: CONFLICT when libxl would crash over what the guest's PCI backend counts. */
int xlpt_ts_can_list(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
/* What libxl has of a guest, also then; into an initialised config. Returns libxl's code. */
int xlpt_ts_config(struct xlpt_toolstack *ts, uint32_t domid, libxl_domain_config *config);

/* toolstack-guest.c */
void xlpt_ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *out);
int xlpt_ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			struct xlpt_diag *diag);
int xlpt_ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
		       struct xlpt_diag *diag);
int xlpt_ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
		       struct xlpt_diag *diag);
int xlpt_ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			     size_t *n, struct xlpt_diag *diag);
int xlpt_ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
int xlpt_ts_guest_pause(struct xlpt_toolstack *ts, uint32_t domid, bool pause,
			struct xlpt_diag *diag);
int xlpt_ts_guest_resume(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
int xlpt_ts_guest_rename(struct xlpt_toolstack *ts, uint32_t domid, const char *name,
			 struct xlpt_diag *diag);
int xlpt_ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
		      struct xlpt_diag *diag);
int xlpt_ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			struct xlpt_diag *diag);

/* toolstack-xc.c */
int xlpt_ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			 struct xlpt_diag *diag);
int xlpt_ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			struct xlpt_diag *diag);
int xlpt_ts_device_group(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			 struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag);
int xlpt_ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
		       struct xlpt_diag *diag);
int xlpt_ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		   const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag);
int xlpt_ts_memory_access(struct xlpt_toolstack *ts, uint32_t domid, uint64_t start, uint64_t end);
bool xlpt_ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port);

#endif
