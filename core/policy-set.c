/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules about what goes together: isolation sets, and what is behind a VMD controller. */
#include "core/policy-together.h"
#include "core/text.h"

static bool with_guest(const struct xlpt_place *p)
{
	return p->has_owner || (p->hyp_known && p->hyp_assigned);
}

bool xlpt_mate_of_guest(const struct xlpt_set_mate *mate)
{
	return with_guest(mate->place);
}

bool xlpt_mate_used(const struct xlpt_set_mate *mate)
{
	const char *driver = mate->device->driver;

	if (with_guest(mate->place))
		return true;
	/* What a stub driver has is not in use (drivers/pci/pci-stub.c, vfio). */
	return driver && !mate->place->on_pciback && !xlpt_streq(driver, "pci-stub") &&
	       !xlpt_streq(driver, "vfio-pci");
}

/* In use, and not by the guest (if any) that gets or has the device itself. */
static bool counts(const struct xlpt_set_mate *m, const struct xlpt_guest *guest)
{
	if (guest && m->place->has_owner && m->place->owner_domid == guest->domid)
		return false;
	return xlpt_mate_used(m);
}

/* To "A", "A and B", "A, B and C": the next of n. */
static void add_to_list(struct xlpt_str *s, size_t i, size_t n, const char *text)
{
	xlpt_str_addf(s, "%s%s", !i ? "" : i + 1 == n ? " and " : ", ", text);
}

/* What is counted, sorted by who has it; the rest of mates is left out. */
struct users {
	const struct xlpt_set_mate **of_dom0, **of_guests;
	size_t n_dom0, n_guests;
};

static void users_dispose(struct users *u)
{
	free(u->of_dom0);
	free(u->of_guests);
}

static void sort_users(const struct xlpt_set_mate *mates, size_t n, const struct xlpt_guest *guest,
		       struct users *u)
{
	*u = (struct users){ .of_dom0 = xlpt_xcalloc(n + 1, sizeof(*u->of_dom0)),
			     .of_guests = xlpt_xcalloc(n + 1, sizeof(*u->of_guests)) };
	for (size_t i = 0; i < n; i++) {
		if (!counts(&mates[i], guest))
			continue;
		if (with_guest(mates[i].place))
			u->of_guests[u->n_guests++] = &mates[i];
		else
			u->of_dom0[u->n_dom0++] = &mates[i];
	}
}

/* "dom0 uses A and B, and C is with web1" */
static char *who_text(const struct users *u, const char *somebody)
{
	struct xlpt_str s = { 0 };

	if (u->n_dom0)
		xlpt_str_add(&s, "dom0 uses ");
	for (size_t i = 0; i < u->n_dom0; i++)
		add_to_list(&s, i, u->n_dom0, XLPT_BDF_STR(u->of_dom0[i]->device->bdf));
	if (u->n_dom0 && u->n_guests)
		xlpt_str_add(&s, ", and ");
	for (size_t i = 0; i < u->n_guests; i++) {
		const char *owner = u->of_guests[i]->place->owner_name;
		_cleanup_free_ char *one =
			xlpt_xasprintf("%s is with %s", XLPT_BDF_STR(u->of_guests[i]->device->bdf),
				       owner ? owner : somebody);

		add_to_list(&s, i, u->n_guests, one);
	}
	return xlpt_str_take(&s);
}

char *xlpt_mates_users(const struct xlpt_set_mate *mates, size_t n, const struct xlpt_guest *guest)
{
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(mates, n, guest, &u);
	return u.n_dom0 || u.n_guests ? who_text(&u, "another guest") : NULL;
}

/* Whether dom0 can do without it is what hiding it would say; the VFs of a PF can be removed before. */
bool xlpt_mate_can_go(const struct xlpt_set_mate *m)
{
	struct xlpt_device without_vfs = *m->device;

	without_vfs.vf_count = 0;
	return xlpt_policy_hide(&without_vfs, m->place, false, NULL) == 0;
}

