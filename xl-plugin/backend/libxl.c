/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The toolstack on a real host. libxl's own log lines are kept while a call
 * runs and travel with the error: ERROR_FAIL alone says nothing.
 */
#include "xl-plugin/backend/libxl.h"

#include <string.h>

#include "core/text.h"
#include "xl-plugin/backend/causes.h"
#include "xl-plugin/backend/real-xl.h"

static void XLPT_PRINTF(5, 0)
	capture_message(xentoollog_logger *logger, xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list al)
{
	struct xlpt_ts_log *log = (struct xlpt_ts_log *)logger;
	_cleanup_free_ char *text = xlpt_xvasprintf(format, al);
	_cleanup_free_ char *shown = NULL;
	_cleanup_str_ struct xlpt_str line = { 0 };

	xlpt_str_addf(&line, "%s: %s", context ? context : "xen", text);
	if (errnoval >= 0)
		xlpt_str_addf(&line, ": %s", strerror(errnoval));
	while (line.len && line.s[line.len - 1] == '\n')
		line.s[--line.len] = '\0';
	/* One message is one line, whatever a guest in it is called. */
	shown = xlpt_text_shown(line.s);
	if (log->verbose > 1 || (log->verbose && level >= XTL_INFO))
		fprintf(log->err, "%s\n", shown);
	if (level >= XTL_WARN) {
		if (log->lines.len)
			xlpt_str_add(&log->lines, "\n");
		xlpt_str_add(&log->lines, shown);
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
	xlpt_str_dispose(&((struct xlpt_ts_log *)logger)->lines);
}

libxl_ctx *xlpt_ts_start(struct xlpt_toolstack *ts)
{
	struct xlpt_ts *p = xlpt_ts_priv(ts);

	xlpt_str_dispose(&p->log.lines);
	return p->ctx;
}

int xlpt_ts_failed(struct xlpt_toolstack *ts, int xrc, enum xlpt_err code, struct xlpt_diag *diag,
		   const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(diag, code, "%s: libxl %s (%d)", message, libxl_error_to_string(xrc), xrc);
	if (diag)
		diag->libxl_rc = xrc;
	xlpt_diag_add_log(diag, xlpt_str_get(&xlpt_ts_priv(ts)->log.lines));
	xlpt_diag_hint(diag, "libxl's own lines say why; xl dmesg and dmesg show what Xen and "
			     "xen-pciback said");
	xlpt_cause_explain(diag);
	return code;
}

static int ts_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	const libxl_version_info *version;
	libxl_physinfo info;
	int xrc;

	*out = (struct xlpt_xen_caps){ 0 };
	libxl_physinfo_init(&info);
	xrc = libxl_get_physinfo(ctx, &info);
	if (xrc) {
		libxl_physinfo_dispose(&info);
		return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				      "cannot read Xen's abilities");
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

/* ---- devices ---- */

static bool tri(enum xlpt_tri v)
{
	return v == XLPT_ON;
}

void xlpt_ts_fill_pci(libxl_device_pci *pci, const struct xlpt_spec *spec)
{
	libxl_device_pci_init(pci);
	pci->domain = spec->bdf.seg;
	pci->bus = spec->bdf.bus;
	pci->dev = spec->bdf.dev;
	pci->func = spec->bdf.func;
	/*
	 * The mask is of functions in the guest's slot, and ours is always function 0
	 * there. A mask with the host's function number asks QEMU for that number,
	 * in slot 0 when no slot is named, where the host bridge is (libxl_pci.c,
	 * device_pci_add_stubdom_done). xl's own parser gives 1 as well.
	 */
	pci->vfunc_mask = 1;
	if (spec->vslot >= 0)
		pci->vdevfn = (uint32_t)spec->vslot << 3;
	pci->permissive = tri(spec->permissive);
	pci->msitranslate = tri(spec->msitranslate);
	pci->power_mgmt = tri(spec->power_mgmt);
	/* seize is ours to do, with an undo: libxl's own leaves the device bound on failure. */
	if (spec->rdm_policy == XLPT_RDM_STRICT)
		pci->rdm_policy = LIBXL_RDM_RESERVE_POLICY_STRICT;
	else if (spec->rdm_policy == XLPT_RDM_RELAXED)
		pci->rdm_policy = LIBXL_RDM_RESERVE_POLICY_RELAXED;
}

static int ts_device_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
			 struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	libxl_device_pci pci;
	int xrc;

	xlpt_ts_fill_pci(&pci, spec);
	xrc = libxl_device_pci_add(ctx, domid, &pci, NULL);
	libxl_device_pci_dispose(&pci);
	if (!xrc)
		return 0;
	return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag, "cannot add %s to domain %u",
			      XLPT_BDF_STR(spec->bdf), domid);
}

