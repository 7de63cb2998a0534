/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's daemon with its Xen driver, and virsh, on a fake host: it keeps its own list of a guest's
 * devices, does what libxl_driver.c and virhostdev.c of 11.3 do in their order, on the fake
 * toolstack, and notes it in the files that xlpt reads.
 *
 *	attach	a device that is listed is refused; managed: bound to pciback by driver_override;
 *		else it has to be there; an interface's VF gets its MAC address and its VLAN, no VLAN
 *		when the XML names none; libxl; then it is listed
 *	detach	a device that is not listed is refused; libxl; an error of libxl's leaves it listed;
 *		then the VF gets back what it had, and what is managed goes to its driver; one that
 *		was attached without <driver name='xen'/> is in use to it until it starts anew
 */
#ifndef XLPT_TESTS_FAKE_LIBVIRT_H
#define XLPT_TESTS_FAKE_LIBVIRT_H

#include "tests/fake/world.h"

struct fake_libvirt;

/* From now on virsh is there and its daemon answers. Free it before the world. */
struct fake_libvirt *fake_libvirt_new(struct world *w);
void fake_libvirt_free(struct fake_libvirt *l);
/* The guest is one that virsh start made. */
void fake_libvirt_made(struct fake_libvirt *l, uint32_t domid);
/* Its domain has ended: libvirt takes back what it has of it. */
void fake_libvirt_ended(struct fake_libvirt *l, uint32_t domid);

enum fake_libvirt_state {
	FAKE_LIBVIRT_RUNS,
	FAKE_LIBVIRT_STOPPED, /* virsh cannot connect */
	FAKE_LIBVIRT_HANGS,
	FAKE_LIBVIRT_NO_VIRSH,
};
void fake_libvirt_state(struct fake_libvirt *l, enum fake_libvirt_state state);
/* In how many commands for virsh from now (1 = the next) it ends; 0: never. */
void fake_libvirt_dies_in(struct fake_libvirt *l, unsigned n);
/* It can reset bdf only with its bus, and the neighbour there is in use as far as it knows; NULL: neither. [lab] */
void fake_libvirt_neighbour(struct fake_libvirt *l, const char *bdf, const char *neighbour);
/* It forgets its domains, as one that was installed anew. */
void fake_libvirt_forgets(struct fake_libvirt *l);

/* What a person types: virsh VERB DOMAIN FILE, where FILE has this. Its exit status. */
int fake_virsh(struct fake_libvirt *l, const char *verb, uint32_t domid, const char *xml);

/* A line for each device that it lists: "3 0000:01:10.0 52:54:00:6d:90:02 vlan 42". Caller frees. */
char *fake_libvirt_list(struct fake_libvirt *l);

#endif