/* "this host needs A (amdgpu): it shows the console; dom0 can lose B (ccp) and C (xhci_hcd)" */
static void add_losses(struct xlpt_str *s, const struct users *u)
{
	_cleanup_str_ struct xlpt_str can = { 0 };
	size_t n = 0, i = 0;

	for (size_t k = 0; k < u->n_dom0; k++)
		n += xlpt_mate_can_go(u->of_dom0[k]);
	for (size_t k = 0; k < u->n_dom0; k++) {
		const struct xlpt_set_mate *m = u->of_dom0[k];
		_cleanup_diag_ struct xlpt_diag no = { 0 };
		_cleanup_free_ char *one =
			xlpt_xasprintf("%s (%s)", XLPT_BDF_STR(m->device->bdf), m->device->driver);

		if (xlpt_mate_can_go(m)) {
			add_to_list(&can, i++, n, one);
		} else if (m->place->needed) {
			xlpt_str_addf(s, "; this host needs %s: %s", one, m->place->needed);
		} else {
			xlpt_policy_hide(m->device, m->place, false, &no);
			xlpt_str_addf(s, "; dom0 cannot lose %s: %s", one, no.fact);
		}
	}
	if (n)
		xlpt_str_addf(s, "; dom0 can lose %s", can.s);
}

/* Of a single one also the reason; several have one each, which are a page. */
static void set_fact(const struct xlpt_device *dev, const struct users *u, struct xlpt_diag *diag)
{
	const struct xlpt_set_mate *m = u->n_dom0 ? u->of_dom0[0] : u->of_guests[0];
	_cleanup_str_ struct xlpt_str s = { 0 };

	if (u->n_dom0 + u->n_guests == 1)
		xlpt_str_addf(&s, ": %s %s", XLPT_BDF_STR(m->device->bdf),
			      m->why ? m->why : "cannot be told apart from it by the IOMMU");
	else
		xlpt_str_addf(&s, ", xlpt show %s says why", XLPT_BDF_STR(dev->bdf));
	add_losses(&s, u);
	xlpt_diag_fact(diag, "they are in one isolation set%s", s.s);
}

/* A guest on its way out is named once, whatever number of these devices it has. */
static bool ended_before(const struct users *u, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (u->of_guests[k]->place->owner_domid == u->of_guests[i]->place->owner_domid)
			return true;
	return false;
}

/*
 * What brings the others out of use: "xlpt detach web1 A; xlpt hide B C". Nothing
 * when one of them cannot be brought out of it: then only consent is left.
 */
static char *clear_away(const struct users *u)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < u->n_dom0; i++)
		if (!xlpt_mate_can_go(u->of_dom0[i]))
			return NULL;
	for (size_t i = 0; i < u->n_guests; i++) {
		const struct xlpt_set_mate *m = u->of_guests[i];

		/* What no running guest has was left behind. */
		if (!m->place->owner_name) {
			xlpt_str_dispose(&s);
			return xlpt_xstrdup("xlpt repair");
		}
		/* One that has ended lets go of nothing; it is destroyed once. */
		if (m->place->owner_dying && !ended_before(u, i))
			xlpt_str_addf(&s,
				      m->place->owner_shut_down
					      ? "%sxl destroy %s"
					      : "%swait until xl list does not show %s",
				      s.len ? "; " : "", XLPT_WORD(m->place->owner_name));
		else if (m->place->owner_through && !ended_before(u, i))
			xlpt_str_addf(&s, "%sxl shutdown %s", s.len ? "; " : "",
				      XLPT_WORD(m->place->owner_name));
		else if (!m->place->owner_dying && !m->place->owner_through)
			xlpt_str_addf(&s, "%sxlpt detach %s %s", s.len ? "; " : "",
				      XLPT_WORD(m->place->owner_name),
				      XLPT_BDF_STR(m->device->bdf));
	}
	for (size_t i = 0; i < u->n_dom0; i++) {
		const struct xlpt_set_mate *m = u->of_dom0[i];

		if (m->device->vf_count <= 0)
			continue;
		if (m->place->vfs_line)
			xlpt_str_addf(&s, "%s%s", s.len ? "; " : "", m->place->vfs_line);
		else
			xlpt_str_addf(&s, "%sxlpt vf remove %s", s.len ? "; " : "",
				      XLPT_BDF_STR(m->device->bdf));
	}
	for (size_t i = 0; i < u->n_dom0; i++)
		xlpt_str_addf(&s, "%s %s",
			      i	      ? ""
			      : s.len ? "; xlpt hide"
				      : "xlpt hide",
			      XLPT_BDF_STR(u->of_dom0[i]->device->bdf));
	return xlpt_str_take(&s);
}

