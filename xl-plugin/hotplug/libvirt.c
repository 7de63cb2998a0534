/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For a guest that libvirt manages: asking libvirt to do what libxl does for other guests. */
#include "xl-plugin/hotplug/libvirt.h"

#include <string.h>
#include <unistd.h>

#include "converters/libvirt/libvirt.h"
#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/backend/virsh.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/kept/had-line.h"

#define LIBXL_MS 60000 /* how long libxl itself waits, after the time that the guest is given */
#define LOG	 "/var/log/libvirt/libxl/libxl-driver.log"
#define LOG_MAX	 4096

/* ---- before anything is touched ---- */

/*
 * The options of a device that libvirt's driver does not pass on to libxl (libxl_conf.c,
 * libxlMakePCI).
 */
static const char *no_word_for(const struct xlpt_spec *spec)
{
	return spec->vslot >= 0			      ? "a slot of the guest"
	       : spec->rdm_policy == XLPT_RDM_RELAXED ? "rdm_policy"
	       : spec->msitranslate == XLPT_ON	      ? "msitranslate"
	       : spec->power_mgmt == XLPT_ON	      ? "power_mgmt"
						      : NULL;
}

static int judge_words(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag)
{
	const char *what = no_word_for(&item->spec);

	if (!what)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "libvirt manages %s and has no word for %s",
		      op->guest.name, what);
	xlpt_diag_fact(diag, "its Xen driver leaves that to libxl's default");
	/* Without it Xen refuses a device whose reserved memory another one shares (core/policy). */
	if (item->spec.rdm_policy == XLPT_RDM_RELAXED)
		xlpt_diag_hint(
			diag,
			"--around-libvirt leaves libvirt out; leave rdm_policy out of %s only "
			"if no other device shares its reserved memory (xlpt show)",
			XLPT_BDF_STR(item->spec.bdf));
	else
		xlpt_diag_hint(diag, "leave it out of %s; --around-libvirt leaves libvirt out",
			       XLPT_BDF_STR(item->spec.bdf));
	return XLPT_ERR_RULE;
}

/*
 * RULE when libvirt has libxl take a device whose interrupt line another device of the guest
 * needs: that one would lose it, too (release.h, xlpt_line_kept).
 */
static int judge_line(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);

	if (item->absent || !xlpt_line_kept(op->env, &op->guest, item->spec.bdf))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s has its interrupt line together with another device of %s, and libvirt "
		      "would take the line from both",
		      bdf, op->guest.name);
	xlpt_diag_fact(diag, "libxl unmaps the line of a device that leaves an HVM guest");
	xlpt_diag_hint(diag,
		       "xlpt detach --around-libvirt %s %s; libvirt lists it until the guest's "
		       "next start then",
		       XLPT_WORD(op->guest.name), bdf);
	return XLPT_ERR_RULE;
}

/* An HVM guest that gets two devices with one line: now is the time to choose another device. */
static void warn_line(struct xlpt_op *op, size_t i)
{
	const struct xlpt_item *item = &op->items[i];
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	const int line = item->device.caps.msi_on ? 0 : item->device.irq;
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	bool shared;

	if (op->guest.type != XLPT_GUEST_HVM)
		return;
	shared = xlpt_line_kept(op->env, &op->guest, item->spec.bdf);
	for (size_t k = 0; k < i && line > 0; k++)
		shared |= !op->items[k].device.caps.msi_on && op->items[k].device.irq == line;
	if (!shared)
		return;
	xlpt_diag_set(
		&warning, XLPT_ERR_RULE,
		"%s has its interrupt line together with another device of %s: libvirt cannot "
		"take one of them back while the guest has both",
		bdf, op->guest.name);
	xlpt_diag_fact(&warning, "libxl unmaps the line of a device that leaves an HVM guest");
	xlpt_diag_hint(
		&warning,
		"when that matters, give it only one of them; or take one back with xlpt "
		"detach --around-libvirt, and libvirt lists it until the guest's next start");
	xlpt_op_warn(op, &warning);
}

