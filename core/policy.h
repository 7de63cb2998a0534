/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules, as pure functions over facts: no reading, no writing, no waiting.
 * Each refusal names the fact and the line that mends it.
 */
#ifndef XLPT_CORE_POLICY_H
#define XLPT_CORE_POLICY_H

#include "core/device.h"
#include "core/findings.h"
#include "core/guest.h"

/* vpci gives a PV guest one bus with 32 slots (drivers/xen/xen-pciback/vpci.c). */
#define XLPT_PV_SLOTS 32

/* Where one function is, joined from sysfs, xenstore and the hypervisor. */
struct xlpt_place {
	bool on_pciback;
	bool has_owner; /* a guest's backend names it */
	uint32_t owner_domid;
	char *owner_name;	/* NULL: the domain is gone, only its backend is left */
	char *owner_through;	/* its stub domain's name, when that has the backend, or NULL */
	uint32_t owner_backend; /* whose backend names it */
	bool owner_dying; /* ... or on its way out; with shut_down nobody has destroyed it yet */
	bool owner_shut_down;
	bool hyp_known;	     /* the hypervisor was asked */
	bool hyp_assigned;   /* ... and has it with a guest */
	int64_t noted_domid; /* libxl's own note, -1 = none */
	const char *needed;  /* why this host needs it (pciback/needs), or NULL; not owned */
	char *vfs_line;	     /* of a PF with VFs in use: what removes them, or NULL */
};

/* What there is to know before a guest is given a function. */
struct xlpt_attach_facts {
	const struct xlpt_guest *guest;
	const struct xlpt_device *device;
	const struct xlpt_place *place;
	bool iommu;		/* for this type of guest */
	size_t guest_devices;	/* held already, or before it in the same command */
	int be_state, fe_state; /* xenbus states of the guest's backend, -1 = none yet */
	bool be_consistent;
	bool be_bad_dev;	      /* a dev-N is no address: the reason why it is not */
	bool be_leaving;	      /* a device of it is half-way out (state-N 5) */
	bool slot_asked;	      /* the caller names the guest's slot */
	bool rdm_relaxed;	      /* ... or Xen to be relaxed about its reserved memory */
	bool rdm_around;	      /* libvirt manages the guest, and it cannot be told that */
	const char *rdm_shared;	      /* who else firmware has reserved that memory for, or NULL */
	uint64_t rdm_base, rdm_limit; /* then: where it is, both included */
	const struct xlpt_bdf *divides; /* the sets of the devices would be refused at this one of
					   them (xlpt_policy_split), or NULL */
	bool by_libvirt;		/* libvirt has the guest's configuration */
	bool to_create;			/* the guest is still to be created, with its devices */
	struct xlpt_findings *findings; /* all that the rules find, or NULL: the first refusal */
	/* what the caller allows */
	bool hide;		/* take it from its dom0 driver */
	bool force_host_device; /* even if the host needs it */
	bool without_e820;
};

/* NO_GUEST for one that is on its way out, has ended and is still there, or is stopped for a save. */
int xlpt_policy_runs(const struct xlpt_guest *guest, struct xlpt_diag *diag);
/*
 * The hint for a guest on its way out, which may start again or not. else_run: what to run when
 * its domain does not end, or NULL.
 */
void xlpt_policy_ends_hint(const struct xlpt_guest *guest, const char *else_run,
			   struct xlpt_diag *diag);

/* The guest's part of it: what it is, what it was made with, and whether its backend is ready. */
int xlpt_policy_guest(const struct xlpt_attach_facts *f, struct xlpt_diag *diag);
int xlpt_policy_attach(const struct xlpt_attach_facts *f, struct xlpt_diag *diag);

/* What has the guest made with passthrough the next time; by_libvirt: in libvirt's words. Caller frees. */
char *xlpt_policy_passthrough_way(const struct xlpt_guest *guest, bool by_libvirt);

/* Another function of the isolation set that a function is in. */
struct xlpt_set_mate {
	const struct xlpt_device *device;
	const struct xlpt_place *place;
	const char *why; /* the edge that makes it one (pciback/isolate) */
};

/* Dom0 drives it, or a guest has it; what is hidden, or has no driver, harms nobody. */
bool xlpt_mate_used(const struct xlpt_set_mate *mate);
/* A guest has it. */
bool xlpt_mate_of_guest(const struct xlpt_set_mate *mate);
/* dom0 could do without it. */
bool xlpt_mate_can_go(const struct xlpt_set_mate *mate);