/* In front of it what needs no consent, if there is such a thing. */
static void consent_hint(struct xlpt_bdf bdf, const char *instead, const char *means,
			 struct xlpt_diag *diag)
{
	xlpt_diag_hint(diag,
		       "%s%s%s: --allow-split %s, or for good \"allow-split = %s\" in "
		       "/etc/xlpt/xlpt.conf",
		       instead ? instead : "", instead ? "; or " : "", means, XLPT_BDF_STR(bdf),
		       XLPT_BDF_STR(bdf));
}

int xlpt_policy_split(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		      const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag)
{
	_cleanup_free_ char *who = NULL, *instead = NULL, *means = NULL;
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(mates, n, guest, &u);
	if (!u.n_dom0 && !u.n_guests)
		return 0;
	who = who_text(&u, "another guest");
	instead = clear_away(&u);
	means = u.n_dom0 ? xlpt_xasprintf("let %s reach what dom0 does with %s", guest->name,
					  u.n_dom0 == 1 ? "it" : "them")
			 : xlpt_xstrdup("let two guests reach each other's memory");
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s cannot go to %s while %s", XLPT_BDF_STR(dev->bdf),
		      guest->name, who);
	set_fact(dev, &u, diag);
	consent_hint(dev->bdf, instead, means, diag);
	return XLPT_ERR_RULE;
}

int xlpt_policy_rejoin(const struct xlpt_device *dev, const struct xlpt_set_mate *mates, size_t n,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *who = NULL, *instead = NULL;
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(mates, n, NULL, &u);
	u.n_dom0 = 0; /* dev goes to dom0: with dom0's devices it may share a set */
	if (!u.n_guests)
		return 0;
	who = who_text(&u, "a guest");
	instead = clear_away(&u);
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s cannot go back to dom0 while %s",
		      XLPT_BDF_STR(dev->bdf), who);
	set_fact(dev, &u, diag);
	consent_hint(dev->bdf, instead, "let the guest reach what dom0 uses", diag);
	return XLPT_ERR_RULE;
}

char *xlpt_policy_divided(const struct xlpt_device *dev, const struct xlpt_guest *guest,
			  const struct xlpt_set_mate *mates, size_t n)
{
	_cleanup_free_ char *who = NULL;
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(mates, n, guest, &u);
	if (!guest)
		u.n_dom0 = 0;
	if (!u.n_dom0 && !u.n_guests)
		return NULL;
	who = who_text(&u, "another guest");
	return xlpt_xasprintf(
		"the isolation set of %s is divided: it goes to %s while %s, and each side "
		"can reach what the other's devices do, past the IOMMU",
		XLPT_BDF_STR(dev->bdf), guest ? guest->name : "dom0", who);
}

/* Moving the registers of dev away helps for good; the others out of use for now. */
static char *page_ways(const struct xlpt_device *dev, const struct users *u)
{
	_cleanup_free_ char *instead = clear_away(u);

	return xlpt_xasprintf("%s%sboot dom0 with pci=resource_alignment=%s",
			      instead ? instead : "", instead ? "; or " : "",
			      XLPT_BDF_STR(dev->bdf));
}

