/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/repair/facts.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/repair/contradictions.h"
#include "xl-plugin/repair/repair.h"

/* virnetdev.c, virNetDevSaveNetConfig: PF_vfN, JSON with mac, vlanTag and adminMac. */
#define XLPT_LIBVIRT_KEPT "/run/libvirt/hostdevmgr"
#define KEPT_MAX	  4096

static void journals_free(struct xlpt_journal *js, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xlpt_journal_dispose(&js[i]);
	free(js);
}

void xlpt_facts_dispose(struct xlpt_facts *f)
{
	journals_free(f->left, f->n_left);
	journals_free(f->running, f->n_running);
	xlpt_devices_dispose(&f->devices);
	xlpt_owners_dispose(&f->owners);
	for (size_t i = 0; i < f->n_backends; i++)
		xlpt_pcibe_dispose(&f->backends[i]);
	free(f->backends);
	xlpt_guests_free(f->guests, f->n_guests);
	free(f->hidden);
	xlpt_returns_dispose(&f->leases);
	free(f->lent);
	free(f->xen_owners);
	free(f->configured);
	for (size_t i = 0; i < f->n_kept; i++) {
		free(f->kept[i].path);
		free(f->kept[i].vf);
	}
	free(f->kept);
	free(f->unlike);
	*f = (struct xlpt_facts){ 0 };
}

const struct xlpt_guest *xlpt_facts_guest(const struct xlpt_facts *f, uint32_t domid)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (f->guests[i].domid == domid)
			return &f->guests[i];
	return NULL;
}

bool xlpt_facts_has_device(const struct xlpt_facts *f, struct xlpt_bdf bdf)
{
	return !f->has_bus || xlpt_devices_find(&f->devices, bdf);
}

static bool is_of(const struct xlpt_journal *j, const struct xlpt_bdf *bdf, int64_t domid)
{
	if (domid >= 0 && j->guest.name && j->guest.domid == domid)
		return true;
	for (size_t i = 0; bdf && i < j->n; i++)
		if (xlpt_bdf_eq(j->devs[i].bdf, *bdf))
			return true;
	return false;
}

bool xlpt_facts_explained(const struct xlpt_facts *f, const struct xlpt_bdf *bdf, int64_t domid)
{
	for (size_t i = 0; i < f->n_left && !(f->flags & XLPT_LOOK_PAST_JOURNALS); i++)
		if (is_of(&f->left[i], bdf, domid))
			return true;
	for (size_t i = 0; i < f->n_running; i++)
		if (is_of(&f->running[i], bdf, domid))
			return true;
	return false;
}

static int read_backends(struct xlpt_facts *f, struct xlpt_diag *diag)
{
	_cleanup_free_ uint32_t *domids = NULL;
	size_t n = 0;
	int rc = xlpt_pcibe_domids(f->env->store, &domids, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct xlpt_pcibe be = { 0 };

		rc = xlpt_pcibe_read(f->env->store, domids[i], &be, diag);
		if (rc)
			break;
		XLPT_GROW(f->backends, f->n_backends, f->alloc_backends);
		f->backends[f->n_backends++] = be;
	}
	return rc;
}

static int add_hidden(struct xlpt_facts *f, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < f->n_hidden; i++)
		if (xlpt_bdf_eq(f->hidden[i].bdf, bdf))
			return 0;
	XLPT_GROW(f->hidden, f->n_hidden, f->alloc_hidden);
	return xlpt_hidden_look(f->env, bdf, xlpt_owners_find(&f->owners, bdf),
				&f->hidden[f->n_hidden++], diag);
}

static int read_hidden(struct xlpt_facts *f, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *noted = NULL;
	size_t n = 0;
	int rc = xlpt_pcinote_owned(f->env->store, &noted, &n, diag);

	/* Whatever a guest was given came from pciback. */
	for (size_t i = 0; rc == 0 && i < f->devices.n; i++)
		if (xlpt_streq(f->devices.items[i].driver, XLPT_PCIBACK_DRIVER))
			rc = add_hidden(f, f->devices.items[i].bdf, diag);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_hidden(f, noted[i], diag);
	return rc;
}

/* One that libxl cannot read (a name that is no UTF-8) does not keep the others from being mended. */
static void read_configs(struct xlpt_facts *f)
{
	for (size_t i = 0; i < f->n_guests; i++) {
		_cleanup_diag_ struct xlpt_diag why = { 0 };
		struct xlpt_spec *specs = NULL;
		size_t n = 0;

		/* Its files go while it dies, and what it has goes with it. */
		if (f->guests[i].dying)
			continue;
		if (f->env->ts->ops->guest_config_pci(f->env->ts, f->guests[i].domid, &specs, &n,
						      &why))
			xlpt_verbose(f->env, "%s", why.message);
		for (size_t k = 0; k < n; k++) {
			XLPT_GROW(f->configured, f->n_configured, f->alloc_configured);
			f->configured[f->n_configured++] =
				(struct xlpt_configured){ .domid = f->guests[i].domid,
							  .bdf = specs[k].bdf };
			xlpt_spec_dispose(&specs[k]);
		}
		free(specs);
	}
}

