/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/resolve.h"

#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/net.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/pins.h"

int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	struct xlpt_pin_match match;
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0)
		rc = xlpt_pin_load(env, name, &pin, diag);
	if (rc == 0)
		rc = xlpt_pin_locate(env, name, &pin, &match, diag);
	if (rc)
		return rc;
	if (match.moved)
		xlpt_warn(env, "pin:%s is %s now%s; it was %s when it was pinned", name,
			  XLPT_BDF_STR(match.bdf), match.other_slot ? ", in another slot" : "",
			  XLPT_BDF_STR(pin.address));
	else
		xlpt_verbose(env, "pin:%s is %s", name, XLPT_BDF_STR(match.bdf));
	*bdf = match.bdf;
	return 0;
}

static void add_function(struct xlpt_things *out, unsigned kind, struct xlpt_bdf bdf,
			 const char *word, char *what)
{
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = (struct xlpt_thing){ kind, bdf, xlpt_xstrdup(word), what };
}

/* ---- a thing of this host ---- */

static void mac_of_pf(struct xlpt_env *env, const struct xlpt_pf *pf, const char *mac,
		      struct xlpt_things *out)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };

	if (!pf->ifname || !pf->n || xlpt_pf_net_read(env->rtnl, pf->ifname, &net, NULL))
		return;
	for (size_t i = 0; i < net.n; i++) {
		const struct xlpt_vf_net *vf = &net.vfs[i];
		const uint8_t *m = vf->id.mac;
		char text[18];

		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
			 m[3], m[4], m[5]);
		if (vf->id.has_mac && vf->index < pf->n && !strcasecmp(text, mac))
			add_function(
				out, XLPT_THING_MAC, pf->vfs[vf->index], mac,
				xlpt_xasprintf("virtual function %u of %s", vf->index, pf->ifname));
	}
}

/*
 * A VF that is hidden or with a guest has no interface here; but its PF's driver knows its MAC
 * address.
 */
static void macs_of_vfs(struct xlpt_env *env, const char *mac, struct xlpt_things *out)
{
	struct xlpt_pf *pfs = NULL;
	size_t n = 0;

	if (out->n || !xlpt_thing_is_mac(mac) || (env->sysroot && !env->rtnl) ||
	    strspn(mac, "0:") == strlen(mac) || xlpt_env_need_rtnl(env, NULL) ||
	    xlpt_pf_all(env->host, &pfs, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		mac_of_pf(env, &pfs[i], mac, out);
		xlpt_pf_dispose(&pfs[i]);
	}
	free(pfs);
}

/* Things of dom0, and VFs that dom0 only administers. */
static void find_things(struct xlpt_env *env, unsigned kinds, const char *name,
			struct xlpt_things *out)
{
	xlpt_things_find(env->host, kinds, name, out);
	if (kinds & XLPT_THING_MAC)
		macs_of_vfs(env, name, out);
}

/* A pin remembers the interface of its card. */
static bool told_by_pin(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *pin = xlpt_pin_by_net(env, name), *word = NULL;

	if (!pin)
		return false;
	word = xlpt_xasprintf("pin:%s", pin);
	xlpt_diag_fact(
		diag,
		"%s had this interface when it was pinned; a device that is hidden or with a "
		"guest has no interface in dom0",
		word);
	xlpt_diag_hint(diag, "if that one is meant: %s", XLPT_WORD(word));
	return true;
}

/* The interface is not there: its card may be hidden, or with a guest. */
static bool told_by_name(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	struct xlpt_bdf bdf;

	if (!xlpt_thing_by_path_name(env->host, name, &bdf) ||
	    xlpt_scan_one(env->host, bdf, XLPT_SCAN_BRIEF, NULL, &dev, NULL))
		return false;
	if (xlpt_streq(dev.driver, XLPT_PCIBACK_DRIVER))
		xlpt_diag_fact(diag,
			       "by its name it was the one of %s, which %s has: a device that is "
			       "hidden or with a guest has no interface in dom0",
			       XLPT_BDF_STR(bdf), dev.driver);
	else
		xlpt_diag_fact(diag, "by its name it would be the one of %s, whose driver is %s",
			       XLPT_BDF_STR(bdf), dev.driver ? dev.driver : "none");
	xlpt_diag_hint(diag, "if that one is meant, name it by its address: %s", XLPT_BDF_STR(bdf));
	return true;
}

/*
 * The word is neither an address nor a thing: USAGE, as for other malformed input, so that a
 * script can tell it from a device that is lost (NOT_FOUND).
 */
static int neither(const char *word, struct xlpt_diag *diag)
{
	return xlpt_diag_set(diag, XLPT_ERR_USAGE,
			     "\"%s\" is neither an address nor an interface or disk of this host",
			     word);
}

static int not_found(struct xlpt_env *env, const char *word, unsigned kinds,
		     const struct xlpt_things *t, struct xlpt_diag *diag)
{
	_cleanup_free_ char *places = xlpt_things_places(kinds);
	int rc = XLPT_ERR_NOT_FOUND;
	const char *name;

	if (t->hollow) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no PCI device is behind \"%s\"", word);
		xlpt_diag_fact(diag, "%s: neither it nor what it is made of is on a PCI function",
			       t->hollow);
		xlpt_diag_hint(diag, "xlpt list shows the devices that there are");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_thing_prefix(word, &name);
	if (kinds != XLPT_THING_ANY && name == word && !xlpt_thing_is_mac(word))
		rc = neither(word, diag);
	else
		xlpt_diag_set(diag, rc, "no device is known as \"%s\"", word);
	if (kinds & XLPT_THING_NET &&
	    (told_by_pin(env, name, diag) || told_by_name(env, name, diag)))
		return rc;
	if (kinds & XLPT_THING_MOUNT && *name == '/' && t->unread)
		xlpt_diag_fact(diag, "/proc/1/mountinfo cannot be read: %s",
			       xlpt_strerror(-t->unread));
	else if (kinds)
		xlpt_diag_fact(diag, "looked at %s", places);
	xlpt_diag_hint(diag,
		       kinds & XLPT_THING_MOUNT && *name == '/' && !xlpt_starts(name, "/dev/")
			       ? "name the directory where it is mounted, as findmnt -T shows"
			       : "xlpt list shows the addresses; a device that is hidden or with "
				 "a guest has no other name in dom0");
	return rc;
}

