/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "xl-plugin/hotplug/loan.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/locks.h"

#define SEP '\t' /* between the words of a note; no value has one */

void xlpt_vf_dispose(struct xlpt_vf *vf)
{
	xlpt_pf_dispose(&vf->pf);
	*vf = (struct xlpt_vf){ 0 };
}

int xlpt_vf_no_driver(const struct xlpt_pf *pf, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(pf->bdf);

	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the physical function %s has no driver in dom0",
		      bdf);
	if (pf->driver) {
		xlpt_diag_fact(diag, "it is hidden: %s has it", pf->driver);
		xlpt_diag_hint(diag, "xlpt unhide %s", bdf);
	} else {
		xlpt_diag_fact(diag,
			       "nothing is bound to it, and only its driver can make its VFs work");
		xlpt_diag_hint(
			diag,
			"load its driver: modprobe -v $(cat /sys/bus/pci/devices/%s/modalias)",
			bdf);
	}
	return XLPT_ERR_NOT_FOUND;
}

static int no_interface(const struct xlpt_pf *pf, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(pf->bdf);

	if (pf->driver && strcmp(pf->driver, XLPT_PCIBACK_DRIVER) != 0) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s has no network interface in dom0", bdf);
		xlpt_diag_fact(
			diag, "its driver is %s; a VF's identity is set through its PF's interface",
			pf->driver);
		xlpt_diag_hint(diag, "dmesg shows what %s said", pf->driver);
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_vf_no_driver(pf, diag);
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_vf_locate(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf *out,
		   struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_vf){ .bdf = bdf };
	rc = xlpt_pf_of_vf(env->host, bdf, &out->pf, &out->index, diag);
	if (rc == 0 && !out->pf.ifname) {
		rc = no_interface(&out->pf, diag);
		xlpt_vf_dispose(out);
	}
	return rc;
}

/*
 * Sets an identity, the port profile included, and verifies it. The PF is locked meanwhile, so
 * that two of its VFs cannot get the same MAC address. After an error a part of it may have been
 * set.
 */
static int give(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *want,
		struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	int rc = xlpt_env_need_rtnl(env, diag);

	if (rc == 0)
		rc = xlpt_vf_locate(env, bdf, &vf, diag);
	if (rc == 0)
		rc = xlpt_lock_pf(env, &locks, vf.pf.bdf,
				  xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = xlpt_vf_net_apply(env->rtnl, vf.pf.ifname, vf.index, want, diag);
	if (rc == 0 && want->port)
		rc = xlpt_vf_port_profile(env, &vf, want, true, diag);
	return rc;
}

/* ---- the note ---- */

static int parse_note(const char *text, struct xlpt_vf_identity *out)
{
	unsigned seen = 0;

	*out = (struct xlpt_vf_identity){ 0 };
	while (*text) {
		size_t n = strcspn(text, (char[]){ SEP, '\0' });
		static const char none[] = "mac=00:00:00:00:00:00";

		/*
		 * An operator cannot write this address; it is what a VF has that was never given
		 * one.
		 */
		if (n == strlen(none) && !memcmp(text, none, n))
			out->has_mac = true;
		else if (n && xlpt_vfid_parse(out, &seen, text, n, NULL))
			return -1;
		text += n + (text[n] == SEP);
	}
	return 0;
}

static char *format_note(const struct xlpt_vf_identity *id)
{
	struct xlpt_str s = { 0 };

	xlpt_vfid_format(id, SEP, &s);
	return xlpt_str_take(&s);
}

static int note_read(struct xlpt_env *env, struct xlpt_bdf bdf, bool *has,
		     struct xlpt_vf_identity *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	char node[XLPT_BDF_LEN];
	int rc = xlpt_pcinote_vf_get(env->store, bdf, &text, diag);

	*has = rc == 0 && text;
	*out = (struct xlpt_vf_identity){ 0 };
	if (rc || !text || parse_note(text, out) == 0)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_DATA, "what is noted about %s in xenstore is not an identity",
		      XLPT_BDF_STR(bdf));
	xlpt_bdf_format(bdf, XLPT_BDF_XS, node);
	xlpt_diag_fact(diag, "/libxl/pci/%s/xlpt-vf says: %s", node, text);
	xlpt_diag_hint(diag,
		       "xenstore-rm /libxl/pci/%s/xlpt-vf; then set the VF by hand: xlpt vf set %s "
		       "KEY=VALUE...",
		       node, XLPT_BDF_STR(bdf));
	return XLPT_ERR_DATA;
}

