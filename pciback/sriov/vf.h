/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SR-IOV in sysfs (Documentation/ABI/testing/sysfs-bus-pci): a physical function
 * (PF) has sriov_totalvfs, sriov_numvfs and a link virtfnN to each of its
 * virtual functions (VFs), and a VF has a link physfn.
 */
#ifndef XLPT_PCIBACK_VF_H
#define XLPT_PCIBACK_VF_H

#include "core/bdf.h"
#include "core/host.h"
#include "pciback/device/physfn.h"

struct xlpt_pf {
	struct xlpt_bdf bdf;
	char *ifname;	      /* its first network interface, or NULL */
	char *driver;	      /* or NULL */
	int total, count;     /* sriov_totalvfs, sriov_numvfs */
	struct xlpt_bdf *vfs; /* by index: vfs[n] is virtfnN */
	size_t n, alloc;
};

void xlpt_pf_dispose(struct xlpt_pf *pf);
#define _cleanup_pf_ XLPT_CLEANUP(xlpt_pf_dispose)

/*
 * By the name of its interface or by address. Each has its own message: no such
 * interface, no such device, an interface without a PCI device behind it, a VF,
 * a device without SR-IOV.
 */
int xlpt_pf_find(struct xlpt_host *h, const char *name, struct xlpt_pf *out,
		 struct xlpt_diag *diag);
int xlpt_pf_read(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_pf *out,
		 struct xlpt_diag *diag);

/*
 * The address that VF n of the PF will have, before it is there, as the kernel computes it
 * (drivers/pci/iov.c, pci_iov_virtfn_bus). A device may have another offset when VFs are switched
 * on: whoever rests on it looks again then. False: sysfs does not tell.
 */
bool xlpt_pf_vf_address(struct xlpt_host *h, struct xlpt_bdf pf, unsigned n, struct xlpt_bdf *out);

/* The same in two parts, for many VFs of one PF: what sysfs says is read once. (coming.c) */
struct xlpt_vf_place {
	struct xlpt_bdf pf;
	long long offset, stride;
	int total; /* how many it can have; in xlpt_vf_places alone */
};
bool xlpt_vf_place_read(struct xlpt_host *h, struct xlpt_bdf pf, struct xlpt_vf_place *out);
bool xlpt_vf_place_at(const struct xlpt_vf_place *place, unsigned n, struct xlpt_bdf *out);
/* Which VF of the PF is there; false: none. */
bool xlpt_vf_place_index(const struct xlpt_vf_place *place, struct xlpt_bdf bdf, unsigned *n);

/* Those of all PFs of this host; read when they are asked for first. All zero in the beginning. */
struct xlpt_vf_places {
	struct xlpt_vf_place *items;
	size_t n, alloc;
	bool read;
};
void xlpt_vf_places_dispose(struct xlpt_vf_places *places);
#define _cleanup_vf_places_ XLPT_CLEANUP(xlpt_vf_places_dispose)

/*
 * No device is at this address, and a PF of this host has one there once it has enough VFs: what is
 * so, and what makes it. Caller frees both. False: no PF is known that would. Who asks for many
 * addresses gives the same places each time. (coming.c)
 */
bool xlpt_vf_absent(struct xlpt_host *h, struct xlpt_vf_places *places, struct xlpt_bdf bdf,
		    char **fact, char **way);
/* The same, if it is so, in the place of what a diagnosis of NO_DEVICE says. */
void xlpt_vf_absent_hint(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* The PF of a VF and the VF's index there. XLPT_ERR_NOT_FOUND when bdf is no VF. */
int xlpt_pf_of_vf(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_pf *out, unsigned *index,
		  struct xlpt_diag *diag);

/* Every PF of this host, in order of address. Caller disposes of each and frees *out. */
int xlpt_pf_all(struct xlpt_host *h, struct xlpt_pf **out, size_t *n, struct xlpt_diag *diag);

/*
 * Writes sriov_numvfs and looks whether it became so. The kernel wants 0 between
 * two counts (drivers/pci/pci-sysfs.c, sriov_numvfs_store: EBUSY). pf is as it
 * was read before.
 */
int xlpt_pf_set_count(struct xlpt_host *h, const struct xlpt_pf *pf, int count,
		      struct xlpt_diag *diag);

/* Changes nothing of the VFs that are there. */
int xlpt_pf_set_autoprobe(struct xlpt_host *h, struct xlpt_bdf pf, bool on, struct xlpt_diag *diag);

/* Whether the interface is administratively up (IFF_UP in its flags file). */
bool xlpt_net_is_up(struct xlpt_host *h, const char *ifname);
/* The first network interface of a function, or NULL. Caller frees. */
char *xlpt_net_of(struct xlpt_host *h, struct xlpt_bdf bdf);

#endif
