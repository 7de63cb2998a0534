/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify.c judges each device, verify-why.c says why another driver has it. Of this folder alone. */
#ifndef XLPT_BOOT_VERIFY_H
#define XLPT_BOOT_VERIFY_H

#include "pciback/boot/internal.h"

struct xlpt_verify {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	struct xlpt_boot_owned owned;
	struct xlpt_effective eff;
	struct xlpt_devices devs;
	struct xlpt_hide_list wanted;
	struct xlpt_hide_list running; /* what pciback was started with */
	struct xlpt_hide_list qubes;   /* what the initramfs of Qubes OS gives to it */
	char *param;		       /* the same as text, or NULL: not known */
	const char *param_file;
	char *refused; /* why the kernel refuses the configured list, or NULL */
	char *mend;    /* ... what is to be done about it */
	bool present;  /* pciback's driver is there */
	bool pending;  /* the configuration was changed in this boot */
	struct xlpt_initrd initrd;
	bool initrd_asked, initrd_known;
	struct xlpt_verdicts *out;
};

/* They fill fact and hint of the verdict. pciback is not there: */
void xlpt_why_not_started(struct xlpt_verify *c, const struct xlpt_device *dev,
			  struct xlpt_verdict *v);
/* pciback was started with a list that does not have the device: */
void xlpt_why_not_named(struct xlpt_verify *c, const struct xlpt_device *dev,
			struct xlpt_verdict *v);
/* The list has it, and another driver or none does: */
void xlpt_why_too_late(struct xlpt_verify *c, const struct xlpt_device *dev,
		       struct xlpt_verdict *v);
/* The initramfs of Qubes OS should have hidden it: */
void xlpt_why_not_by_qubes(struct xlpt_verify *c, const struct xlpt_device *dev,
			   struct xlpt_verdict *v);
/* Besides, a driver that takes only what it is told to: by what it was told this device. */
void xlpt_why_told(struct xlpt_verify *c, const struct xlpt_device *dev, struct xlpt_verdict *v);

#endif