/* "0000:00:1f.2 (block device md0 over sda), ..." */
static int ambiguous(const char *word, const struct xlpt_things *t, const struct xlpt_bdf *bdfs,
		     size_t n, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str all = { 0 };

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (!xlpt_bdf_eq(t->items[k].bdf, bdfs[i]))
			k++;
		xlpt_str_addf(&all, "%s%s (%s)", i ? ", " : "", XLPT_BDF_STR(bdfs[i]),
			      t->items[k].what);
	}
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "\"%s\" is on %zu devices", word, n);
	xlpt_diag_fact(diag, "%s", xlpt_str_get(&all));
	xlpt_diag_hint(diag, "name the one that is meant by its address");
	return XLPT_ERR_USAGE;
}

/* USAGE for a word that only "xlpt find" takes without a prefix. */
static int wants_prefix(const char *word, const struct xlpt_things *t, struct xlpt_diag *diag)
{
	_cleanup_free_ char *with = NULL;

	with = xlpt_xasprintf("%s:%s", xlpt_thing_word(t->items[0].kind), word);
	neither(word, diag);
	xlpt_diag_fact(diag, "xlpt find finds %s (%s); here such a word wants its kind in front",
		       XLPT_BDF_STR(t->items[0].bdf), t->items[0].what);
	xlpt_diag_hint(diag, "if that is meant: %s", XLPT_WORD(with));
	return XLPT_ERR_USAGE;
}

/* The kinds of things that a word without a prefix may mean where a device is named. */
static unsigned kinds_of(const char *word)
{
	if (xlpt_thing_is_mac(word))
		return XLPT_THING_MAC;
	if (xlpt_starts(word, "/dev/"))
		return XLPT_THING_DISK | XLPT_THING_TTY;
	return *word == '/' ? 0 : XLPT_THING_NET | XLPT_THING_DISK;
}

/* Whoever wrote this word meant an address, or an option. */
static bool meant_as_address(const char *word)
{
	return !*word || *word == '-' || word[strspn(word, "0123456789abcdefABCDEF.:*")] == '\0' ||
	       (!xlpt_thing_is_ifname(word) && *word != '/');
}

