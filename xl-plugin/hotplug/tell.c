/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For xlpt check: what is good to know of a device before a guest gets it, and refuses nothing. */
#include <string.h>

#include "pciback/reset/reset.h"
#include "xl-plugin/hotplug/foresee.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/kept/had-line.h"

/* Records as a warning what another judge has found. */
static void warn_of(struct xlpt_findings *all, const struct xlpt_diag *d)
{
	xlpt_findings_warn(all, "%s", d->message);
	if (d->fact)
		xlpt_findings_fact(all, "%s", d->fact);
	if (d->hint)
		xlpt_findings_mend(all, "%s", d->hint);
}

static bool is_item(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			return true;
	return false;
}

static bool with_guest(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	const struct xlpt_owner *o = xlpt_owners_find(&op->owners, bdf);

	return is_item(op, bdf) || (op->has_guest && o && o->domid == op->guest.domid);
}

/* ---- who uses it now ---- */

static void tell_users(struct xlpt_op *op, const struct xlpt_item *item)
{
	struct xlpt_findings *all = op->env->findings;
	const struct xlpt_device *d = &item->device;
	bool first = true;

	xlpt_op_point(op, "in use", item);
	for (size_t i = 0; i < op->owners.n; i++) {
		const struct xlpt_owner *o = &op->owners.items[i];

		if (!xlpt_bdf_eq(o->bdf, d->bdf) ||
		    (item->place.has_owner && o->domid == item->place.owner_domid))
			continue;
		xlpt_findings_warn(all, "the PCI backend of domain %u%s%s names %s, too", o->domid,
				   o->guest ? ", " : "", o->guest ? o->guest : "",
				   XLPT_BDF_STR(d->bdf));
		xlpt_findings_mend(all, "xlpt status shows what is where");
	}
	xlpt_op_point(op, "host needs", item);
	for (size_t i = 0; i < op->needs.n; i++) {
		const struct xlpt_needed *n = &op->needs.items[i];

		/* The rule has told the first of them. */
		if (xlpt_bdf_eq(n->bdf, d->bdf) && !first)
			xlpt_findings_warn(all, "this host uses %s for something else, too: %s",
					   XLPT_BDF_STR(d->bdf), n->what);
		first &= !xlpt_bdf_eq(n->bdf, d->bdf);
	}
	xlpt_op_point(op, "hidden", item);
	for (char **net = d->net; !item->place.on_pciback && net && *net; net++) {
		xlpt_findings_warn(all, "dom0 loses the network interface %s", *net);
		xlpt_findings_fact(all, "%s drives it", d->driver ? d->driver : "no driver");
	}
}

/* ---- what goes together ---- */

static void tell_set(struct xlpt_op *op, const struct xlpt_item *item)
{
	_cleanup_str_ struct xlpt_str others = { 0 };

	xlpt_op_point(op, "isolation set", item);
	if (xlpt_findings_spoke(op->env->findings))
		return;
	for (size_t i = 0; i < op->n_mates; i++)
		if (&op->items[op->mates[i].item] == item && !op->mates[i].page)
			xlpt_str_addf(&others, "%s%s", others.len ? ", " : "",
				      XLPT_BDF_STR(op->mates[i].bdf));
	if (others.len)
		xlpt_findings_ok(op->env->findings,
				 "nobody else uses the others in the isolation set of %s: %s",
				 XLPT_BDF_STR(item->spec.bdf), others.s);
	else
		xlpt_findings_ok(op->env->findings,
				 "nothing is in the isolation set of %s that is not given with it",
				 XLPT_BDF_STR(item->spec.bdf));
}

/* Whom the reset would hit and does not belong to this operation, which hides all its devices before. */
static int foresee_others(struct xlpt_op *op, const struct xlpt_devices *all,
			  const struct xlpt_device *dev, const struct xlpt_reset_way *way,
			  struct xlpt_diag *no)
{
	struct xlpt_reset_way theirs = { .how = way->how };
	int rc = 0;

	theirs.also = xlpt_xcalloc(way->n_also + 1, sizeof(*theirs.also));
	for (size_t i = 0; i < way->n_also; i++)
		if (!is_item(op, way->also[i]))
			theirs.also[theirs.n_also++] = way->also[i];
	if (theirs.n_also)
		rc = xlpt_reset_others(op, &op->owners, all, dev, &theirs, no);
	free(theirs.also);
	return rc;
}

