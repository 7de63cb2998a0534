/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only the hypervisor knows or does: libxl has no calls for it. */
#include "xl-plugin/backend/libxl.h"

#include <errno.h>

int xlpt_ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			 struct xlpt_diag *diag)
{
	struct xlpt_ts *p = xlpt_ts_priv(ts);

	*assigned = false;
	/*
	 * Xen answers 0 for a device of dom0 or DOM_IO and an error for one of a
	 * guest (xen/drivers/passthrough/pci.c, device_assigned); which error
	 * differs between releases. Without an IOMMU there is nothing to assign.
	 */
	if (xc_test_assign_device(p->xch, DOMID_INVALID, xlpt_bdf_sbdf(bdf)) == 0)
		return 0;
	switch (errno) {
	case EOPNOTSUPP:
	case ENOSYS:
		return 0;
	case EBUSY:
	case EINVAL:
		*assigned = true;
		return 0;
	case ENODEV:
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "the hypervisor does not know %s",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag,
			       "xl dmesg shows what dom0 told it of the device; a rescan tells "
			       "it again: echo 1 >/sys/bus/pci/rescan");
		return XLPT_ERR_NO_DEVICE;
	default:
		return xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno,
				       "cannot ask the hypervisor who owns %s", XLPT_BDF_STR(bdf));
	}
}

int xlpt_ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			struct xlpt_diag *diag)
{
	(void)diag;
	/*
	 * Every IOMMU operation on a domain without a context ends with this error
	 * before anything else is looked at (xen/drivers/passthrough/iommu.c,
	 * iommu_do_domctl); what else the answer says is not asked here.
	 */
	*on = xc_test_assign_device(xlpt_ts_priv(ts)->xch, domid, xlpt_bdf_sbdf(bdf)) == 0 ||
	      (errno != EOPNOTSUPP && errno != ENOSYS);
	return 0;
}

int xlpt_ts_device_group(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			 struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag)
{
	uint32_t found[256], count = 0;

	*out = NULL;
	*n = 0;
	if (bdf.seg > XLPT_XEN_SEG_MAX)
		return 0;
	if (xc_get_device_group(xlpt_ts_priv(ts)->xch, domid, xlpt_bdf_sbdf(bdf),
				XLPT_ARRAY_SIZE(found), &count, found)) {
		/* No IOMMU, or one without the notion of a group: no answer is not an error. */
		if (errno == EOPNOTSUPP || errno == ENOSYS || errno == ENODEV)
			return 0;
		return xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno,
				       "cannot ask the hypervisor for the group of %s",
				       XLPT_BDF_STR(bdf));
	}
	if (count > XLPT_ARRAY_SIZE(found))
		count = XLPT_ARRAY_SIZE(found);
	*out = xlpt_xcalloc(count + 1, sizeof(**out));
	/* Bus in bits 16 to 23, device and function in 8 to 15; the segment is the one asked for. */
	for (; *n < count; (*n)++)
		(*out)[*n] = (struct xlpt_bdf){ .seg = bdf.seg,
						.bus = (uint8_t)(found[*n] >> 16),
						.dev = found[*n] >> 11 & 0x1f,
						.func = found[*n] >> 8 & 7 };
	return 0;
}

int xlpt_ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
		       struct xlpt_diag *diag)
{
	struct xlpt_ts *p = xlpt_ts_priv(ts);
	int r;

	if (on)
		r = xc_assign_device(p->xch, DOMID_IO, xlpt_bdf_sbdf(bdf),
				     XEN_DOMCTL_DEV_RDM_RELAXED);
	else
		r = xc_deassign_device(p->xch, DOMID_IO, xlpt_bdf_sbdf(bdf));
	if (r == 0)
		return 0;
	/*
	 * Not in quarantine (ENODEV), or no IOMMU to quarantine with. Assigning
	 * what is in quarantine already answers 0.
	 */
	if (errno == EOPNOTSUPP || errno == ENOSYS || (!on && (errno == ENODEV || errno == EINVAL)))
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno, "cannot %s %s %s quarantine",
			on ? "put" : "take", XLPT_BDF_STR(bdf), on ? "into" : "out of");
	xlpt_diag_hint(diag, "xl dmesg shows what the hypervisor said");
	return XLPT_ERR_TOOLSTACK;
}

int xlpt_ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		   const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag)
{
	struct xlpt_ts *p = xlpt_ts_priv(ts);

	/* Grants that were never made are not there to be revoked: those errors say nothing. */
	for (size_t i = 0; i < n_bars; i++) {
		uint64_t first = bars[i][0], size = bars[i][1] - bars[i][0] + 1;

		if (!first)
			continue;
		if (bars[i][2] & 0x100) /* IORESOURCE_IO */
			xc_domain_ioport_permission(p->xch, domid, (uint32_t)first, (uint32_t)size,
						    0);
		else
			xc_domain_iomem_permission(p->xch, domid, first >> XC_PAGE_SHIFT,
						   (size + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT, 0);
	}
	if (irq > 0 && irq < 0xff) {
		xc_physdev_unmap_pirq(p->xch, domid, irq);
		xc_domain_irq_permission(p->xch, domid, (uint32_t)irq, 0);
	}
	if (xc_deassign_device(p->xch, domid, xlpt_bdf_sbdf(bdf)) && errno != ENODEV &&
	    errno != ESRCH && errno != EINVAL && errno != EOPNOTSUPP)
		return xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno,
				       "cannot take %s back from domain %u", XLPT_BDF_STR(bdf),
				       domid);
	return 0;
}

/*
 * Unmapping what is not mapped changes nothing, and Xen looks first whether the guest has
 * access (xen/common/domctl.c, XEN_DOMCTL_memory_mapping: EPERM when it has not). For
 * a PV guest newer releases answer 0 before they look.
 */
static int may_map(struct xlpt_ts *p, uint32_t domid, uint64_t frame)
{
	if (xc_domain_memory_mapping(p->xch, domid, frame, frame, 1, DPCI_REMOVE_MAPPING) == 0)
		return 1;
	return errno == EPERM ? 0 : errno == EILSEQ || errno == EINVAL ? 1 : -1;
}

int xlpt_ts_memory_access(struct xlpt_toolstack *ts, uint32_t domid, uint64_t start, uint64_t end)
{
	/* The processors' own interrupt controllers: no guest, and not dom0, may map them. */
	const uint64_t nobodys = 0xfee00000u >> XC_PAGE_SHIFT;
	struct xlpt_ts *p = xlpt_ts_priv(ts);
	int first, last;

	if (may_map(p, domid, nobodys) != 0)
		return -1;
	first = may_map(p, domid, start >> XC_PAGE_SHIFT);
	last = may_map(p, domid, end >> XC_PAGE_SHIFT);
	return first == 1 || last == 1 ? 1 : first < 0 || last < 0 ? -1 : 0;
}

bool xlpt_ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port)
{
	xc_evtchn_status_t status = { .dom = (domid_t)domid, .port = port };

	if (xc_evtchn_status(xlpt_ts_priv(ts)->xch, &status))
		return false;
	return (status.status == EVTCHNSTAT_interdomain && status.u.interdomain.dom == 0) ||
	       (status.status == EVTCHNSTAT_unbound && status.u.unbound.dom == 0);
}
