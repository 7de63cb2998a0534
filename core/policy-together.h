/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules about what the devices of a guest are together, or share with others. As in
 * core/policy.h they are pure functions over facts. What is only told, and refused to
 * nobody, is a warning: the diagnosis is filled, the code is RULE, and the command goes on.
 */
#ifndef XLPT_CORE_POLICY_TOGETHER_H
#define XLPT_CORE_POLICY_TOGETHER_H

#include "core/policy.h"

/* ---- interrupt vectors (policy-vectors.c) ---- */

/*
 * How many a function may ask for: one for each entry of its MSI-X table, or what its MSI
 * capability offers. A driver uses one of the two.
 */
unsigned xlpt_device_vectors(const struct xlpt_device *dev);

/*
 * Warns when a PV guest gets an NVMe drive. Linux' driver asks twice, first for one vector and then for
 * one per queue (drivers/nvme/host/pci.c), and xen-pciback refuses the second with -114: seen with
 * Linux 6.1, 6.12 and 7.2 on both sides (docs/FINDINGS.md). What the guest runs is not known here.
 */
int xlpt_policy_drive(const char *guest, enum xlpt_guest_type type, const struct xlpt_device *dev,
		      struct xlpt_diag *diag);

/*
 * How many Xen gives a guest beside the interrupt lines: the first number of extra_guest_irqs
 * on Xen's command line, 32 without it (xen/common/domain.c; a guest's MSIs come from above
 * nr_irqs_gsi, get_free_pirq in xen/arch/x86/irq.c). cmdline NULL: *known is false, and the
 * number is Xen's default.
 */
unsigned xlpt_xen_guest_vectors(const char *cmdline, bool *known);

/* Whether the command line of dom0's kernel has that word, which is Xen's. */
bool xlpt_kernel_guest_vectors(const char *cmdline);

/*
 * Warns when a guest's devices may ask for more than Xen gives it. guest NULL: of no guest yet,
 * but of all that is hidden. misplaced: somebody gave the number to dom0's kernel.
 */
int xlpt_policy_vectors(const char *guest, unsigned asked, unsigned given, bool misplaced,
			struct xlpt_diag *diag);

/* ---- peers in a switch (policy-switch.c) ---- */

/*
 * Warns when a guest gets dev and some of these, which dev reaches past the IOMMU because the
 * switch port above it does not redirect requests, are in use by others. acs: a word on the port's.
 */
int xlpt_policy_switch(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		       const struct xlpt_set_mate *mates, size_t n, struct xlpt_bdf port,
		       const char *acs, struct xlpt_diag *diag);
/*
 * The way back: a guest gets dev, whose own port redirects, and these, which guests have
 * (xlpt_mate_of_guest), reach dev through a port that does not.
 */
int xlpt_policy_switch_from(const struct xlpt_device *dev, const struct xlpt_guest *guest,
			    const struct xlpt_set_mate *mates, size_t n, struct xlpt_bdf port,
			    const char *acs, struct xlpt_diag *diag);

/* ---- pages of memory (policy-pages.c) ---- */

/* It has memory that is not whole pages. */
bool xlpt_bar_partial(const struct xlpt_bar *bar);
/* Other has memory in a page of this one: true and the page's address. */
bool xlpt_bar_meets(const struct xlpt_bar *bar, const struct xlpt_device *other, uint64_t *page);
/* ... of one of the partial BARs of dev, whose guest then reaches other's registers. */
bool xlpt_device_meets(const struct xlpt_device *dev, const struct xlpt_device *other,
		       uint64_t *page);

/*
 * Giving dev to a guest (NULL: to dom0) while others have registers in a page of its; why of
 * each is "same page 0x...". RULE when one is another guest's, or dom0 uses it.
 */
int xlpt_policy_pages(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		      const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag);
/* Warns of one of them, whoever has it, when dev goes there all the same. */
int xlpt_policy_page(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		     const struct xlpt_set_mate *mate, struct xlpt_diag *diag);

#endif
