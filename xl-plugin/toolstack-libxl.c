/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The toolstack on a real host. libxl's own log lines are kept while a call
 * runs and travel with the error: ERROR_FAIL alone says nothing.
 */
#include "xl-plugin/toolstack.h"

#include <errno.h>
#include <libxl.h>
#include <libxl_utils.h>
#include <string.h>
#include <xenctrl.h>
#include <xentoollog.h>

#include "xl-plugin/toolstack-xl.h"

struct capture {
	xentoollog_logger vtable;	/* first: libxl hands this pointer back */
	struct xlpt_str lines;
	int verbose;
	FILE *err;
};

struct libxl_ts {
	libxl_ctx *ctx;
	xc_interface *xch;
	struct capture log;
};

static void XLPT_PRINTF(5, 0)
	capture_message(xentoollog_logger *logger, xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list al)
{
	struct capture *log = (struct capture *)logger;
	_cleanup_free_ char *text = xlpt_xvasprintf(format, al);
	_cleanup_str_ struct xlpt_str line = { 0 };

	xlpt_str_addf(&line, "%s: %s", context ? context : "xen", text);
	if (errnoval >= 0)
		xlpt_str_addf(&line, ": %s", strerror(errnoval));
	while (line.len && line.s[line.len - 1] == '\n')
		line.s[--line.len] = '\0';
	if (log->verbose > 1 || (log->verbose && level >= XTL_INFO))
		fprintf(log->err, "%s\n", line.s);
	if (level >= XTL_WARN) {
		if (log->lines.len)
			xlpt_str_add(&log->lines, "\n");
		xlpt_str_add(&log->lines, line.s);
	}
}

static void capture_progress(xentoollog_logger *logger, const char *context, const char *doing_what,
			     int percent, unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)doing_what;
	(void)percent;
	(void)done;
	(void)total;
}

static void capture_destroy(xentoollog_logger *logger)
{
	xlpt_str_dispose(&((struct capture *)logger)->lines);
}

static struct libxl_ts *priv(struct xlpt_toolstack *ts)
{
	return ts->priv;
}

static libxl_ctx *start(struct xlpt_toolstack *ts)
{
	struct libxl_ts *p = priv(ts);

	xlpt_str_dispose(&p->log.lines);
	return p->ctx;
}

/* An error of libxl: our sentence, its code, its lines. */
static int XLPT_PRINTF(5, 6) libxl_failed(struct xlpt_toolstack *ts, int xrc, enum xlpt_err code,
					  struct xlpt_diag *diag, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(diag, code, "%s: libxl %s (%d)", message, libxl_error_to_string(xrc), xrc);
	if (diag)
		diag->libxl_rc = xrc;
	xlpt_diag_add_log(diag, xlpt_str_get(&priv(ts)->log.lines));
	xlpt_diag_hint(diag, "libxl's own lines say why; xl dmesg and dmesg show what Xen and "
			     "xen-pciback said");
	return code;
}

/* ---- guests ---- */

static enum xlpt_guest_type guest_type(libxl_domain_type type)
{
	switch (type) {
	case LIBXL_DOMAIN_TYPE_PV:
		return XLPT_GUEST_PV;
	case LIBXL_DOMAIN_TYPE_HVM:
		return XLPT_GUEST_HVM;
	case LIBXL_DOMAIN_TYPE_PVH:
		return XLPT_GUEST_PVH;
	default:
		return XLPT_GUEST_UNKNOWN;
	}
}

static void guest_from_info(libxl_ctx *ctx, const libxl_dominfo *info, struct xlpt_guest *out)
{
	char *name = libxl_domid_to_name(ctx, info->domid);

	*out = (struct xlpt_guest){
		.domid = info->domid,
		.type = guest_type(info->domain_type),
		.paused = info->paused,
		.dying = info->dying || info->shutdown,
		.suspended = !info->dying && info->shutdown &&
			     info->shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND,
		.has_stubdom = libxl_get_stubdom_id(ctx, (int)info->domid) != 0,
		.name = name ? name : xlpt_xasprintf("domain-%u", info->domid),
	};
	snprintf(out->uuid, sizeof(out->uuid), LIBXL_UUID_FMT, LIBXL_UUID_BYTES(info->uuid));
}