int xlpt_libvirt_judge(struct xlpt_op *op, bool attach, struct xlpt_diag *diag)
{
	_cleanup_libvirt_devices_ struct xlpt_libvirt_devices list = { 0 };
	int rc;

	xlpt_op_point(op, "libvirt", NULL);
	if (op->env->around_libvirt && xlpt_libvirt_made(op->env, &op->guest))
		xlpt_warn(op->env, "libvirt is not told: virsh dumpxml %s is wrong afterwards",
			  XLPT_WORD(op->guest.name));
	rc = xlpt_libvirt_ask(op->env, &op->guest, &list, diag);
	op->libvirt = rc > 0;
	rc = rc < 0 ? rc : 0;
	for (size_t i = 0; rc == 0 && op->libvirt && i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		const struct xlpt_libvirt_device *d =
			xlpt_libvirt_devices_find(&list, item->spec.bdf);

		if (!attach) {
			rc = d && !op->by_force ? judge_line(op, item, diag) : 0;
			continue;
		}
		rc = judge_words(op, item, diag);
		if (rc == 0)
			warn_line(op, i);
	}
	return xlpt_op_judged(op, rc, diag);
}

/* ---- one device as libvirt's XML ---- */

static int element(const struct xlpt_libvirt_device *d, struct xlpt_str *out,
		   struct xlpt_diag *diag)
{
	_cleanup_dom_ struct xlpt_dom dom;
	struct xlpt_pci *pci;

	xlpt_dom_init(&dom);
	pci = XLPT_DOM_ADD(&dom, pci);
	pci->spec.has_bdf = true;
	pci->spec.bdf = d->bdf;
	pci->managed = XLPT_OFF;
	/*
	 * Without <driver name='xen'/>, libvirt 11.3 holds the device as in use after its detach.
	 * [lab]
	 */
	pci->driver = xlpt_xstrdup("xen");
	pci->filtering = d->permissive ? XLPT_OFF : XLPT_UNSET;
	pci->interface = d->interface;
	if (d->id.has_mac)
		pci->id.mac = xlpt_xstrdup(XLPT_MAC_STR(d->id.mac));
	if (d->id.has_vlan && d->id.vlan.id)
		xlpt_netid_add_tag(&pci->id, d->id.vlan.id);
	return xlpt_libvirt_write(&dom, NULL, XLPT_WRITE_DEVICES_ONLY, out, NULL, diag);
}

/* What the VF has by now. *now belongs to net; NULL when the PF says nothing of this VF. */
static int vf_now(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_vf *vf,
		  struct xlpt_pf_net *net, const struct xlpt_vf_net **now, struct xlpt_diag *diag)
{
	int rc = xlpt_vf_locate(op->env, bdf, vf, diag);

	if (rc == 0)
		rc = xlpt_pf_net_read(op->env->rtnl, vf->pf.ifname, net, diag);
	*now = rc ? NULL : xlpt_pf_net_vf(net, vf->index);
	return rc;
}

/*
 * The VF as an interface, with the identity that it has by now: xlpt's own steps have set it.
 * libvirt's XML has no words for the rest of an identity, nor for the priority of a VLAN; without
 * a MAC address libvirt would make one up.
 */
static int identity_of(struct xlpt_op *op, const struct xlpt_item *item,
		       struct xlpt_libvirt_device *d, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	const struct xlpt_vf_net *now = NULL;
	int rc = xlpt_env_need_rtnl(op->env, diag);

	if (rc == 0)
		rc = vf_now(op, item->spec.bdf, &vf, &net, &now, diag);
	if (!now || !now->id.has_mac || !memcmp(now->id.mac, (uint8_t[6]){ 0 }, 6) ||
	    (now->id.has_vlan && (now->id.vlan.qos || now->id.vlan.proto != XLPT_VLAN_8021Q)))
		return rc;
	d->interface = true;
	d->id = (struct xlpt_vf_identity){ .has_mac = true,
					   .has_vlan = now->id.has_vlan,
					   .vlan = now->id.vlan };
	memcpy(d->id.mac, now->id.mac, 6);
	return 0;
}