static int ts_device_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			    bool force, struct xlpt_diag *diag)
{
	int xrc, rc = xlpt_ts_can_list(ts, domid, diag);
	libxl_ctx *ctx = xlpt_ts_start(ts);
	struct xlpt_spec spec;
	libxl_device_pci pci;

	if (rc)
		return rc;
	xlpt_spec_init(&spec);
	spec.bdf = bdf;
	xlpt_ts_fill_pci(&pci, &spec);
	xrc = force ? libxl_device_pci_destroy(ctx, domid, &pci, NULL)
		    : libxl_device_pci_remove(ctx, domid, &pci, NULL);
	libxl_device_pci_dispose(&pci);
	if (xrc)
		return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
				      "cannot remove %s from domain %u", XLPT_BDF_STR(bdf), domid);
	return 0;
}

static int monitor(struct xlpt_toolstack *ts, uint32_t domid, const char *command, char **output,
		   struct xlpt_diag *diag)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	int xrc;

	*output = NULL;
	xrc = libxl_qemu_monitor_command(ctx, domid, command, output, NULL);
	if (xrc)
		return xlpt_ts_failed(ts, xrc, XLPT_ERR_TOOLSTACK, diag,
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

static void ts_close(struct xlpt_toolstack *ts)
{
	struct xlpt_ts *p = xlpt_ts_priv(ts);

	if (p->ctx)
		libxl_ctx_free(p->ctx);
	if (p->xch)
		xc_interface_close(p->xch);
	xlpt_str_dispose(&p->log.lines);
	free(p);
}

static void ts_xen_text(struct xlpt_toolstack *ts, char **cmdline, char **messages)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	const libxl_version_info *version = libxl_get_version_info(ctx);
	libxl_xen_console_reader *reader;
	struct xlpt_str all = { 0 };
	char *line;

	*cmdline = version ? xlpt_xstrdup(version->commandline) : NULL;
	if (!messages)
		return;
	*messages = NULL;
	reader = libxl_xen_console_read_start(ctx, 0);
	if (!reader)
		return;
	while (libxl_xen_console_read_line(ctx, reader, &line) > 0)
		xlpt_str_add(&all, line);
	libxl_xen_console_read_finish(ctx, reader);
	*messages = xlpt_str_take(&all);
}

static int ts_device_owners(struct xlpt_toolstack *ts, struct xlpt_xen_owner **out, size_t *n,
			    struct xlpt_diag *diag)
{
	_cleanup_free_ char *cmdline = NULL, *messages = NULL;

	*out = NULL;
	*n = 0;
	/* Xen has written all of it when the call returns (xen/common/keyhandler.c). */
	if (xc_send_debug_keys(xlpt_ts_priv(ts)->xch, (char[]){ "Q" }))
		return xlpt_diag_errno(diag, XLPT_ERR_TOOLSTACK, errno,
				       "cannot ask Xen for the owners of all devices");
	ts_xen_text(ts, &cmdline, &messages);
	xlpt_xen_owners_parse(messages, out, n);
	return 0;
}

static const struct xlpt_toolstack_ops libxl_ops = {
	.guest_find = xlpt_ts_guest_find,
	.guest_by_id = xlpt_ts_guest_by_id,
	.guest_config = xlpt_ts_guest_config,
	.guest_list = xlpt_ts_guest_list,
	.guest_config_pci = xlpt_ts_guest_config_pci,
	.guest_create = xlpt_xl_create,
	.guest_destroy = xlpt_ts_guest_destroy,
	.caps = ts_caps,
	.guest_nodes = xlpt_ts_guest_nodes,
	.cpu_nodes = xlpt_ts_cpu_nodes,
	.device_add = ts_device_add,
	.device_remove = ts_device_remove,
	.hyp_assigned = xlpt_ts_hyp_assigned,
	.guest_iommu = xlpt_ts_guest_iommu,
	.device_group = xlpt_ts_device_group,
	.quarantine = xlpt_ts_quarantine,
	.revoke = xlpt_ts_revoke,
	.memory_access = xlpt_ts_memory_access,
	.dm_has = ts_dm_has,
	.dm_del = ts_dm_del,
	.port_open = xlpt_ts_port_open,
	.xen_text = ts_xen_text,
	.device_owners = ts_device_owners,
	.guest_save = xlpt_xl_save,
	.guest_restore = xlpt_xl_restore,
	.guest_migrate = xlpt_xl_migrate,
	.remote = xlpt_xl_remote,
	.guest_pause = xlpt_ts_guest_pause,
	.guest_resume = xlpt_ts_guest_resume,
	.guest_rename = xlpt_ts_guest_rename,
	.virsh = xlpt_virsh_run,
	.close = ts_close,
};

int xlpt_toolstack_open(struct xlpt_toolstack *ts, struct xlpt_store *store, int verbose, FILE *err,
			struct xlpt_diag *diag)
{
	struct xlpt_ts *p = xlpt_xcalloc(1, sizeof(*p));
	int xrc;

	p->store = store;
	p->log = (struct xlpt_ts_log){
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
	xlpt_diag_hint(diag,
		       "run xlpt as root in dom0; \"systemctl status xenstored\" tells whether "
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