/* A guest of another toolstack may have no stored configuration. */
static void ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *out)
{
	libxl_ctx *ctx = start(ts);
	libxl_domain_config config;

	libxl_domain_config_init(&config);
	if (libxl_retrieve_domain_configuration(ctx, out->domid, &config, NULL) == 0) {
		/* libxl_domain_info calls a PVH guest HVM: to the hypervisor it is one. */
		if (config.c_info.type != LIBXL_DOMAIN_TYPE_INVALID)
			out->type = guest_type(config.c_info.type);
#ifdef LIBXL_HAVE_CREATEINFO_PASSTHROUGH
		if (config.c_info.passthrough == LIBXL_PASSTHROUGH_DISABLED)
			out->passthrough = XLPT_OFF;
		else if (config.c_info.passthrough != LIBXL_PASSTHROUGH_DEFAULT)
			out->passthrough = XLPT_ON;
#endif
		/*
		 * The default is off, and the stored configuration keeps it as a default;
		 * xl writes "on" into it when the guest is created with devices.
		 */
		if (config.c_info.type == LIBXL_DOMAIN_TYPE_PV) {
			libxl_defbool *e820 = &config.b_info.u.pv.e820_host;

			out->e820_host = !libxl_defbool_is_default(*e820) && libxl_defbool_val(*e820)
						 ? XLPT_ON
						 : XLPT_OFF;
		}
	}
	libxl_domain_config_dispose(&config);
}

static int ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			  struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	libxl_dominfo info;
	int xrc;

	libxl_dominfo_init(&info);
	xrc = libxl_domain_info(ctx, &info, domid);
	if (xrc && xrc != ERROR_DOMAIN_NOTFOUND) {
		libxl_dominfo_dispose(&info);
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot ask about domain %u",
				    domid);
	}
	if (xrc) {
		libxl_dominfo_dispose(&info);
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no guest with domain id %u", domid);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	guest_from_info(ctx, &info, out);
	libxl_dominfo_dispose(&info);
	return 0;
}

static int ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
			 struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	uint32_t domid;

	if (libxl_domain_qualifier_to_domid(ctx, name, &domid)) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no running guest \"%s\"", name);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	if (domid == 0) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "domain 0 is the host itself, not a guest");
		xlpt_diag_hint(diag, "xlpt unhide gives a device back to the host");
		return XLPT_ERR_NO_GUEST;
	}
	return ts_guest_by_id(ts, domid, out, diag);
}

static int ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
			 struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	libxl_dominfo *info;
	int count = 0;

	*out = NULL;
	*n = 0;
	info = libxl_list_domain(ctx, &count);
	if (!info)
		return libxl_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag, "cannot list guests");
	*out = xlpt_xcalloc((size_t)count, sizeof(**out));
	for (int i = 0; i < count; i++)
		if (info[i].domid != 0)
			guest_from_info(ctx, &info[i], &(*out)[(*n)++]);
	libxl_dominfo_list_free(info, count);
	return 0;
}

static void spec_from_pci(const libxl_device_pci *pci, struct xlpt_spec *out)
{
	xlpt_spec_init(out);
	out->has_bdf = true;
	out->bdf = (struct xlpt_bdf){ .seg = (uint16_t)pci->domain, .bus = pci->bus,
				      .dev = pci->dev, .func = pci->func };
	/* libxl enters the slot the device model chose, too; 0 is the host bridge's. */
	if (pci->vdevfn)
		out->vslot = (int)(pci->vdevfn >> 3 & 0x1f);
	out->permissive = pci->permissive ? XLPT_ON : XLPT_UNSET;
	out->msitranslate = pci->msitranslate ? XLPT_ON : XLPT_UNSET;
	out->power_mgmt = pci->power_mgmt ? XLPT_ON : XLPT_UNSET;
	if (pci->rdm_policy == LIBXL_RDM_RESERVE_POLICY_STRICT)
		out->rdm_policy = XLPT_RDM_STRICT;
	else if (pci->rdm_policy == LIBXL_RDM_RESERVE_POLICY_RELAXED)
		out->rdm_policy = XLPT_RDM_RELAXED;
}

