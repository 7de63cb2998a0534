/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual functions (VFs) in pciback's list. None of them exists when pciback reads the list. pciback
 * keeps the addresses, and takes such a VF when it is made (pcistub_probe in pci_stub.c): so something
 * has to make it at every boot, its PF must not be hidden itself, and the kernel must offer it to
 * drivers (sriov_drivers_autoprobe).
 */
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/setter.h"
#include "pciback/sriov/vf.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/vf/vf.h"

#define HOST_CONF "/etc/xlpt/host.conf"

/* One PF, what makes its VFs at boot, and those of them that are to be hidden. */
struct maker {
	struct xlpt_pf pf;
	char *unit, *conf, *setter; /* that makes them: of each kind one, or NULL */
	bool no_driver;		    /* the kernel offers them to no driver, so not to pciback */
	struct xlpt_str names;	    /* VFs in the list, "A, B" */
	unsigned needed;	    /* so many VFs are needed for all of them */
};

static void maker_dispose(struct maker *m)
{
	xlpt_pf_dispose(&m->pf);
	free(m->unit);
	free(m->conf);
	free(m->setter);
	xlpt_str_dispose(&m->names);
}
#define _cleanup_maker_ XLPT_CLEANUP(maker_dispose)

/* "[vfs WORD]" of a host.conf, where the word is the PF's address or interface. */
static void look_in_conf(struct xlpt_host *h, const char *path, struct maker *m)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *l;

	if (m->conf || xlpt_file_read(h, path, 1u << 20, &text) < 0)
		return;
	cursor = text.s;
	for (unsigned nr = 1; (l = xlpt_file_line(&cursor)); nr++) {
		struct xlpt_bdf bdf;

		l += strspn(l, " \t");
		if (!xlpt_starts(l, "[vfs") || !strchr(" \t", l[4]))
			continue;
		l += 4 + strspn(l + 4, " \t");
		l[strcspn(l, " \t]")] = '\0';
		if (xlpt_streq(l, m->pf.ifname) ||
		    (xlpt_bdf_parse_any(l, &bdf, NULL) == 0 && xlpt_bdf_eq(bdf, m->pf.bdf))) {
			m->conf = xlpt_xasprintf("%s:%u", path, nr);
			return;
		}
	}
}

static bool find_maker(struct xlpt_env *env, struct xlpt_bdf bdf, struct maker *m)
{
	_cleanup_setters_ struct xlpt_setters setters = { 0 };
	_cleanup_free_ char *key = NULL, *text = NULL;
	_cleanup_strv_ char **names = NULL;

	*m = (struct maker){ 0 };
	if (xlpt_pf_read(env->host, bdf, &m->pf, NULL))
		return false;
	key = xlpt_vf_unit_of(env, &m->pf);
	m->no_driver = xlpt_pf_autoprobe(env->host, bdf) == 0;
	if (key) {
		_cleanup_free_ char *path = xlpt_vf_unit_path(key);

		m->unit = xlpt_xstrdup(strrchr(path, '/') + 1);
		m->no_driver |= xlpt_host_read_text(env->host, &text, "%s", path) >= 0 &&
				strstr(text, " --no-driver ");
	}
	look_in_conf(env->host, HOST_CONF, m);
	xlpt_host_list(env->host, &names, HOST_CONF ".d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf(HOST_CONF ".d/%s", *n);

		if (strlen(*n) > 5 && !strcmp(*n + strlen(*n) - 5, ".conf"))
			look_in_conf(env->host, path, m);
	}
	xlpt_setters_read(env->host, &m->pf, &setters);
	for (size_t i = 0; !m->setter && i < setters.n; i++)
		if (setters.items[i].count >= 0)
			m->setter = xlpt_xasprintf("%s (%s)", setters.items[i].program,
						   setters.items[i].file);
	return true;
}

/* Who makes them at boot, or NULL. */
static const char *maker_of(const struct maker *m)
{
	return m->unit ? m->unit : m->conf ? m->conf : m->setter;
}