void xlpt_op_foresee_reset(struct xlpt_op *op, const struct xlpt_item *item,
			   const struct xlpt_devices *all)
{
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_device *dev = xlpt_devices_find(all, item->spec.bdf);
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	const struct xlpt_reset_way *way;
	int rc = 0;

	xlpt_op_point(op, "reset", item);
	/* The rule has told it already (reset = required). */
	if (!dev || xlpt_findings_spoke(op->env->findings))
		return;
	xlpt_reset_ways_of(op, all, dev, &ways);
	way = xlpt_reset_first(&ways);
	if (!way)
		xlpt_reset_judge_lines(op, &op->owners, all, dev, &ways);
	if (!way)
		rc = xlpt_reset_no_way(item->spec.bdf, &ways, &no);
	else
		rc = foresee_others(op, all, dev, way, &no);
	if (rc && item->reset_required)
		xlpt_op_judged(op, rc, &no);
	else if (rc)
		warn_of(op->env->findings, &no);
	else if (way)
		xlpt_findings_ok(op->env->findings, "%s is reset by %s before %s gets it",
				 XLPT_BDF_STR(item->spec.bdf), xlpt_reset_word(way->how),
				 op->guest.name);
}

/*
 * XSA-461: a guest that keeps a shared line busy stops every other user of that line, and Xen
 * cannot tell them apart. While MSI is on, sysfs has the message's number and not the line.
 */
static void tell_line(struct xlpt_op *op, const struct xlpt_item *item,
		      const struct xlpt_devices *all)
{
	const struct xlpt_device *d = &item->device;
	_cleanup_str_ struct xlpt_str others = { 0 };

	xlpt_op_point(op, "interrupt line", item);
	if (!d->intx_pin || d->caps.msi_on || d->irq < 0 || d->irq >= 0xff)
		return;
	if (!d->irq) {
		xlpt_findings_ok(op->env->findings,
				 "%s has no interrupt line; a driver has to use MSI or MSI-X",
				 XLPT_BDF_STR(d->bdf));
		return;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct xlpt_device *o = &all->items[i];

		if (o->intx_pin && !o->caps.msi_on && o->irq == d->irq && !with_guest(op, o->bdf) &&
		    o->header == XLPT_HEADER_ENDPOINT)
			xlpt_str_addf(&others, "%s%s", others.len ? ", " : "",
				      XLPT_BDF_STR(o->bdf));
	}
	if (!others.len) {
		xlpt_findings_ok(op->env->findings,
				 "no other device without MSI is at the interrupt line of %s (%d)",
				 XLPT_BDF_STR(d->bdf), d->irq);
		return;
	}
	xlpt_findings_warn(op->env->findings,
			   "%s shares its interrupt line with devices that %s "
			   "does not get: %s",
			   XLPT_BDF_STR(d->bdf), op->guest.name, others.s);
	xlpt_findings_fact(op->env->findings,
			   "line %d; a guest that keeps it busy stops them, and Xen "
			   "does not support this (XSA-461)",
			   d->irq);
	xlpt_findings_mend(op->env->findings,
			   "see that their drivers use MSI, or put the card into "
			   "another slot");
}

/* ---- what was asked for ---- */

/*
 * Options for the old device model (qemu-traditional), which Xen no longer has. Today's gets the
 * address, the slot and permissive (libxl_pci.c, pci_add_qmp_device), xen-pciback nothing.
 */
static void tell_words(struct xlpt_op *op, const struct xlpt_item *item)
{
	xlpt_op_point(op, "options", item);
	if (item->spec.msitranslate == XLPT_ON)
		xlpt_findings_warn(op->env->findings,
				   "msitranslate=1 does nothing: nobody reads it");
	if (item->spec.power_mgmt == XLPT_ON)
		xlpt_findings_warn(op->env->findings, "power_mgmt=1 does nothing: nobody reads it");
	if (item->spec.permissive == XLPT_ON) {
		xlpt_findings_warn(
			op->env->findings,
			"permissive=1 lets %s write registers of %s that pciback protects",
			op->guest.name, XLPT_BDF_STR(item->spec.bdf));
		xlpt_findings_mend(op->env->findings,
				   "leave it out where the device works without");
	}
}