static int ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			       size_t *n, struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	libxl_domain_config config;
	int xrc;

	*specs = NULL;
	*n = 0;
	libxl_domain_config_init(&config);
	xrc = libxl_retrieve_domain_configuration(ctx, domid, &config, NULL);
	if (xrc == 0) {
		*specs = xlpt_xcalloc((size_t)config.num_pcidevs + 1, sizeof(**specs));
		for (int i = 0; i < config.num_pcidevs; i++)
			spec_from_pci(&config.pcidevs[i], &(*specs)[(*n)++]);
	}
	libxl_domain_config_dispose(&config);
	/* Not created through libxl, or its files are gone: then it says nothing. */
	if (xrc && xrc != ERROR_JSON_CONFIG_EMPTY)
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				    "cannot read the configuration of domain %u", domid);
	return 0;
}

static int ts_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	const libxl_version_info *version;
	libxl_physinfo info;
	int xrc;

	*out = (struct xlpt_xen_caps){ 0 };
	libxl_physinfo_init(&info);
	xrc = libxl_get_physinfo(ctx, &info);
	if (xrc) {
		libxl_physinfo_dispose(&info);
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot read Xen's abilities");
	}
	/* One IOMMU serves both; xl info prints pv_directio under the same condition. */
	out->hvm_iommu = info.cap_hvm_directio;
#ifdef LIBXL_HAVE_PHYSINFO_CAP_PV
	out->pv_iommu = info.cap_hvm_directio && info.cap_pv;
#else
	out->pv_iommu = info.cap_hvm_directio;
#endif
#ifdef LIBXL_HAVE_PHYSINFO_CAP_HAP_SHADOW
	out->pv_live = info.cap_shadow;
#else
	out->pv_live = true;
#endif
	libxl_physinfo_dispose(&info);
	version = libxl_get_version_info(ctx);
	if (version)
		snprintf(out->version, sizeof(out->version), "%d.%d", version->xen_version_major,
			 version->xen_version_minor);
	return 0;
}

static int ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	int xrc = libxl_domain_destroy(start(ts), domid, NULL);

	return xrc ? libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot destroy domain %u", domid)
		   : 0;
}

/* ---- where a guest runs ---- */

static xlpt_nodes nodes_of_cpus(const libxl_cputopology *cpus, int n, const libxl_bitmap *map)
{
	xlpt_nodes nodes = 0;

	for (int i = 0; i < n; i++)
		if (cpus[i].node < 64 && (!map || libxl_bitmap_test(map, i)))
			nodes |= (xlpt_nodes)1 << cpus[i].node;
	return nodes;
}

static int ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
			struct xlpt_diag *diag)
{
	int n = 0;
	libxl_cputopology *cpus = libxl_get_cpu_topology(start(ts), &n);
	xlpt_nodes all = nodes_of_cpus(cpus, n, NULL);

	for (unsigned i = first; i <= last && i < (unsigned)n; i++)
		if (all & (all - 1) && cpus[i].node < 64)
			*nodes |= (xlpt_nodes)1 << cpus[i].node;
	libxl_cputopology_list_free(cpus, n);
	return cpus ? 0
		    : libxl_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag,
				   "cannot ask for the processors' nodes");
}