int xlpt_policy_pages(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		      const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag)
{
	_cleanup_free_ char *who = NULL, *ways = NULL, *means = NULL;
	_cleanup_str_ struct xlpt_str list = { 0 };
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(mates, n, guest, &u);
	if (!guest)
		u.n_dom0 = 0;
	if (!u.n_dom0 && !u.n_guests)
		return 0;
	for (size_t i = 0; i < u.n_dom0 + u.n_guests; i++) {
		const struct xlpt_set_mate *m =
			i < u.n_dom0 ? u.of_dom0[i] : u.of_guests[i - u.n_dom0];
		_cleanup_free_ char *one =
			xlpt_xasprintf("%s (%s)", XLPT_BDF_STR(m->device->bdf), m->why);

		add_to_list(&list, i, u.n_dom0 + u.n_guests, one);
	}
	add_losses(&list, &u);
	who = who_text(&u, "another guest");
	ways = page_ways(dev, &u);
	means = guest ? xlpt_xasprintf("let %s reach those registers", guest->name)
		      : xlpt_xstrdup("let the guest reach its registers");
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s cannot go to %s while %s", XLPT_BDF_STR(dev->bdf),
		      guest ? guest->name : "dom0", who);
	xlpt_diag_fact(diag, "%s will reach registers of %s", guest ? guest->name : "dom0", list.s);
	consent_hint(dev->bdf, ways, means, diag);
	return XLPT_ERR_RULE;
}

int xlpt_policy_reset_hits(const struct xlpt_device *dev, const char *word,
			   const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str hit = { 0 }, fact = { 0 };
	_cleanup_free_ char *who = NULL, *instead = NULL;
	XLPT_CLEANUP(users_dispose) struct users u;
	size_t used = 0;

	sort_users(mates, n, NULL, &u);
	if (!u.n_dom0 && !u.n_guests)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (xlpt_mate_used(&mates[i]))
			add_to_list(&hit, used++, u.n_dom0 + u.n_guests,
				    XLPT_BDF_STR(mates[i].device->bdf));
	who = who_text(&u, "a guest that is gone");
	xlpt_str_add(&fact, who);
	add_losses(&fact, &u);
	instead = clear_away(&u);
	xlpt_diag_set(diag, XLPT_ERR_RULE, "a reset of %s by %s would hit %s as well",
		      XLPT_BDF_STR(dev->bdf), word, hit.s);
	xlpt_diag_fact(diag, "%s", fact.s);
	if (instead)
		xlpt_diag_hint(diag, "%s", instead);
	else
		xlpt_diag_hint(diag, "xlpt reset --list %s shows what other ways it has",
			       XLPT_BDF_STR(dev->bdf));
	return xlpt_diag_recode(diag, instead ? XLPT_ERR_RULE : XLPT_ERR_HOST_NEEDS);
}

/* Each disk has an address of its own when the firmware does not hand them to VMD. */
static void carrier_hint(const struct users *u, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str lines = { 0 };
	bool needed = false;

	for (size_t i = 0; i < u->n_dom0; i++) {
		const struct xlpt_device *d = u->of_dom0[i]->device;

		needed |= u->of_dom0[i]->place->needed != NULL;
		xlpt_str_addf(&lines, "%secho %s >/sys/bus/pci/drivers/%s/unbind", i ? "; " : "",
			      XLPT_BDF_STR(d->bdf), d->driver);
	}
	if (needed)
		xlpt_diag_hint(diag,
			       "turn VMD off in the firmware setup: then what is behind it can be "
			       "given away one by one");
	else
		xlpt_diag_hint(diag, "stop what uses %s, then: %s", u->n_dom0 == 1 ? "it" : "them",
			       lines.s);
}

int xlpt_policy_carrier(const struct xlpt_device *dev, const struct xlpt_set_mate *behind, size_t n,
			struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str list = { 0 };
	XLPT_CLEANUP(users_dispose) struct users u;

	sort_users(behind, n, NULL, &u);
	if (!u.n_dom0)
		return 0;
	for (size_t i = 0; i < u.n_dom0; i++) {
		const struct xlpt_set_mate *m = u.of_dom0[i];
		_cleanup_free_ char *one = xlpt_xasprintf(
			"%s (driver %s%s%s)", XLPT_BDF_STR(m->device->bdf), m->device->driver,
			m->place->needed ? "; this host needs it: " : "",
			m->place->needed ? m->place->needed : "");

		add_to_list(&list, i, u.n_dom0, one);
	}
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s carries devices that dom0 uses, which would go with its "
		      "driver",
		      XLPT_BDF_STR(dev->bdf));
	xlpt_diag_fact(diag, "behind it: %s", list.s);
	carrier_hint(&u, diag);
	return XLPT_ERR_RULE;
}