/* ---- asking libvirt for a change ---- */

static uint64_t log_end(struct xlpt_env *env)
{
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(env->host, LOG, 0, &st);

	return fd < 0 ? 0 : (uint64_t)st.st_size;
}

/* libxl's own log lines about it, which libvirt does not show. */
static void add_log(struct xlpt_env *env, uint64_t from, struct xlpt_diag *diag)
{
	char buf[LOG_MAX + 1] = "", *save = NULL;
	_cleanup_str_ struct xlpt_str lines = { 0 };
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(env->host, LOG, 0, &st);

	if (fd < 0 || pread(fd, buf, LOG_MAX, (uint64_t)st.st_size < from ? 0 : (off_t)from) <= 0)
		return;
	for (char *l = strtok_r(buf, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strstr(l, "libxl") || strstr(l, "xc:"))
			xlpt_str_addf(&lines, "%s%s", lines.len ? "\n" : "", l);
	if (lines.len)
		xlpt_diag_add_log(diag, lines.s);
}

/*
 * libvirt resets a device that can only be reset with its bus when it has itself seen that nobody uses
 * the others there (virPCIDeviceTrySecondaryBusReset), and does not look at their drivers for that.
 * Its line names one of them.
 */
static bool hint_neighbour(const char *said, struct xlpt_diag *diag)
{
	const char *at = strstr(said, "not doing bus reset") ? strstr(said, "Active ") : NULL;
	const size_t len = strlen("0000:00:00.0");
	struct xlpt_bdf b;

	if (!at || strlen(at += strlen("Active ")) < len || xlpt_bdf_parse(at, len, &b, NULL))
		return false;
	xlpt_diag_hint(
		diag,
		"when neither dom0 nor a guest uses %s, tell libvirt so: virsh -c xen:///system "
		"nodedev-detach pci_%04x_%02x_%02x_%x --driver xen; the same for each other "
		"one on its bus",
		XLPT_BDF_STR(b), b.seg, b.bus, b.dev, b.func);
	return true;
}

static int change(struct xlpt_env *env, const struct xlpt_guest *guest, const char *verb,
		  const struct xlpt_libvirt_device *d, int64_t timeout_ms, struct xlpt_diag *diag)
{
	const char *words[] = { verb, guest->uuid, "/dev/stdin", "--live", NULL };
	_cleanup_virsh_ struct xlpt_virsh v = { 0 };
	_cleanup_str_ struct xlpt_str xml = { 0 };
	uint64_t from = log_end(env);
	int rc = element(d, &xml, diag);

	if (rc == 0)
		rc = env->ts->ops->virsh(env->ts, words, xlpt_str_get(&xml), timeout_ms + LIBXL_MS,
					 &v, diag);
	if (rc || (!v.timed_out && !v.status))
		return rc;
	xlpt_diag_set(diag, v.timed_out ? XLPT_ERR_TIMEOUT : XLPT_ERR_TOOLSTACK,
		      "virsh %s of %s for %s %s", verb, XLPT_BDF_STR(d->bdf), guest->name,
		      v.timed_out ? "did not end" : "failed");
	xlpt_diag_add_log(diag, xlpt_str_get(&v.err));
	add_log(env, from, diag);
	if (!hint_neighbour(xlpt_str_get(&v.err), diag))
		xlpt_diag_hint(diag, "libvirt's own lines say why; " LOG " has what libxl said");
	return diag ? diag->code : XLPT_ERR_TOOLSTACK;
}

int xlpt_guest_add(struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	const struct xlpt_item *item = &op->items[i];
	struct xlpt_libvirt_device d = { .bdf = item->spec.bdf,
					 .permissive = item->spec.permissive == XLPT_ON };
	int rc = 0;

	if (!op->libvirt)
		return op->env->ts->ops->device_add(op->env->ts, op->guest.domid, &item->spec,
						    diag);
	if (!xlpt_vfid_is_empty(&item->spec.vf) && item->vf.want.port == XLPT_PORT_UNSET &&
	    !d.permissive)
		rc = identity_of(op, item, &d, diag);
	return rc ? rc : change(op->env, &op->guest, "attach-device", &d, op->timeout_ms, diag);
}

int xlpt_libvirt_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_libvirt_devices_ struct xlpt_libvirt_devices list = { 0 };
	int rc = xlpt_libvirt_ask(env, guest, &list, diag);
	const struct xlpt_libvirt_device *d = xlpt_libvirt_devices_find(&list, bdf);

	if (rc < 0 || !d)
		return rc < 0 ? rc : 0;
	rc = change(env, guest, "detach-device", d, timeout_ms, diag);
	return rc ? rc : 1;
}

