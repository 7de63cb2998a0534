/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xlpt asks of libxl and of the hypervisor, as a table, so that tests run
 * without Xen. libxl.h of this room alone includes the headers of libxl and libxenctrl.
 */
#ifndef XLPT_TOOLSTACK_H
#define XLPT_TOOLSTACK_H

#include "core/run.h"
#include "core/guest.h"
#include "core/pool.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/backend/virsh.h"
#include "xl-plugin/backend/xen-owners.h"

struct xlpt_store;
struct xlpt_toolstack;

struct xlpt_xen_caps {
	bool pv_iommu;	/* devices can be given to PV guests (virt_caps pv_directio) */
	bool hvm_iommu; /* the same for HVM guests (hvm_directio) */
	bool pv_live;	/* PV guests can be migrated live: Xen has shadow paging to log with */
	char version[32];
};

struct xlpt_toolstack_ops {
	/*
	 * By name or decimal domid; XLPT_ERR_NO_GUEST. These say what the hypervisor
	 * knows: a PVH guest is HVM to it; passthrough, e820_host and again are not known.
	 */
	int (*guest_find)(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
			  struct xlpt_diag *diag);
	int (*guest_by_id)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			   struct xlpt_diag *diag);
	/*
	 * Adds what only the guest's stored configuration says (type PVH, passthrough,
	 * e820_host, again): libxl asks all its devices for it, which takes its time.
	 */
	void (*guest_config)(struct xlpt_toolstack *ts, struct xlpt_guest *guest);
	/* Every domain but dom0; caller disposes of each and frees the array. */
	int (*guest_list)(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
			  struct xlpt_diag *diag);
	/*
	 * The devices in the guest's stored configuration, with their options; a
	 * guest without one has none. Caller disposes of each and frees the array.
	 */
	int (*guest_config_pci)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
				size_t *n, struct xlpt_diag *diag);
	/*
	 * xl create of a configuration's text: xl, unlike libxl, also starts the
	 * process that watches the guest and restarts it. 0 says that xl said so; the
	 * guest is then found by its name or UUID. An error may leave a domain.
	 */
	int (*guest_create)(struct xlpt_toolstack *ts, const char *config, size_t len,
			    struct xlpt_diag *diag);
	/* libxl_domain_destroy. */
	int (*guest_destroy)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
	int (*caps)(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag);

	/*
	 * The NUMA nodes the guest runs on: those of its vCPUs' affinity, narrowed to
	 * the nodes of its memory where the two meet. 0 when Xen has one node only.
	 */
	int (*guest_nodes)(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			   struct xlpt_diag *diag);
	/* Adds the nodes of the processors first to last; nothing on a host with one node. */
	int (*cpu_nodes)(struct xlpt_toolstack *ts, unsigned first, unsigned last,
			 xlpt_nodes *nodes, struct xlpt_diag *diag);

	/*
	 * libxl_device_pci_add. 0 says only that libxl has done its part: the
	 * guest may not have answered yet. spec names one function.
	 */
	int (*device_add)(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
			  struct xlpt_diag *diag);
	/* libxl_device_pci_remove, or _destroy with force. 0 proves nothing either. */
	int (*device_remove)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			     bool force, struct xlpt_diag *diag);

	/*
	 * Whether the hypervisor has the function assigned to a guest
	 * (XEN_DOMCTL_test_assign_device: neither dom0's nor DOM_IO's). Xen does not
	 * tell whose it is.
	 */
	int (*hyp_assigned)(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			    struct xlpt_diag *diag);
	/*
	 * Whether the guest was created with an IOMMU context, so that it can be
	 * given devices. The stored configuration only says what was written into
	 * it, and the default depends on what else was; Xen knows. bdf is any device.
	 */
	int (*guest_iommu)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			   struct xlpt_diag *diag);
	/*
	 * Quarantine: assign to DOM_IO while no guest has it, as xl
	 * pci-assignable-add does, or give it back to dom0. Already so is success.
	 */
	int (*quarantine)(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
			  struct xlpt_diag *diag);
	/*
	 * Takes the grants on ports, memory and interrupt back from a guest, and the
	 * IOMMU assignment if the device is that guest's: what an attach that was
	 * killed or failed half-way leaves, and what libxl has no call for. bars are
	 * n_bars times start, end and IORESOURCE_* flags; irq 0 leaves the line alone.
	 */
	int (*revoke)(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		      const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag);

	/*
	 * Whether the guest may map this machine memory (addresses, both included): 1 yes,
	 * 0 no, -1 Xen cannot be asked. May be NULL itself: -1. Xen has no question of
	 * that kind for ports and interrupts.
	 */
	int (*memory_access)(struct xlpt_toolstack *ts, uint32_t domid, uint64_t start,
			     uint64_t end);

	/* Whether the guest's device model holds the function; false without a device model. */
	int (*dm_has)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		      struct xlpt_diag *diag);
	/* Asks the device model to let go of a function that libxl no longer lists. */
	int (*dm_del)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		      struct xlpt_diag *diag);

	/*
	 * Whether an event channel of the guest is still open towards dom0. A PV
	 * frontend closes its channel in its remove path (drivers/pci/xen-pcifront.c,
	 * free_pdev), which makes this the one visible sign that the guest has let
	 * go of a backend that is gone from xenstore. Not answerable is false.
	 */
	bool (*port_open)(struct xlpt_toolstack *ts, uint32_t domid, unsigned port);

	/*
	 * Other functions of domain domid that Xen's IOMMU driver cannot tell from
	 * bdf (XEN_DOMCTL_get_device_group): those with its requester id. It knows
	 * nothing of ACS and lists none that another domain has. Caller frees *out.
	 * May be NULL itself.
	 */
	int (*device_group)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			    struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag);

	/*
	 * Xen's command line, and its messages as far as its ring still holds them
	 * (xl dmesg); NULL for what cannot be had. Caller frees. messages NULL: not wanted.
	 * May be NULL itself.
	 */
	void (*xen_text)(struct xlpt_toolstack *ts, char **cmdline, char **messages);

	/*
	 * To whom Xen has assigned each device. It answers into its log, where the lines
	 * stay; of a log that is too small for all of them the rest is not told. Caller frees
	 * *out. May be NULL itself.
	 */
	int (*device_owners)(struct xlpt_toolstack *ts, struct xlpt_xen_owner **out, size_t *n,
			     struct xlpt_diag *diag);

	/*
	 * Writes the guest to a file and leaves it there, paused: whoever asked looks
	 * at the file first and then decides which of the two remains. On failure the
	 * guest runs on. keep: descriptors (-1 = none) whose locks last until it is
	 * over even when xlpt is killed meanwhile.
	 */
	int (*guest_save)(struct xlpt_toolstack *ts, uint32_t domid, const char *path,
			  const int keep[2], struct xlpt_diag *diag);
	/* Makes a guest of an image, without the devices that it names; it runs, or is left paused. */
	int (*guest_restore)(struct xlpt_toolstack *ts, const struct xlpt_image *image, bool paused,
			     struct xlpt_diag *diag);
	/*
	 * Live migration by xl on both sides; transport is shell text before the
	 * host's name ("ssh"). On failure the guest mostly runs on here, but xl says
	 * itself that it need not: look.
	 */
	int (*guest_migrate)(struct xlpt_toolstack *ts, uint32_t domid, const char *transport,
			     const char *host, const int keep[2], struct xlpt_diag *diag);
	/*
	 * Runs a command on another host; *out is its output, whole, caller frees. With an
	 * image, that comes on its standard input, without the devices that it names. A
	 * signal ends it, and so does the time-out (0 = none).
	 */
	int (*remote)(struct xlpt_toolstack *ts, const char *transport, const char *host,
		      const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		      int *status, char **out, struct xlpt_diag *diag);
	int (*guest_pause)(struct xlpt_toolstack *ts, uint32_t domid, bool pause,
			   struct xlpt_diag *diag);
	/* Lets a guest go on that was suspended for a save or migration that then failed. */
	int (*guest_resume)(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag);
	int (*guest_rename)(struct xlpt_toolstack *ts, uint32_t domid, const char *name,
			    struct xlpt_diag *diag);

	/* libvirt (virsh.h). May be NULL itself: there is none to ask. */
	int (*virsh)(struct xlpt_toolstack *ts, const char *const *words, const char *input,
		     int64_t timeout_ms, struct xlpt_virsh *out, struct xlpt_diag *diag);

	void (*close)(struct xlpt_toolstack *ts);
};

struct xlpt_toolstack {
	const struct xlpt_toolstack_ops *ops;
	void *priv;
	struct xlpt_run_idle idle; /* while guest_save, guest_restore and guest_create run xl */
};

/* guest_create of the real toolstack (xl-create.c). */
int xlpt_xl_create(struct xlpt_toolstack *ts, const char *config, size_t len,
		   struct xlpt_diag *diag);

/*
 * Opens libxl and the hypervisor's control interface. The store is borrowed, and outlives ts: libxl is
 * not asked for a list that would end it (libxl-list.c). verbose > 0 shows libxl's log on err.
 */
int xlpt_toolstack_open(struct xlpt_toolstack *ts, struct xlpt_store *store, int verbose, FILE *err,
			struct xlpt_diag *diag);
void xlpt_toolstack_close(struct xlpt_toolstack *ts); /* also on an all-zero one */

/* The guest of that UUID (xlpt_guests_find): 1 and *out, 0 when there is none, or an error. */
int xlpt_guest_by_uuid(struct xlpt_toolstack *ts, const char *uuid, struct xlpt_guest *out,
		       struct xlpt_diag *diag);

#endif