/* The guest that has the VF, as a word for xlpt detach; NULL: none, or no xenstore tells. Caller frees. */
static char *guest_of(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	uint32_t domid;
	char *name = NULL;

	if (!env->store || xlpt_pcibe_owner(env->store, bdf, &domid, NULL) <= 0)
		return NULL;
	if (xlpt_store_read(env->store, 0, &name, "/local/domain/%u/name", domid) || !name)
		return xlpt_xasprintf("%u", domid);
	return name;
}

/* The line that makes the VFs at every boot; the others of this PF must not be in use then. */
static char *way(struct xlpt_env *env, const struct maker *m)
{
	const char *pf = XLPT_BDF_STR(m->pf.bdf), *driver = m->no_driver ? "--driver " : "";
	_cleanup_str_ struct xlpt_str hidden = { 0 }, out = { 0 };

	for (size_t i = 0; i < m->pf.n; i++) {
		_cleanup_free_ char *name = NULL, *guest = NULL;

		xlpt_host_link_name(env->host, &name, "/sys/bus/pci/devices/%s/driver",
				    XLPT_BDF_STR(m->pf.vfs[i]));
		if (!xlpt_streq(name, XLPT_PCIBACK_DRIVER))
			continue;
		xlpt_str_addf(&hidden, " %s", XLPT_BDF_STR(m->pf.vfs[i]));
		guest = guest_of(env, m->pf.vfs[i]);
		if (guest)
			xlpt_str_addf(&out, "xlpt detach %s %s; ", XLPT_WORD(guest),
				      XLPT_BDF_STR(m->pf.vfs[i]));
	}
	if (hidden.len)
		xlpt_str_addf(&out, "xlpt unhide%s; ", hidden.s);
	if (m->conf)
		xlpt_str_addf(&out, "give it %u VFs in %s, and run: xlpt apply", m->needed,
			      m->conf);
	else if (m->setter)
		xlpt_str_addf(&out, "xlpt vf create %s%s %u; xlpt vf persist --apply %s", driver,
			      pf, m->needed, pf);
	else
		xlpt_str_addf(&out, "xlpt vf create --persist %s%s %u", driver, pf, m->needed);
	return xlpt_str_take(&out);
}

/* ---- verify ---- */

/* The PF that has a VF at an address of this group, once there are *needed of them. */
static bool of_pf(struct xlpt_env *env, const struct xlpt_devices *devs,
		  const struct xlpt_hide_group *g, struct xlpt_bdf *pf, unsigned *needed)
{
	*needed = 0;
	for (size_t i = 0; !*needed && i < devs->n; i++) {
		const struct xlpt_device *d = &devs->items[i];
		struct xlpt_vf_place place;
		struct xlpt_bdf vf;

		if (d->vf_total <= 0 || !xlpt_vf_place_read(env->host, d->bdf, &place))
			continue;
		for (int k = 0; k < d->vf_total && xlpt_vf_place_at(&place, (unsigned)k, &vf); k++)
			if (xlpt_hide_matches(g, vf)) {
				*needed = (unsigned)k + 1;
				*pf = d->bdf;
			}
	}
	return *needed > 0;
}

/* The place of one VF that is not there, the indexth of its PF from 1, in words, and what brings it there. */
static void tell(struct xlpt_env *env, struct maker *m, unsigned index, unsigned least, char **fact,
		 char **hint)
{
	struct xlpt_bdf bdf = m->pf.bdf;

	m->needed = index > least ? index : least;
	*fact = xlpt_xasprintf("it is virtual function %u of %s%s%s%s, which has %d now", index - 1,
			       XLPT_BDF_STR(bdf), m->pf.ifname ? " (" : "",
			       m->pf.ifname ? m->pf.ifname : "", m->pf.ifname ? ")" : "",
			       m->pf.count);
	if (xlpt_streq(m->pf.driver, XLPT_PCIBACK_DRIVER))
		*hint = xlpt_xasprintf(
			"%s itself is hidden, so nothing can make its VFs: xlpt boot "
			"remove %s, and reboot",
			XLPT_BDF_STR(bdf), XLPT_BDF_STR(bdf));
	else if (!m->pf.driver)
		*hint = xlpt_xasprintf("%s has no driver, which would make its VFs: lspci -k -s %s "
				       "names one; load it first",
				       XLPT_BDF_STR(bdf), XLPT_BDF_STR(bdf));
	else if (m->unit && !m->pf.count && xlpt_vf_unit_is_unread(env->host))
		*hint = xlpt_xstrdup("rc-update add xlpt-vfs; rc-service xlpt-vfs start");
	else if (m->unit && !m->pf.count)
		*hint = xlpt_xasprintf("%s makes it at boot, and did not: systemctl status %s",
				       m->unit, m->unit);
	else
		*hint = way(env, m);
}

