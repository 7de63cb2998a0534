/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests, as libxl knows them. */
#include "xl-plugin/backend/libxl.h"

#include <string.h>

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

static enum xlpt_guest_end end_of(const libxl_dominfo *info)
{
	if (!info->shutdown)
		return XLPT_END_UNKNOWN;
	switch (info->shutdown_reason) {
	case LIBXL_SHUTDOWN_REASON_POWEROFF:
		return XLPT_END_POWEROFF;
	case LIBXL_SHUTDOWN_REASON_REBOOT:
		return XLPT_END_REBOOT;
	case LIBXL_SHUTDOWN_REASON_CRASH:
		return XLPT_END_CRASH;
	case LIBXL_SHUTDOWN_REASON_WATCHDOG:
		return XLPT_END_WATCHDOG;
	case LIBXL_SHUTDOWN_REASON_SOFT_RESET:
		return XLPT_END_SOFT_RESET;
	default:
		return XLPT_END_UNKNOWN;
	}
}

/* A preserved domain stays, with its devices, and a soft reset leaves the domain its number. */
static unsigned again_bit(libxl_action_on_shutdown action, enum xlpt_guest_end end)
{
	switch (action) {
	case LIBXL_ACTION_ON_SHUTDOWN_DESTROY:
	case LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_DESTROY:
	case LIBXL_ACTION_ON_SHUTDOWN_PRESERVE:
	case LIBXL_ACTION_ON_SHUTDOWN_SOFT_RESET:
		return 0;
	default:
		return 1U << end;
	}
}

static void read_again(const libxl_domain_config *config, struct xlpt_guest *out)
{
	out->again_known = true;
	out->again = again_bit(config->on_poweroff, XLPT_END_POWEROFF) |
		     again_bit(config->on_reboot, XLPT_END_REBOOT) |
		     again_bit(config->on_crash, XLPT_END_CRASH) |
		     again_bit(config->on_watchdog, XLPT_END_WATCHDOG) |
		     again_bit(config->on_soft_reset, XLPT_END_SOFT_RESET);
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
		.shut_down = !info->dying && info->shutdown &&
			     info->shutdown_reason != LIBXL_SHUTDOWN_REASON_SUSPEND,
		.end = end_of(info),
		.has_stubdom = libxl_get_stubdom_id(ctx, (int)info->domid) != 0,
	};
	/* libxl and xenstore let it be empty, and then messages would name nobody. */
	if (!name || !*name) {
		free(name);
		name = xlpt_xasprintf("domain-%u", info->domid);
	}
	out->name = name;
	snprintf(out->uuid, sizeof(out->uuid), LIBXL_UUID_FMT, LIBXL_UUID_BYTES(info->uuid));
}

/* A guest of another toolstack may have no stored configuration. */
void xlpt_ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *out)
{
	libxl_domain_config config;

	libxl_domain_config_init(&config);
	if (xlpt_ts_config(ts, out->domid, &config) == 0) {
		read_again(&config, out);
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

			out->e820_host =
				!libxl_defbool_is_default(*e820) && libxl_defbool_val(*e820)
					? XLPT_ON
					: XLPT_OFF;
		}
	}
	libxl_domain_config_dispose(&config);
}

int xlpt_ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	libxl_dominfo info;
	int xrc;

	libxl_dominfo_init(&info);
	xrc = libxl_domain_info(ctx, &info, domid);
	if (xrc && xrc != ERROR_DOMAIN_NOTFOUND) {
		libxl_dominfo_dispose(&info);
		return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				      "cannot ask about domain %u", domid);
	}
	if (xrc) {
		libxl_dominfo_dispose(&info);
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no guest with domain id %u",
			      domid);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	guest_from_info(ctx, &info, out);
	libxl_dominfo_dispose(&info);
	return 0;
}

int xlpt_ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
		       struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
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
	return xlpt_ts_guest_by_id(ts, domid, out, diag);
}

int xlpt_ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
		       struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	libxl_dominfo *info;
	int count = 0;

	*out = NULL;
	*n = 0;
	info = libxl_list_domain(ctx, &count);
	if (!info)
		return xlpt_ts_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag,
				      "cannot list guests");
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
	out->bdf = (struct xlpt_bdf){
		.seg = (uint16_t)pci->domain, .bus = pci->bus, .dev = pci->dev, .func = pci->func
	};
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

int xlpt_ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			     size_t *n, struct xlpt_diag *diag)
{
	libxl_domain_config config;
	int xrc;

	*specs = NULL;
	*n = 0;
	libxl_domain_config_init(&config);
	xrc = xlpt_ts_config(ts, domid, &config);
	if (xrc == 0) {
		*specs = xlpt_xcalloc((size_t)config.num_pcidevs + 1, sizeof(**specs));
		for (int i = 0; i < config.num_pcidevs; i++)
			spec_from_pci(&config.pcidevs[i], &(*specs)[(*n)++]);
	}
	libxl_domain_config_dispose(&config);
	/* Not created through libxl, or its files are gone: then it says nothing. */
	if (xrc && xrc != ERROR_JSON_CONFIG_EMPTY)
		return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				      "cannot read the configuration of domain %u", domid);
	return 0;
}

int xlpt_ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	int xrc, rc = xlpt_ts_can_list(ts, domid, diag);

	if (rc)
		return rc;
	xrc = libxl_domain_destroy(xlpt_ts_start(ts), domid, NULL);
	return xrc ? xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot destroy domain %u",
				    domid)
		   : 0;
}

int xlpt_ts_guest_pause(struct xlpt_toolstack *ts, uint32_t domid, bool pause,
			struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	int xrc = pause ? libxl_domain_pause(ctx, domid, NULL)
			: libxl_domain_unpause(ctx, domid, NULL);

	return xrc ? xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot %s domain %u",
				    pause ? "pause" : "unpause", domid)
		   : 0;
}

int xlpt_ts_guest_resume(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	/* 1: as xl does, the guest is told that its suspend was cancelled. */
	int xrc = libxl_domain_resume(xlpt_ts_start(ts), domid, 1, NULL);

	return xrc ? xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot resume domain %u",
				    domid)
		   : 0;
}

int xlpt_ts_guest_rename(struct xlpt_toolstack *ts, uint32_t domid, const char *name,
			 struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	_cleanup_free_ char *old = libxl_domid_to_name(ctx, domid);
	int xrc = libxl_domain_rename(ctx, domid, old, name);

	return xrc ? xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				    "cannot give domain %u the name %s", domid, name)
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

int xlpt_ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
		      struct xlpt_diag *diag)
{
	int n = 0;
	libxl_cputopology *cpus = libxl_get_cpu_topology(xlpt_ts_start(ts), &n);
	xlpt_nodes all = nodes_of_cpus(cpus, n, NULL);

	for (unsigned i = first; i <= last && i < (unsigned)n; i++)
		if (all & (all - 1) && cpus[i].node < 64)
			*nodes |= (xlpt_nodes)1 << cpus[i].node;
	libxl_cputopology_list_free(cpus, n);
	return cpus ? 0
		    : xlpt_ts_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag,
				     "cannot ask for the processors' nodes");
}

int xlpt_ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
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
			     : xlpt_ts_failed(ts, ERROR_FAIL, XLPT_ERR_TOOLSTACK, diag,
					      "cannot ask where domain %u runs", domid);
}