int xlpt_guest_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		      int64_t timeout_ms, struct xlpt_diag *diag)
{
	int rc = xlpt_had_line_note(env, guest, bdf, NULL, diag);

	if (rc == 0)
		rc = xlpt_libvirt_remove(env, guest, bdf, timeout_ms, diag);
	if (rc)
		return rc < 0 ? rc : 0;
	/* libvirt was never told of this device, so libxl alone takes it. */
	return env->ts->ops->device_remove(env->ts, guest->domid, bdf, false, diag);
}

/* ---- and whether libvirt's list agrees afterwards ---- */

void xlpt_libvirt_tell_left(struct xlpt_env *env, const struct xlpt_guest *guest,
			    struct xlpt_bdf bdf)
{
	_cleanup_libvirt_devices_ struct xlpt_libvirt_devices list = { 0 };

	if (xlpt_libvirt_ask(env, guest, &list, NULL) <= 0 ||
	    !xlpt_libvirt_devices_find(&list, bdf))
		return;
	xlpt_warn(env, "libvirt lists %s for %s until its next start", XLPT_BDF_STR(bdf),
		  guest->name);
}

/* libvirt has set the identity once more, in its own way: it must be the same. */
static int same_identity(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	_cleanup_str_ struct xlpt_str want = { 0 }, has = { 0 };
	struct xlpt_vf_identity plain = item->vf.want, now;
	const struct xlpt_vf_net *it;
	int rc;

	if (!item->vf.active || xlpt_vfid_is_empty(&item->spec.vf))
		return 0;
	rc = vf_now(op, item->spec.bdf, &vf, &net, &it, diag);
	if (!it)
		return rc;
	plain = xlpt_vf_net_old(&plain, &plain);
	now = xlpt_vf_net_old(&it->id, &plain);
	xlpt_vfid_format(&plain, ' ', &want);
	xlpt_vfid_format(&now, ' ', &has);
	if (xlpt_streq(xlpt_str_get(&want), xlpt_str_get(&has)))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s does not have its identity any more:%s",
		      XLPT_BDF_STR(item->spec.bdf), xlpt_str_get(&has));
	xlpt_diag_fact(diag, "libvirt has set it anew; it was to be:%s", xlpt_str_get(&want));
	xlpt_diag_hint(diag, "ip link show %s", XLPT_WORD(vf.pf.ifname));
	return XLPT_ERR_CONFLICT;
}

int xlpt_libvirt_verify(struct xlpt_op *op, size_t i, bool has, struct xlpt_diag *diag)
{
	_cleanup_libvirt_devices_ struct xlpt_libvirt_devices list = { 0 };
	const struct xlpt_item *item = &op->items[i];
	int rc = op->libvirt ? xlpt_libvirt_ask(op->env, &op->guest, &list, diag) : 0;

	if (rc <= 0)
		return rc;
	if (!xlpt_libvirt_devices_find(&list, item->spec.bdf) == !has)
		return has ? same_identity(op, item, diag) : 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "libvirt %s %s",
		      has ? "does not list" : "still lists", XLPT_BDF_STR(item->spec.bdf));
	xlpt_diag_fact(diag, "%s",
		       has ? "it reported that it had attached it"
			   : "the guest does not have it any more");
	xlpt_diag_hint(diag, "virsh dumpxml %s shows what it lists", XLPT_WORD(op->guest.name));
	return XLPT_ERR_CONFLICT;
}