int xlpt_loan_note(struct xlpt_env *env, struct xlpt_bdf bdf, bool has,
		   const struct xlpt_vf_identity *id, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = has ? format_note(id) : NULL;

	return xlpt_pcinote_vf_set(env->store, bdf, text, diag);
}

static int take_back(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *old,
		     const struct xlpt_vf_identity *port, struct xlpt_diag *diag)
{
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	struct xlpt_vf_identity plain = *old;
	int rc = xlpt_env_need_rtnl(env, diag);

	plain.port = XLPT_PORT_UNSET;
	if (rc == 0)
		rc = xlpt_vf_locate(env, bdf, &vf, diag);
	if (rc == 0 && port->port)
		rc = xlpt_vf_port_profile(env, &vf, port, false, diag);
	return rc ? rc : give(env, bdf, &plain, diag);
}

int xlpt_loan_end(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_vf_identity old;
	bool has;
	int rc = note_read(env, bdf, &has, &old, diag);

	if (rc || !has)
		return rc;
	/* A VF that was removed and made anew has lost the identity by itself. */
	if (xlpt_host_has(env->host, "/sys/bus/pci/devices/%s/physfn", XLPT_BDF_STR(bdf)))
		rc = take_back(env, bdf, &old, &old, diag);
	return rc ? rc : xlpt_loan_note(env, bdf, false, NULL, diag);
}

/* Adds the keys of from that id does not have: what is noted is older, and it wins. */
static void fill(struct xlpt_vf_identity *id, const struct xlpt_vf_identity *from)
{
	if (!id->has_mac && from->has_mac) {
		id->has_mac = true;
		memcpy(id->mac, from->mac, 6);
	}
	if (!id->has_vlan && from->has_vlan) {
		id->has_vlan = true;
		id->vlan = from->vlan;
	}
	id->trust = id->trust ? id->trust : from->trust;
	id->spoofchk = id->spoofchk ? id->spoofchk : from->spoofchk;
	id->link = id->link ? id->link : from->link;
	if (!id->has_min_rate && from->has_min_rate) {
		id->has_min_rate = true;
		id->min_rate = from->min_rate;
	}
	if (!id->has_max_rate && from->has_max_rate) {
		id->has_max_rate = true;
		id->max_rate = from->max_rate;
	}
}

/* Copies only the keys of the port profile. */
static void copy_port(struct xlpt_vf_identity *to, const struct xlpt_vf_identity *from)
{
	struct xlpt_vf_identity id = *from;

	id.has_mac = to->has_mac;
	memcpy(id.mac, to->mac, 6);
	id.has_vlan = to->has_vlan;
	id.vlan = to->vlan;
	id.trust = to->trust;
	id.spoofchk = to->spoofchk;
	id.link = to->link;
	id.has_min_rate = to->has_min_rate;
	id.min_rate = to->min_rate;
	id.has_max_rate = to->has_max_rate;
	id.max_rate = to->max_rate;
	*to = id;
}

int xlpt_loan_read(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *spec,
		   const char *uuid, struct xlpt_loan *out, struct xlpt_diag *diag)
{
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	int rc;

	*out = (struct xlpt_loan){ 0 };
	rc = note_read(env, bdf, &out->noted, &out->note_before, diag);
	if (rc || (!out->noted && xlpt_vfid_is_empty(spec)))
		return rc;
	rc = xlpt_vf_locate(env, bdf, &vf, diag);
	return rc ? rc : xlpt_loan_of(env, &vf, spec, uuid, out, diag);
}