static int ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			  struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	int n_cpus = 0, n_vcpus = 0, n_all = 0;
	libxl_cputopology *cpus = libxl_get_cpu_topology(ctx, &n_cpus);
	libxl_vcpuinfo *vcpus = libxl_list_vcpu(ctx, domid, &n_vcpus, &n_all);
	xlpt_nodes all = nodes_of_cpus(cpus, n_cpus, NULL), memory = 0;
	libxl_bitmap map;

	*nodes = 0;
	/*
	 * xl's own placement sets no hard affinity, but a soft one and the domain's
	 * node affinity (libxl_dom.c, numa_place_domain); a guest pinned by hand has
	 * the hard one.
	 */
	for (int i = 0; i < n_vcpus; i++) {
		xlpt_nodes hard = nodes_of_cpus(cpus, n_cpus, &vcpus[i].cpumap),
			   soft = nodes_of_cpus(cpus, n_cpus, &vcpus[i].cpumap_soft);

		*nodes |= hard & soft ? hard & soft : hard;
	}
	libxl_bitmap_init(&map);
	if (libxl_node_bitmap_alloc(ctx, &map, 0) == 0 &&
	    libxl_domain_get_nodeaffinity(ctx, domid, &map) == 0)
		for (int i = 0; i < 64 && i < (int)map.size * 8; i++)
			memory |= (xlpt_nodes)libxl_bitmap_test(&map, i) << i;
	libxl_bitmap_dispose(&map);
	if (*nodes & memory)
		*nodes &= memory;
	/* With a single node there is nothing to choose between. */
	if (!(all & (all - 1)))
		*nodes = 0;
	libxl_vcpuinfo_list_free(vcpus, n_vcpus);
	libxl_cputopology_list_free(cpus, n_cpus);
	return cpus && vcpus ? 0
			     : libxl_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag,
					    "cannot ask where domain %u runs", domid);
}

/* ---- devices ---- */

static bool tri(enum xlpt_tri v)
{
	return v == XLPT_ON;
}

static void fill_pci(libxl_device_pci *pci, struct xlpt_bdf bdf)
{
	libxl_device_pci_init(pci);
	pci->domain = bdf.seg;
	pci->bus = bdf.bus;
	pci->dev = bdf.dev;
	pci->func = bdf.func;
	pci->vfunc_mask = 1u << bdf.func;
}

static int ts_device_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
			 struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	libxl_device_pci pci;
	int xrc;

	fill_pci(&pci, spec->bdf);
	if (spec->vslot >= 0)
		pci.vdevfn = (uint32_t)spec->vslot << 3;
	pci.permissive = tri(spec->permissive);
	pci.msitranslate = tri(spec->msitranslate);
	pci.power_mgmt = tri(spec->power_mgmt);
	/* seize is ours to do, with an undo: libxl's own leaves the device bound on failure. */
	if (spec->rdm_policy == XLPT_RDM_STRICT)
		pci.rdm_policy = LIBXL_RDM_RESERVE_POLICY_STRICT;
	else if (spec->rdm_policy == XLPT_RDM_RELAXED)
		pci.rdm_policy = LIBXL_RDM_RESERVE_POLICY_RELAXED;
	xrc = libxl_device_pci_add(ctx, domid, &pci, NULL);
	libxl_device_pci_dispose(&pci);
	if (xrc)
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot add %s to domain %u",
				    XLPT_BDF_STR(spec->bdf), domid);
	return 0;
}

static int ts_device_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			    bool force, struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	libxl_device_pci pci;
	int xrc;

	fill_pci(&pci, bdf);
	xrc = force ? libxl_device_pci_destroy(ctx, domid, &pci, NULL)
		    : libxl_device_pci_remove(ctx, domid, &pci, NULL);
	libxl_device_pci_dispose(&pci);
	if (xrc)
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				    "cannot remove %s from domain %u", XLPT_BDF_STR(bdf), domid);
	return 0;
}

static int ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			   struct xlpt_diag *diag)
{
	struct libxl_ts *p = priv(ts);

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
		xlpt_diag_hint(diag, "xl dmesg shows what dom0 told it of the device; a rescan tells "
				     "it again: echo 1 >/sys/bus/pci/rescan");
		return XLPT_ERR_NO_DEVICE;
	default:
		return xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno,
				       "cannot ask the hypervisor who owns %s", XLPT_BDF_STR(bdf));
	}
}