/*
 * "dom0 uses A and B, and C is with web1": who but the guest uses them, or NULL when nobody does.
 * Caller frees.
 */
char *xlpt_mates_users(const struct xlpt_set_mate *mates, size_t n, const struct xlpt_guest *guest);

/*
 * Giving dev to a guest while these stay where they are: XLPT_ERR_RULE when one is
 * with another guest or in use by dom0, because the IOMMU cannot keep them apart.
 * One refusal names all that are in use, and which of them dom0 can lose.
 */
int xlpt_policy_split(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		      const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag);

/*
 * The way back: giving dev to dom0 while some of these are with a guest, which
 * could then reach what dom0's driver does with dev. XLPT_ERR_RULE.
 */
int xlpt_policy_rejoin(const struct xlpt_device *dev, const struct xlpt_set_mate *mates, size_t n,
		       struct xlpt_diag *diag);

/*
 * What it means that the set of dev is divided with consent: one sentence, or NULL
 * when nobody else of the set is in use. guest NULL: dev goes to dom0. Caller frees.
 */
char *xlpt_policy_divided(const struct xlpt_device *dev, const struct xlpt_guest *guest,
			  const struct xlpt_set_mate *mates, size_t n);

/*
 * Taking dev, which carries a PCI domain of its own (Intel VMD), from its driver:
 * XLPT_ERR_RULE while one of these, which are behind it, is in use. They go with
 * the driver, so no consent helps.
 */
int xlpt_policy_carrier(const struct xlpt_device *dev, const struct xlpt_set_mate *behind, size_t n,
			struct xlpt_diag *diag);

/*
 * A reset of dev by the way called word, which would hit these too: XLPT_ERR_RULE
 * while one is in use, XLPT_ERR_HOST_NEEDS when dom0 cannot do without one of them.
 */
int xlpt_policy_reset_hits(const struct xlpt_device *dev, const char *word,
			   const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag);

/*
 * GUEST_TYPE for a device that a guest has through its stub domain: libxl looks for it in the
 * guest's own backend (libxl_pci.c, do_pci_remove), and takes it from nobody.
 */
int xlpt_policy_take_back(const struct xlpt_device *dev, const struct xlpt_place *place,
			  struct xlpt_diag *diag);

/* XLPT_ERR_RULE for a segment that Xen cannot address. carrier: of its domain, or NULL. */
int xlpt_policy_addressable(struct xlpt_bdf bdf, const struct xlpt_bdf *carrier,
			    struct xlpt_diag *diag);

/* NO_DEVICE for one whose configuration space reads as ones; the hint is what may bring it back. */
int xlpt_policy_answers(const struct xlpt_device *dev, struct xlpt_diag *diag);

/* Taking a function from its dom0 driver. */
int xlpt_policy_hide(const struct xlpt_device *dev, const struct xlpt_place *place,
		     bool force_host_device, struct xlpt_diag *diag);

/* Giving it back to dom0. */
int xlpt_policy_unhide(const struct xlpt_device *dev, const struct xlpt_place *place,
		       struct xlpt_diag *diag);

/*
 * A guest that holds devices may not leave its domain while it runs: neither be
 * "saved", "migrated", "suspended" (to disk) nor "checkpointed" (Remus); that
 * word is what. says: who names the devices, for the fact. libxl refuses none
 * of them, and the guest is gone before anything is noticed. XLPT_ERR_RULE.
 */
int xlpt_policy_leave(const struct xlpt_guest *guest, const struct xlpt_bdf *devices, size_t n,
		      const char *says, const char *what, struct xlpt_diag *diag);

/*
 * A PV guest whose kernel has enabled a device with an interrupt line keeps that
 * interrupt after a detach (xen_pcifront_enable_irq binds it, nothing unbinds
 * it), and Linux faults when it is resumed as a new domain: Xen does not let it
 * map the interrupt again, and restore_pirqs (drivers/xen/events/events_base.c)
 * then walks on from the entry it has freed. Virtual functions have no line.
 */
int xlpt_policy_resumes(const struct xlpt_guest *guest, const struct xlpt_device *dev,
			const char *what, struct xlpt_diag *diag);
/* Such a device: noted of each PV guest that gets one or gives one back. */
bool xlpt_policy_has_line(const struct xlpt_guest *guest, const struct xlpt_device *dev);
/* The same rule for the devices that are noted of the guest, whether it still has them or not. */
int xlpt_policy_had_line(const struct xlpt_guest *guest, const struct xlpt_bdf *devices, size_t n,
			 const char *what, struct xlpt_diag *diag);

#endif