int xlpt_loan_of(struct xlpt_env *env, const struct xlpt_vf *vf,
		 const struct xlpt_vf_identity *spec, const char *uuid, struct xlpt_loan *out,
		 struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	const struct xlpt_vf_net *now;
	int rc = xlpt_env_need_rtnl(env, diag);

	if (rc == 0)
		rc = xlpt_pf_net_read(env->rtnl, vf->pf.ifname, &net, diag);
	if (rc)
		return rc;
	out->active = true;
	out->want = *spec;
	if (out->want.port && !out->want.has_instanceid && uuid)
		out->want.has_instanceid =
			xlpt_uuid_parse(uuid, strlen(uuid), out->want.instanceid);
	/*
	 * What an earlier guest that is gone had set, and this one does not set, goes back to what
	 * it was.
	 */
	fill(&out->want, &out->note_before);
	rc = xlpt_vf_net_check(&net, vf->index, &out->want, diag);
	if (rc)
		return rc;
	now = xlpt_pf_net_vf(&net, vf->index);
	out->now = xlpt_vf_net_old(&now->id, &out->want);
	out->note = out->note_before;
	fill(&out->note, &out->now);
	copy_port(&out->note, &out->want);
	return 0;
}

int xlpt_loan_given(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_identity *out,
		    struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	struct xlpt_vf_identity note;
	const struct xlpt_vf_net *now;
	bool has;
	int rc = note_read(env, bdf, &has, &note, diag);

	*out = (struct xlpt_vf_identity){ 0 };
	if (rc || !has)
		return rc;
	rc = xlpt_env_need_rtnl(env, diag);
	if (rc == 0)
		rc = xlpt_vf_locate(env, bdf, &vf, diag);
	if (rc == 0)
		rc = xlpt_pf_net_read(env->rtnl, vf.pf.ifname, &net, diag);
	if (rc)
		return rc;
	/*
	 * The note has the keys that were given, with the values that they had before, and the
	 * port profile.
	 */
	now = xlpt_pf_net_vf(&net, vf.index);
	if (now)
		*out = xlpt_vf_net_old(&now->id, &note);
	copy_port(out, &note);
	/* "No address" is nothing that could be asked for. */
	out->has_mac = out->has_mac && memcmp(out->mac, (uint8_t[6]){ 0 }, 6);
	return 0;
}

int xlpt_loan_set(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		  struct xlpt_diag *diag)
{
	int rc;

	/* An earlier guest that is gone left its port profile associated. */
	if (l->noted && l->note_before.port) {
		_cleanup_vf_ struct xlpt_vf vf = { 0 };

		rc = xlpt_vf_locate(env, bdf, &vf, diag);
		if (rc == 0)
			rc = xlpt_vf_port_profile(env, &vf, &l->note_before, false, diag);
		if (rc)
			return rc;
	}
	rc = give(env, bdf, &l->want, diag);
	l->associated = rc == 0 && l->want.port;
	return rc;
}

int xlpt_loan_unset(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		    struct xlpt_diag *diag)
{
	static const struct xlpt_vf_identity none;

	return take_back(env, bdf, &l->now, l->associated ? &l->want : &none, diag);
}

char *xlpt_loan_text(const struct xlpt_loan *l)
{
	return format_note(&l->note);
}

char *xlpt_vf_identity_text(const struct xlpt_vf_identity *id)
{
	return format_note(id);
}

int xlpt_vf_identity_of_journal(const struct xlpt_journal_dev *d, struct xlpt_vf_identity *out,
				struct xlpt_diag *diag)
{
	if (d->identity && parse_note(d->identity, out) == 0)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_DATA, "the journal does not say what %s had",
		      XLPT_BDF_STR(d->bdf));
	if (d->identity)
		xlpt_diag_fact(diag, "what it says is no network identity: %s", d->identity);
	else
		xlpt_diag_fact(diag, "it says nothing of that VF's network identity");
	xlpt_diag_hint(diag, "set it by hand: xlpt vf set %s KEY=VALUE...", XLPT_BDF_STR(d->bdf));
	return XLPT_ERR_DATA;
}

int xlpt_vf_mend_set(struct xlpt_env *env, const struct xlpt_journal_dev *d, struct xlpt_diag *diag)
{
	struct xlpt_vf_identity old;
	int rc;

	/* The VF is gone, and what was set on it with it. */
	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s/physfn", XLPT_BDF_STR(d->bdf))) {
		xlpt_say(env, "%s is not there any more: nothing to mend", XLPT_BDF_STR(d->bdf));
		return 0;
	}
	rc = xlpt_vf_identity_of_journal(d, &old, diag);
	if (rc)
		return rc;
	rc = take_back(env, d->bdf, &old, &old, diag);
	if (rc == 0)
		xlpt_say(env, "%s has back what it had", XLPT_BDF_STR(d->bdf));
	return rc;
}
