/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the fake toolstack share. */
#ifndef XLPT_TESTS_FAKE_TOOLSTACK_INTERNAL_H
#define XLPT_TESTS_FAKE_TOOLSTACK_INTERNAL_H

#include "tests/fake/toolstack.h"

enum { FAKE_OWNER_DOM0 = -1, FAKE_OWNER_IO = -2 };

struct fake_claim {
	struct xlpt_bdf bdf;
	int64_t owner;
	bool in_dm;
	uint32_t dm_domid;
	unsigned dm_devfn; /* where QEMU has put it: slot << 3 | function */
	bool stripped;	   /* libxl took it from stripped_from, whose domain is there still */
	uint32_t stripped_from;
	bool stuck; /* of a line that QEMU could not unbind: Xen maps it no more to stuck_in */
	uint32_t stuck_in;
	bool shares_reserved; /* Xen gives it away only when told to be relaxed */
	bool granted;	      /* ports, memory and interrupt */
	uint32_t granted_to;
	/* of it, as it was granted: the memory BARs' addresses; an end of 0 = taken back */
	uint64_t memory[7][2];
};

struct fake_guest {
	struct xlpt_guest g;
	bool deaf;
	bool igd; /* its QEMU runs with igd-passthru=on */
	xlpt_nodes nodes;
	struct fake_pcifront *front;
	struct fake_pcifront *own; /* of a guest that guest_create made */
	uint32_t monitor;	   /* number of xl's process for it, 0 = none */
};

/* A guest between two domains. */
struct fake_gap {
	uint32_t domid, now; /* of the old one, and of the one that is being made */
	char *name, uuid[37];
	enum xlpt_guest_type type;
	unsigned again;
	uint32_t monitor;
	struct xlpt_bdf *bdfs;
	size_t n;
};

/* A device in a guest's stored configuration. */
struct fake_configured {
	uint32_t domid;
	bool alone; /* stays although xenstore does not list it */
	struct xlpt_spec spec;
};

struct fake_ts {
	struct xlpt_toolstack ts;
	struct xlpt_toolstack_ops ops;
	struct xlpt_host *host;
	bool keeps_memory;
	const char *dm_lines;
	int64_t dm_lines_ms;
	char *dm_log; /* path of the log they go to */
	struct fake_move *move;
	bool no_pv_live;
	struct fake_configured *configured;
	size_t n_configured, alloc_configured;
	struct fake_store *store;
	struct fake_pciback *pciback;
	struct fake_guest *guests;
	size_t n_guests, alloc_guests;
	struct fake_claim *claims;
	size_t n_claims, alloc_claims;
	bool no_iommu;
	bool no_owners; /* Xen does not say whose the devices are */
	const char *cmdline;
	const char *messages; /* of Xen, or NULL */
	struct fake_bus *bus; /* where xl's processes are seen, or NULL */
	struct fake_gap *gaps;
	size_t n_gaps, alloc_gaps;
	struct fake_pcifront_opts boot; /* of the frontends of guests to come */
	uint32_t next_domid;
	void (*on_call)(void *arg);
	void *on_call_arg;
	unsigned fail_in[FAKE_TS_N_OPS];
	enum fake_ts_depth depth;
};

static inline struct fake_ts *fake_ts_of(struct xlpt_toolstack *ts)
{
	return ts->priv;
}

/* toolstack-restart.c */
uint32_t fake_monitor_begins(struct fake_ts *f, uint32_t domid, const char *name);
void fake_monitor_ends(struct fake_ts *f, uint32_t pid);
void fake_gaps_free(struct fake_ts *f);

/* toolstack.c */
void fake_ts_forget(struct fake_ts *f, uint32_t domid);
struct fake_claim *fake_ts_claim_of(struct fake_ts *f, struct xlpt_bdf bdf);
struct fake_guest *fake_ts_guest_of(struct fake_ts *f, uint32_t domid);
bool fake_ts_failing(struct fake_ts *f, enum fake_ts_op op);
int fake_ts_failed(struct xlpt_diag *diag, const char *what);
int fake_ts_refused(struct xlpt_diag *diag, const char *what, const char *log);

/* toolstack-guest.c */
int fake_ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			struct xlpt_diag *diag);
int fake_ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
		       struct xlpt_diag *diag);
void fake_ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *guest);
int fake_ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
		       struct xlpt_diag *diag);
int fake_ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			     size_t *n, struct xlpt_diag *diag);
void fake_ts_xen_text(struct xlpt_toolstack *ts, char **cmdline, char **messages);
int fake_ts_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag);
void fake_ts_note_config(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec,
			 bool alone);
void fake_ts_forget_config(struct fake_ts *f, uint32_t domid, const struct xlpt_bdf *bdf);
bool fake_ts_noted(struct fake_ts *f, struct xlpt_bdf bdf);
void fake_ts_set_note(struct fake_ts *f, struct xlpt_bdf bdf, const char *domid);
int fake_ts_guest_create(struct xlpt_toolstack *ts, const char *config, size_t len,
			 struct xlpt_diag *diag);
int fake_ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
int fake_ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
		      struct xlpt_diag *diag);
int fake_ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			struct xlpt_diag *diag);

/* toolstack-device.c */
void fake_ts_grant(struct fake_ts *f, struct fake_claim *c, uint32_t domid);
void fake_ts_permissive(struct fake_ts *f, const struct xlpt_spec *spec);
/* Its interrupt line is none that Xen knows (libxl_pci.c before 4.21, pci_add_dm_done). */
bool fake_ts_no_line(struct fake_ts *f, struct xlpt_bdf bdf);
/* The device model takes a function: NULL, or what it says against it (caller frees). */
char *fake_ts_dm_add(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec);
void fake_ts_note_place(struct fake_ts *f, uint32_t domid, struct xlpt_bdf bdf);
int fake_ts_device_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		       struct xlpt_diag *diag);
int fake_ts_device_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			  bool force, struct xlpt_diag *diag);
int fake_ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			 struct xlpt_diag *diag);
int fake_ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			struct xlpt_diag *diag);
int fake_ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
		       struct xlpt_diag *diag);
int fake_ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		   const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag);
int fake_ts_memory_access(struct xlpt_toolstack *ts, uint32_t domid, uint64_t start, uint64_t end);
int fake_ts_dm_has(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		   struct xlpt_diag *diag);
int fake_ts_dm_del(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		   struct xlpt_diag *diag);
bool fake_ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port);

#endif
