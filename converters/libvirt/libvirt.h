/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML: domains, lists of devices, single devices, and networks that are pools of VFs.
 *
 * Input is bounded (8 MiB, 64 levels, 100000 elements), never touches the network or another file,
 * and may declare no entities. Every error is XLPT_ERR_SYNTAX with file:line:column.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_H
#define XLPT_CONVERTERS_LIBVIRT_H

#include "converters/model/loss.h"
#include "converters/model/model.h"

/*
 * Fills *out (initialised here, empty on error). The input is a <domain>, a <devices> list or one
 * device; file is for messages and may be NULL. kept receives what an earlier conversion left in
 * <metadata> or comments; it is not applied here. losses and kept may be NULL.
 */
int xlpt_libvirt_read(const char *buf, size_t len, const char *file, struct xlpt_dom *out,
		      struct xlpt_kepts *kept, struct xlpt_losses *losses, struct xlpt_diag *diag);

/* True for text that begins as XML does. */
bool xlpt_libvirt_is_xml(const char *buf, size_t len);

/*
 * Appends a domain; or with XLPT_WRITE_DEVICES_ONLY, or when the model was read from devices only,
 * the PCI devices alone (all devices in the latter case): one element, or several in <devices>.
 * kept goes into <metadata>, in xlpt's own name space, which libvirt stores untouched; in a list of
 * devices, which has no <metadata>, into comments. What libvirt itself said before and the model
 * has no word for is put back where it stood. A value that libvirt's schema does not allow is not
 * written: reading the text back shows that it is missing. losses may be NULL.
 */
int xlpt_libvirt_write(const struct xlpt_dom *dom, const struct xlpt_kepts *kept, unsigned flags,
		       struct xlpt_str *out, struct xlpt_losses *losses, struct xlpt_diag *diag);

/* <network> with <forward mode='hostdev'>; another one is an error that says so. */
int xlpt_libvirt_network_read(const char *buf, size_t len, const char *file,
			      struct xlpt_netpool *out, struct xlpt_diag *diag);
int xlpt_libvirt_network_write(const struct xlpt_netpool *pool, struct xlpt_str *out,
			       struct xlpt_diag *diag);

/*
 * <interface type='network'> says nothing of what its network is. Given the network, turns those
 * interfaces into PCI devices from the pool. Returns how many.
 */
size_t xlpt_libvirt_resolve_pool(struct xlpt_dom *dom, const struct xlpt_netpool *pool);

/*
 * The address in any spelling that people around libvirt use: pci_0000_09_00_0, 0000:09:00.0,
 * 9:0.0, and virt-install's --host-device=… and --hostdev …, with or without the option's name and
 * with further ,key=value behind. USB spellings are an error that says so.
 */
int xlpt_libvirt_address_parse(const char *text, struct xlpt_bdf *out, struct xlpt_diag *diag);

/* An element of <hyperv> ("stimer") for which xl has a group of viridian=. */
bool xlpt_libvirt_is_viridian(const char *word);

/*
 * Disks of a guest of another hypervisor on buses that Xen's QEMU emulates without need (SATA, SCSI,
 * USB) become Xen's own: sdb is xvdb.
 */
void xlpt_libvirt_pv_disks(struct xlpt_dom *dom);
/* The disks get the names that reading them from libvirt's XML would give them. */
void xlpt_libvirt_own_disks(struct xlpt_dom *dom);

#endif