static void tell_leaving(struct xlpt_op *op, const struct xlpt_item *item)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };

	xlpt_op_point(op, "save and migrate", item);
	xlpt_findings_ok(op->env->findings,
			 "while %s has it, %s can only be saved or migrated with --detach-first",
			 op->guest.name, op->guest.name);
	if (xlpt_policy_resumes(&op->guest, &item->device, "saved or migrated", &no) ||
	    (op->guest.domid && xlpt_had_line_judge(op->env, &op->guest, "saved or migrated", &no)))
		warn_of(op->env->findings, &no);
}

#define CLASS_VGA 0x0300

/*
 * The ROM of a card that has shown the console is shadowed at 0xc0000. A card that has no ROM of
 * its own (graphics in the processor, started by UEFI) gives QEMU nothing to show the guest.
 */
static void tell_graphics(struct xlpt_op *op, const struct xlpt_item *item)
{
	const struct xlpt_device *d = &item->device;
	bool intel = d->vendor == 0x8086 && !d->bdf.seg && !d->bdf.bus;

	if (d->class_code >> 8 != CLASS_VGA)
		return;
	xlpt_op_point(op, "graphics", item);
	if (xlpt_findings_spoke(op->env->findings))
		return;
	if (op->guest.type == XLPT_GUEST_HVM && op->has_guest)
		xlpt_findings_warn(op->env->findings,
				   "%s becomes a second card of %s beside the emulated one",
				   XLPT_BDF_STR(d->bdf), op->guest.name);
	if (intel && op->guest.type == XLPT_GUEST_HVM && !d->bars[6].end) {
		xlpt_findings_warn(op->env->findings,
				   "%s has no ROM that the device model could read",
				   XLPT_BDF_STR(d->bdf));
		xlpt_findings_fact(op->env->findings,
				   "it is in the processor, and its ROM is part of "
				   "the host's firmware");
	}
}

/*
 * What the frontend in the guest's kernel said when it gave up on a device earlier
 * (xen-pcifront.c).
 */
static void tell_frontend(struct xlpt_op *op)
{
	_cleanup_free_ char *said = NULL;

	if (op->guest.type != XLPT_GUEST_PV || !op->has_guest)
		return;
	said = xlpt_pcibe_gave_up(op->env->store, op->guest.domid);
	xlpt_op_point(op, "memory for DMA", NULL);
	if (!said) {
		xlpt_findings_ok(op->env->findings,
				 "the PCI frontend of %s has not said that it cannot work",
				 op->guest.name);
		return;
	}
	xlpt_findings_warn(op->env->findings, "the PCI frontend of %s gave up before: %s",
			   op->guest.name, said);
	if (xlpt_pcibe_no_dma(said))
		xlpt_findings_mend(op->env->findings,
				   "boot the guest with swiotlb=SMALLER, or start it "
				   "earlier after the host's boot");
}

/* attach waits for this, and gives up when it does not end. */
static void tell_backend(struct xlpt_op *op)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	if (op->guest.type != XLPT_GUEST_PV || !op->has_guest ||
	    xlpt_pcibe_read(op->env->store, op->guest.domid, &be, NULL) || !be.n ||
	    (be.be_state == XLPT_XBS_CONNECTED && be.fe_state == XLPT_XBS_CONNECTED))
		return;
	xlpt_op_point(op, "PCI backend", NULL);
	if (xlpt_findings_spoke(op->env->findings))
		return;
	xlpt_findings_warn(op->env->findings, "%s is in the middle of a change of its devices",
			   op->guest.name);
	xlpt_findings_fact(op->env->findings, "its PCI backend is %s, its frontend %s",
			   xlpt_xbs_word(be.be_state), xlpt_xbs_word(be.fe_state));
	xlpt_findings_mend(op->env->findings, "check again when xlpt status shows it connected");
}

void xlpt_op_tell(struct xlpt_op *op, const struct xlpt_item *item, const struct xlpt_devices *all)
{
	tell_users(op, item);
	tell_set(op, item);
	tell_line(op, item, all);
	tell_words(op, item);
	tell_graphics(op, item);
	xlpt_op_tell_registers(op, item, all);
	tell_frontend(op);
	tell_backend(op);
	tell_leaving(op, item);
}