static int ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			  struct xlpt_diag *diag)
{
	(void)diag;
	/*
	 * Every IOMMU operation on a domain without a context ends with this error
	 * before anything else is looked at (xen/drivers/passthrough/iommu.c,
	 * iommu_do_domctl); what else the answer says is not asked here.
	 */
	*on = xc_test_assign_device(priv(ts)->xch, domid, xlpt_bdf_sbdf(bdf)) == 0 ||
	      (errno != EOPNOTSUPP && errno != ENOSYS);
	return 0;
}

static int ts_device_group(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			   struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag)
{
	uint32_t found[256], count = 0;

	*out = NULL;
	*n = 0;
	if (xc_get_device_group(priv(ts)->xch, domid, xlpt_bdf_sbdf(bdf), XLPT_ARRAY_SIZE(found),
				&count, found)) {
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
		(*out)[*n] = (struct xlpt_bdf){ .seg = bdf.seg, .bus = (uint8_t)(found[*n] >> 16),
						.dev = found[*n] >> 11 & 0x1f,
						.func = found[*n] >> 8 & 7 };
	return 0;
}

static int ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
			 struct xlpt_diag *diag)
{
	struct libxl_ts *p = priv(ts);
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

static int ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		     const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag)
{
	struct libxl_ts *p = priv(ts);

	/* Grants that were never made are not there to be revoked: those errors say nothing. */
	for (size_t i = 0; i < n_bars; i++) {
		uint64_t first = bars[i][0], size = bars[i][1] - bars[i][0] + 1;

		if (!first)
			continue;
		if (bars[i][2] & 0x100)	/* IORESOURCE_IO */
			xc_domain_ioport_permission(p->xch, domid, (uint32_t)first, (uint32_t)size, 0);
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

static int monitor(struct xlpt_toolstack *ts, uint32_t domid, const char *command, char **output,
		   struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	int xrc;

	*output = NULL;
	xrc = libxl_qemu_monitor_command(ctx, domid, command, output, NULL);
	if (xrc)
		return libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				    "the device model of domain %u does not answer", domid);
	return 0;
}

static int ts_dm_has(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *output = NULL, *id = NULL;
	char buf[XLPT_BDF_LEN];
	int rc;

	*has = false;
	rc = monitor(ts, domid, "info pci", &output, diag);
	if (rc)
		return rc;
	/* QEMU prints the id in double quotes at the end of each device's block. */
	id = xlpt_xasprintf("\"%s\"", xlpt_bdf_format(bdf, XLPT_BDF_QMP, buf));
	*has = output && strstr(output, id);
	return 0;
}

static int ts_dm_del(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *output = NULL, *command = NULL;
	char buf[XLPT_BDF_LEN];

	command = xlpt_xasprintf("device_del %s", xlpt_bdf_format(bdf, XLPT_BDF_QMP, buf));
	return monitor(ts, domid, command, &output, diag);
}

static bool ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port)
{
	xc_evtchn_status_t status = { .dom = (domid_t)domid, .port = port };

	if (xc_evtchn_status(priv(ts)->xch, &status))
		return false;
	return (status.status == EVTCHNSTAT_interdomain && status.u.interdomain.dom == 0) ||
	       (status.status == EVTCHNSTAT_unbound && status.u.unbound.dom == 0);
}

static int ts_guest_pause(struct xlpt_toolstack *ts, uint32_t domid, bool pause,
			  struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	int xrc = pause ? libxl_domain_pause(ctx, domid, NULL)
			: libxl_domain_unpause(ctx, domid, NULL);

	return xrc ? libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot %s domain %u",
				  pause ? "pause" : "unpause", domid)
		   : 0;
}

static int ts_guest_resume(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	/* 1: as xl does, the guest is told that its suspend was cancelled. */
	int xrc = libxl_domain_resume(start(ts), domid, 1, NULL);

	return xrc ? libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot resume domain %u",
				  domid)
		   : 0;
}

static int ts_guest_rename(struct xlpt_toolstack *ts, uint32_t domid, const char *name,
			   struct xlpt_diag *diag)
{
	libxl_ctx *ctx = start(ts);
	_cleanup_free_ char *old = libxl_domid_to_name(ctx, domid);
	int xrc = libxl_domain_rename(ctx, domid, old, name);