/* Of each verdict, read once: each one is compared with all others. */
struct gone {
	struct xlpt_bdf pf;
	unsigned needed; /* so many VFs of this PF, or 0: it is no VF of any */
};

static struct gone *find_gone(struct xlpt_env *env, enum xlpt_hide_grammar grammar,
			      const struct xlpt_devices *devs, const struct xlpt_verdicts *of)
{
	struct gone *all = xlpt_xcalloc(of->n, sizeof(*all));

	for (size_t i = 0; i < of->n; i++) {
		_cleanup_hide_ struct xlpt_hide_list list = { 0 };

		if (of->items[i].gone && !xlpt_hide_arg(grammar, of->items[i].bdf, &list, NULL) &&
		    list.n == 1)
			of_pf(env, devs, &list.items[0], &all[i].pf, &all[i].needed);
	}
	return all;
}

void xlpt_boot_vfs_verify(struct xlpt_env *env, enum xlpt_hide_grammar grammar,
			  struct xlpt_verdicts *out)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_maker_ struct maker m = { 0 };
	_cleanup_free_ struct gone *all = NULL;
	bool any = false, known = false;

	for (size_t i = 0; i < out->n; i++)
		any |= out->items[i].gone;
	if (!any || xlpt_scan_all(env->host, 0, NULL, &devs, NULL))
		return;
	all = find_gone(env, grammar, &devs, out);
	for (size_t i = 0; i < out->n; i++) {
		struct xlpt_verdict *v = &out->items[i];
		_cleanup_free_ char *fact = NULL;
		unsigned least = 0;

		if (!all[i].needed)
			continue;
		/* One number for all that this PF lacks. */
		for (size_t k = 0; k < out->n; k++)
			if (all[k].needed > least && xlpt_bdf_eq(all[i].pf, all[k].pf))
				least = all[k].needed;
		/* Mostly it is the PF of the one before. */
		if (!known || !xlpt_bdf_eq(m.pf.bdf, all[i].pf)) {
			maker_dispose(&m);
			known = find_maker(env, all[i].pf, &m);
		}
		if (!known)
			continue;
		free(v->hint);
		tell(env, &m, all[i].needed, least, &fact, &v->hint);
		/* A pin's own words say more of which device it is. */
		if (v->state == XLPT_HIDDEN_ABSENT) {
			free(v->fact);
			v->fact = XLPT_TAKE(fact);
		}
	}
}

bool xlpt_boot_vfs_absent(struct xlpt_env *env, const struct xlpt_devices *devs,
			  const struct xlpt_hide_group *g, char **fact, char **hint)
{
	_cleanup_maker_ struct maker m = { 0 };
	struct xlpt_bdf pf;
	unsigned index;

	if (!of_pf(env, devs, g, &pf, &index) || !find_maker(env, pf, &m))
		return false;
	tell(env, &m, index, 0, fact, hint);
	return true;
}

/* ---- plan ---- */

static bool named(const struct xlpt_hide_list *list, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < list->n; i++)
		if (xlpt_hide_matches(&list->items[i], bdf))
			return true;
	return false;
}

