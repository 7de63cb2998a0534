/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xl side of the converters: xl.cfg(5) to the model and back.
 *
 * libxlutil's parser decides what is a configuration; a scan of our own beside
 * it knows where things stand, which keys there are, and the comments.
 */
#ifndef XLPT_CONVERTERS_XL_H
#define XLPT_CONVERTERS_XL_H

#include "converters/model/loss.h"
#include "converters/model/model.h"
#include "core/policy-create.h"

#define XLPT_XL_MAX (1u << 20) /* bytes; the largest real ones have a few thousand */

/*
 * Fills *out (initialised here, empty on error). kept receives what an earlier
 * conversion left in the comment block; it is not applied here.
 */
int xlpt_xl_read(const char *text, size_t len, const char *file, struct xlpt_dom *out,
		 struct xlpt_kepts *kept, struct xlpt_losses *losses, struct xlpt_diag *diag);

/* The same, whose devices may also be what xlpt start takes: pool:lan, pin:nic0, BDF,mac=... */
int xlpt_xl_read_own(const char *text, size_t len, const char *file, struct xlpt_dom *out,
		     struct xlpt_diag *diag);

/*
 * Appends a configuration. kept goes into the comment block at the end, with the
 * commands that apply what is no matter of a configuration. What xl has no word
 * for is left out: who wants to know what that is reads the result and compares
 * (converters/convert.c does).
 */
int xlpt_xl_write(const struct xlpt_dom *dom, const struct xlpt_kepts *kept, unsigned flags,
		  struct xlpt_str *out, struct xlpt_losses *losses, struct xlpt_diag *diag);
/* The block alone, to be put behind a configuration written with XLPT_WRITE_BODY. */
void xlpt_xl_write_kept(const struct xlpt_dom *dom, const struct xlpt_kepts *kept,
			struct xlpt_str *out);

/*
 * Brings what libvirt said to what libxl takes: a silent display is said, memory of video cards is
 * as much as libxl wants, and what it would refuse is left out.
 */
void xlpt_xl_fit(struct xlpt_dom *dom);
void xlpt_xl_fit_cpus(struct xlpt_dom *dom);  /* the part of it for CPUs and NUMA cells */
void xlpt_xl_fit_usb(struct xlpt_dom *dom);   /* the part of it for USB */
void xlpt_xl_fit_disks(struct xlpt_dom *dom); /* the part of it for disks */
void xlpt_xl_fit_boot(struct xlpt_dom *dom);  /* the part of it for the order of boot devices */
/*
 * boot= as the devices' orders mean it; NULL where none has one. exact (may be NULL): it means the same
 * devices, not others of their classes. Caller frees.
 */
char *xlpt_xl_boot_by_devices(const struct xlpt_dom *dom, bool *exact);
/* The slot of the guest that QEMU is asked for, -1 = none. Slot 0 stands for any. */
int xlpt_xl_slot(const struct xlpt_pci *pci);
/* usb= or usbdevice=, which do not go with spiceusbredirection= (libxl_create.c). */
bool xlpt_xl_has_old_usb(const struct xlpt_dom *dom);
/* A part of the XML that brings a USB device of the viewer's to the guest. */
bool xlpt_xl_is_redirected(const struct xlpt_carry *c);
/* The kernel that firmware= of a PV or PVH guest stands for ("pvgrub64"); NULL = none. */
const char *xlpt_xl_grub(const struct xlpt_dom *dom);
/* libvirt takes the device from dom0 and keeps it from the guest; xl would give it. */
bool xlpt_xl_is_unassigned(const struct xlpt_pci *pci);
/* <target managed='no'>: the interface is there before the guest. */
bool xlpt_xl_is_made_before(const struct xlpt_net *net);
/* The format of a disk's image when xl cannot read it ("vmdk", "luks"); else NULL. */
const char *xlpt_xl_strange_image(const struct xlpt_dom *dom, const struct xlpt_disk *d);
/* The image that takes its place; NULL where it is no file of this host. Caller frees. */
char *xlpt_xl_made_image(const struct xlpt_disk *d);
/* The command that makes it. Caller frees. */
char *xlpt_xl_image_command(const char *from, const char *made, const char *format);

/*
 * Tells what xl or libxl refuse in a configuration although libxlutil accepts it: each as a change,
 * because the guest does not start. dom is what the configuration says, from what it was written from: the
 * places are there. Devices that are listed twice are told by xlpt_tell_twice.
 */
void xlpt_xl_limits(const struct xlpt_dom *dom, const struct xlpt_dom *from,
		    struct xlpt_losses *losses);
/* What dom says of its creation; the name stays dom's. */
void xlpt_xl_create_facts(const struct xlpt_dom *dom, struct xlpt_create_facts *out);
/*
 * Calls found for each rule of core/policy-create.h by which xl create refuses the guest of this
 * configuration with its devices, and for slots of the guest that it cannot have. guest: its name, or
 * NULL; it and why are found's until it returns.
 * A text that cannot be read is judged by nothing.
 */
typedef void xlpt_creation_fn(void *ctx, const char *guest, struct xlpt_diag *why);
void xlpt_xl_judge_creation(const char *text, size_t len, const char *path, xlpt_creation_fn *found,
			    void *ctx);
/* The same of what libvirt's XML says. */
void xlpt_libvirt_judge_creation(const struct xlpt_dom *dom, xlpt_creation_fn *found, void *ctx);
/* Tells where the guest's command line names a disk that has another name under xl. */
void xlpt_xl_renamed(const struct xlpt_dom *dom, struct xlpt_losses *losses);

/* 0 when libxlutil accepts the text. */
int xlpt_xl_check(const char *text, size_t len, const char *file, struct xlpt_diag *diag);

#endif