	return xrc ? libxl_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				  "cannot give domain %u the name %s", domid, name)
		   : 0;
}

static void ts_close(struct xlpt_toolstack *ts)
{
	struct libxl_ts *p = priv(ts);

	if (p->ctx)
		libxl_ctx_free(p->ctx);
	if (p->xch)
		xc_interface_close(p->xch);
	xlpt_str_dispose(&p->log.lines);
	free(p);
}

static void ts_xen_text(struct xlpt_toolstack *ts, char **cmdline, char **messages)
{
	libxl_ctx *ctx = start(ts);
	const libxl_version_info *version = libxl_get_version_info(ctx);
	libxl_xen_console_reader *reader = libxl_xen_console_read_start(ctx, 0);
	struct xlpt_str all = { 0 };
	char *line;

	*cmdline = version ? xlpt_xstrdup(version->commandline) : NULL;
	*messages = NULL;
	if (!reader)
		return;
	while (libxl_xen_console_read_line(ctx, reader, &line) > 0)
		xlpt_str_add(&all, line);
	libxl_xen_console_read_finish(ctx, reader);
	*messages = xlpt_str_take(&all);
}

static const struct xlpt_toolstack_ops libxl_ops = {
	.guest_find = ts_guest_find,
	.guest_by_id = ts_guest_by_id,
	.guest_config = ts_guest_config,
	.guest_list = ts_guest_list,
	.guest_config_pci = ts_guest_config_pci,
	.guest_create = xlpt_xl_create,
	.guest_destroy = ts_guest_destroy,
	.caps = ts_caps,
	.guest_nodes = ts_guest_nodes,
	.cpu_nodes = ts_cpu_nodes,
	.device_add = ts_device_add,
	.device_remove = ts_device_remove,
	.hyp_assigned = ts_hyp_assigned,
	.guest_iommu = ts_guest_iommu,
	.device_group = ts_device_group,
	.quarantine = ts_quarantine,
	.revoke = ts_revoke,
	.dm_has = ts_dm_has,
	.dm_del = ts_dm_del,
	.port_open = ts_port_open,
	.xen_text = ts_xen_text,
	.guest_save = xlpt_xl_save,
	.guest_restore = xlpt_xl_restore,
	.guest_migrate = xlpt_xl_migrate,
	.remote = xlpt_xl_remote,
	.guest_pause = ts_guest_pause,
	.guest_resume = ts_guest_resume,
	.guest_rename = ts_guest_rename,
	.close = ts_close,
};

int xlpt_toolstack_open(struct xlpt_toolstack *ts, int verbose, FILE *err, struct xlpt_diag *diag)
{
	struct libxl_ts *p = xlpt_xcalloc(1, sizeof(*p));
	int xrc;

	p->log = (struct capture){
		.vtable = { .vmessage = capture_message,
			    .progress = capture_progress,
			    .destroy = capture_destroy },
		.verbose = verbose,
		.err = err,
	};
	ts->ops = &libxl_ops;
	ts->priv = p;
	p->xch = xc_interface_open(&p->log.vtable, &p->log.vtable, 0);
	xrc = p->xch ? libxl_ctx_alloc(&p->ctx, LIBXL_VERSION, 0, &p->log.vtable) : ERROR_FAIL;
	if (xrc == 0)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_XEN, "this is not a Xen dom0, or its toolstack is not up");
	xlpt_diag_add_log(diag, xlpt_str_get(&p->log.lines));
	xlpt_diag_hint(diag, "run xlpt as root in dom0; \"systemctl status xenstored\" tells whether "
			     "the toolstack runs");
	xlpt_toolstack_close(ts);
	return XLPT_ERR_NO_XEN;
}

void xlpt_toolstack_close(struct xlpt_toolstack *ts)
{
	if (ts->ops)
		ts->ops->close(ts);
	*ts = (struct xlpt_toolstack){ 0 };
}