/* VFs of the PF in the list: those that are there, and those that are named one by one. */
static void find_vfs(struct xlpt_env *env, const struct xlpt_boot_plan *p, struct maker *m)
{
	m->needed = (unsigned)m->pf.count;
	for (unsigned i = 0; i < (unsigned)m->pf.total; i++) {
		bool there = i < m->pf.n;
		struct xlpt_bdf vf;
		struct xlpt_hide_group one;

		if (there)
			vf = m->pf.vfs[i];
		else if (!xlpt_pf_vf_address(env->host, m->pf.bdf, i, &vf))
			return;
		one = (struct xlpt_hide_group){
			.seg = vf.seg, .bus = vf.bus, .dev = (int8_t)vf.dev, .func = (int8_t)vf.func
		};
		if (there ? !named(&p->list, vf) : !xlpt_hide_has(&p->list, &one))
			continue;
		xlpt_str_addf(&m->names, "%s%s", m->names.len ? ", " : "", XLPT_BDF_STR(vf));
		m->needed = i >= m->needed ? i + 1 : m->needed;
	}
}

static void tell_pf(struct xlpt_boot_plan *p, const struct maker *m)
{
	const char *pf = XLPT_BDF_STR(m->pf.bdf), *maker = maker_of(m);

	if (m->pf.count)
		xlpt_strv_addf(
			&p->notes,
			"%s has %d virtual functions now: pciback takes it before its driver "
			"could make them, so after the next boot there are none",
			pf, m->pf.count);
	else if (maker)
		xlpt_strv_addf(&p->notes,
			       "%s: pciback takes it before its driver, so %s cannot make its "
			       "virtual functions",
			       pf, maker);
	if (m->names.len)
		xlpt_strv_addf(&p->notes,
			       "the list has %s and its virtual functions %s, which will not be "
			       "there: hide either it or them",
			       pf, m->names.s);
}

static void tell_vfs(struct xlpt_env *env, struct xlpt_boot_plan *p, const struct maker *m,
		     bool also_good)
{
	const char *maker = maker_of(m);
	bool many = strchr(m->names.s, ',') != NULL;
	_cleanup_free_ char *mend = way(env, m);
	_cleanup_free_ char *who = xlpt_xasprintf(
		"%s: %s of %s%s%s%s; %s when pciback reads its list", m->names.s,
		many ? "virtual functions" : "a virtual function", XLPT_BDF_STR(m->pf.bdf),
		m->pf.ifname ? " (" : "", m->pf.ifname ? m->pf.ifname : "", m->pf.ifname ? ")" : "",
		many ? "they do not exist" : "it does not exist");
	const char *it = many ? "them" : "it", *are = many ? "they are" : "it is";

	if (m->no_driver)
		xlpt_strv_addf(
			&p->notes,
			"%s; the kernel offers %s to no driver (sriov_drivers_autoprobe is 0, "
			"as with --no-driver), so pciback does not take %s later: %s",
			who, it, it, mend);
	else if (!maker)
		xlpt_strv_addf(
			&p->notes,
			"%s; pciback takes %s when %s made, and nothing makes %s at boot: %s", who,
			it, are, it, mend);
	else if (also_good)
		xlpt_strv_addf(&p->notes, "%s; pciback takes %s when %s makes %s", who, it, maker,
			       it);
}

void xlpt_boot_vfs_notes(struct xlpt_env *env, const struct xlpt_boot_req *req,
			 struct xlpt_boot_plan *p, const struct xlpt_devices *devs)
{
	for (size_t i = 0; !req->remove && p->list.n && i < devs->n; i++) {
		const struct xlpt_device *d = &devs->items[i];
		_cleanup_maker_ struct maker m = { 0 };
		bool hidden = false;

		if (d->vf_total <= 0 || !find_maker(env, d->bdf, &m))
			continue;
		for (size_t k = 0; k < p->list.n; k++)
			hidden |= xlpt_boot_means(devs, &p->list.items[k], d);
		find_vfs(env, p, &m);
		if (hidden)
			tell_pf(p, &m);
		else if (m.names.len)
			tell_vfs(env, p, &m, p->added.n || req->only_look);
	}
}