static int one_thing(struct xlpt_env *env, const char *word, struct xlpt_bdf *out,
		     struct xlpt_diag *diag)
{
	_cleanup_things_ struct xlpt_things t = { 0 }, other = { 0 };
	_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
	const char *name;
	unsigned prefix = xlpt_thing_prefix(word, &name), kinds = prefix ? prefix : kinds_of(word);
	size_t n;
	int rc = xlpt_env_need_host(env, diag);

	if (rc)
		return rc;
	find_things(env, kinds, name, &t);
	bdfs = xlpt_things_functions(&t, &n);
	if (n > 1)
		return ambiguous(word, &t, bdfs, n, diag);
	if (n == 1) {
		*out = bdfs[0];
		xlpt_verbose(env, "%s is %s (%s)", word, XLPT_BDF_STR(*out), t.items[0].what);
		return 0;
	}
	if (!prefix && kinds != XLPT_THING_MAC) {
		if (!t.hollow && meant_as_address(word))
			return xlpt_args_bdf(word, out, diag);
		xlpt_things_find(env->host, XLPT_THING_ANY, name, &other);
		free(bdfs);
		bdfs = xlpt_things_functions(&other, &n);
		if (n)
			return n > 1 ? ambiguous(word, &other, bdfs, n, diag)
				     : wants_prefix(word, &other, diag);
	}
	return not_found(env, word, kinds, &t, diag);
}

int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag)
{
	if (xlpt_starts(text, "pin:"))
		return xlpt_resolve_pin(env, text + strlen("pin:"), out, diag);
	/* What reads as an address is one, even if an interface was renamed to it. */
	if (xlpt_bdf_parse_host(text, out, NULL) == 0)
		return 0;
	return one_thing(env, text, out, diag);
}

/* ---- everything that a word may mean ---- */

int xlpt_resolve_all(struct xlpt_env *env, const char *word, struct xlpt_things *out,
		     struct xlpt_diag *diag)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	struct xlpt_bdf bdf;
	const char *name;
	unsigned prefix = xlpt_thing_prefix(word, &name), kinds = prefix ? prefix : XLPT_THING_ANY;
	int rc = xlpt_env_need_host(env, diag);

	*out = (struct xlpt_things){ 0 };
	if (rc)
		return rc;
	if (xlpt_starts(word, "pin:")) {
		rc = xlpt_resolve_pin(env, word + strlen("pin:"), &bdf, diag);
		if (rc == 0)
			add_function(out, 0, bdf, word, xlpt_xstrdup("pin"));
		return rc;
	}
	if (xlpt_bdf_parse_host(word, &bdf, NULL) == 0) {
		rc = xlpt_scan_one(env->host, bdf, XLPT_SCAN_BRIEF, NULL, &dev, diag);
		if (rc == 0)
			add_function(out, 0, bdf, word, xlpt_xstrdup("address"));
		return rc;
	}
	find_things(env, kinds, name, out);
	return out->n ? 0 : not_found(env, word, kinds, out, diag);
}

/* ---- for completion ---- */

static int list_names(struct xlpt_env *env, unsigned kinds, char ***names, struct xlpt_diag *diag)
{
	_cleanup_things_ struct xlpt_things t = { 0 };
	int rc = xlpt_env_need_host(env, diag);

	*names = xlpt_xcalloc(1, sizeof(**names));
	if (rc)
		return rc;
	xlpt_things_on(env->host, NULL, &t);
	for (size_t i = 0; i < t.n; i++) {
		const struct xlpt_thing *one = &t.items[i];

		/* There is one entry for each function behind a name, one after the other. */
		if (!(one->kind & kinds) || (i && !strcmp(one->name, t.items[i - 1].name)))
			continue;
		if (one->kind == XLPT_THING_DISK)
			xlpt_strv_addf(names, "/dev/%s", one->name);
		else
			xlpt_strv_add(names, one->name);
	}
	return 0;
}

int xlpt_resolve_things(struct xlpt_env *env, char ***names, struct xlpt_diag *diag)
{
	return list_names(env, XLPT_THING_ANY, names, diag);
}

int xlpt_resolve_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag)
{
	return list_names(env, XLPT_THING_NET | XLPT_THING_DISK, names, diag);
}