static void add_kept(struct xlpt_facts *f, const char *name)
{
	const char *mark = strstr(name, "_vf");
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	_cleanup_free_ char *ifname = NULL;
	struct xlpt_kept *k;
	uint64_t index;

	/* Others are of whole interfaces (macvtap), which is no passthrough. */
	if (!mark || !xlpt_parse_uint(mark + 3, strlen(mark + 3), 10, 65535, &index))
		return;
	XLPT_GROW(f->kept, f->n_kept, f->alloc_kept);
	k = &f->kept[f->n_kept++];
	*k = (struct xlpt_kept){ .path = xlpt_xasprintf(XLPT_LIBVIRT_KEPT "/%s", name),
				 .vf = xlpt_xstrdup(name) };
	ifname = xlpt_xstrndup(name, (size_t)(mark - name));
	if (xlpt_pf_find(f->env->host, ifname, &pf, NULL) || index >= pf.n)
		return;
	k->has_bdf = true;
	k->bdf = pf.vfs[index];
	k->may_have = xlpt_guest_may_have(f->env, k->bdf);
}

static void read_kept(struct xlpt_facts *f)
{
	_cleanup_strv_ char **names = NULL;

	if (xlpt_host_list(f->env->host, &names, XLPT_LIBVIRT_KEPT))
		return;
	for (char **p = names; *p && f->n_kept < KEPT_MAX; p++)
		add_kept(f, *p);
}

static void add_unlike(struct xlpt_facts *f, uint32_t domid, struct xlpt_bdf bdf, bool listed)
{
	XLPT_GROW(f->unlike, f->n_unlike, f->alloc_unlike);
	f->unlike[f->n_unlike++] =
		(struct xlpt_unlike){ .domid = domid, .bdf = bdf, .listed = listed };
}

static void compare(struct xlpt_facts *f, const struct xlpt_guest *g,
		    const struct xlpt_libvirt_devices *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(&f->owners, list->items[i].bdf);

		if (!o || o->domid != g->domid)
			add_unlike(f, g->domid, list->items[i].bdf, true);
	}
	for (size_t i = 0; i < f->owners.n; i++)
		if (f->owners.items[i].domid == g->domid &&
		    !xlpt_libvirt_devices_find(list, f->owners.items[i].bdf))
			add_unlike(f, g->domid, f->owners.items[i].bdf, false);
}

/*
 * What libvirt's daemon has noted of the guest, against what the guest has. Where that is not the same,
 * the daemon itself is asked: after a detach of libvirt's that had failed, its note was seen to have a
 * device that virsh dumpxml did not list any more.
 */
static void read_unlike(struct xlpt_facts *f, const struct xlpt_guest *g)
{
	_cleanup_libvirt_devices_ struct xlpt_libvirt_devices noted = { 0 }, listed = { 0 };
	size_t before = f->n_unlike;
	int rc;

	if (g->dying || !xlpt_libvirt_noted(f->env, g, &noted))
		return;
	compare(f, g, &noted);
	if (f->n_unlike == before || f->libvirt_silent)
		return;
	/* One that does not answer is waited for once, not for each guest. */
	rc = xlpt_libvirt_ask(f->env, g, &listed, NULL);
	f->libvirt_silent = rc < 0;
	if (rc <= 0)
		return;
	f->n_unlike = before;
	compare(f, g, &listed);
}

static void read_more(struct xlpt_facts *f, unsigned flags)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	struct xlpt_toolstack *ts = f->env->ts;

	read_kept(f);
	for (size_t i = 0; i < f->n_guests; i++)
		read_unlike(f, &f->guests[i]);
	if (flags & XLPT_LOOK_CONFIGS)
		read_configs(f);
	if ((flags & XLPT_LOOK_XEN_LOG) && ts->ops->device_owners &&
	    ts->ops->device_owners(ts, &f->xen_owners, &f->n_xen_owners, &why))
		xlpt_verbose(f->env, "%s", why.message);
}

static int read_xen(struct xlpt_facts *f, struct xlpt_diag *diag)
{
	struct xlpt_env *env = f->env;
	int rc = xlpt_owners_read(env, &f->owners, diag);

	if (rc == 0)
		rc = read_backends(f, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_list(env->ts, &f->guests, &f->n_guests, diag);
	if (rc == 0)
		rc = read_hidden(f, diag);
	if (rc == 0)
		rc = xlpt_leases_over(env, &f->leases, diag);
	return rc ? rc : xlpt_loan_orphans(env, &f->owners, &f->lent, &f->n_lent, diag);
}

int xlpt_facts_read(struct xlpt_env *env, unsigned flags, struct xlpt_facts *f,
		    struct xlpt_diag *diag)
{
	int rc;

	*f = (struct xlpt_facts){ .env = env,
				  .flags = flags,
				  .xen = env->store && env->ts,
				  .has_bus = xlpt_host_has(env->host, "/sys/bus/pci/devices") };
	rc = xlpt_journal_left(env, &f->left, &f->n_left, &f->running, &f->n_running, diag);
	if (rc == 0 && !env->sysroot)
		f->unfinished = xlpt_sweep_count(env);
	if (rc == 0)
		rc = xlpt_scan_all(env->host, 0, NULL, &f->devices, diag);
	if (rc == 0 && f->xen)
		rc = read_xen(f, diag);
	if (rc == 0 && f->xen)
		read_more(f, flags);
	return rc;
}
