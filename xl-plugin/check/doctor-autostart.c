/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that start by themselves at boot (/etc/xen/auto): whether each will get its devices. Nobody is there then
 * who hides a device, or chooses which of two guests gets it.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/needs/needs.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/check/doctor.h"

#define GROUP XLPT_DOCTOR_CONFIGURATIONS

struct boot_state {
	bool asked;
	struct xlpt_verdicts verdicts;
	struct xlpt_needs needs;
};

static void boot_state_dispose(struct boot_state *b)
{
	xlpt_verdicts_dispose(&b->verdicts);
	xlpt_needs_dispose(&b->needs);
}

static bool names(const struct xlpt_doctor_entry *e, struct xlpt_bdf bdf)
{
	struct xlpt_bdf first = e->bdf;

	if (e->all_funcs)
		first.func = bdf.func;
	return xlpt_bdf_eq(first, bdf);
}

/* Two guests name it: the one that starts second fails. */
static void twice(struct xlpt_doctor *d, struct xlpt_bdf bdf, const struct xlpt_doctor_entry *a,
		  const struct xlpt_doctor_entry *b)
{
	const char *name = XLPT_BDF_STR(bdf);

	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "double-device",
			"%s:%u and %s:%u name %s, and both guests start at boot: the second one "
			"fails",
			a->path, a->line, b->path, b->line, name);
	xlpt_doctor_mend(d, "take it out of one: xlpt convert --edit %s --remove %s",
			 XLPT_WORD(b->path), name);
	xlpt_doctor_device(d, bdf);
}

/* What is configured to be hidden at boot is told by the group Boot, or waits for it. */
static bool by_boot(struct xlpt_doctor *d, struct boot_state *b, struct xlpt_bdf bdf)
{
	if (!b->asked) {
		xlpt_op_boot_verify(d->env, &d->boot, NULL, &b->verdicts, NULL);
		xlpt_needs_read(d->env->host, &b->needs, NULL);
	}
	b->asked = true;
	for (size_t i = 0; i < b->verdicts.n; i++)
		if (!strcmp(b->verdicts.items[i].bdf, XLPT_BDF_STR(bdf)))
			return true;
	return false;
}

static void not_hidden(struct xlpt_doctor *d, struct boot_state *b,
		       const struct xlpt_doctor_entry *e, const struct xlpt_device *dev)
{
	const char *name = XLPT_BDF_STR(dev->bdf);
	const struct xlpt_needed *needed;

	if (e->seize || by_boot(d, b, dev->bdf))
		return;
	needed = xlpt_needs_find(&b->needs, dev->bdf);
	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "not-hidden",
			"%s:%u: names %s, which nothing hides from dom0 (driver %s): at boot its "
			"guest does not start%s%s",
			e->path, e->line, name, dev->driver ? dev->driver : "none",
			needed ? "; and this host needs it: " : "", needed ? needed->what : "");
	if (needed)
		xlpt_doctor_mend(d, "name another device: xlpt convert --edit %s --remove %s",
				 XLPT_WORD(e->path), name);
	else
		xlpt_doctor_mend(d, "xlpt boot write %s; or write \"%s,seize=1\" there", name,
				 name);
	xlpt_doctor_device(d, dev->bdf);
}

void xlpt_doctor_autostart(struct xlpt_doctor *d)
{
	XLPT_CLEANUP(boot_state_dispose) struct boot_state b = { 0 };

	for (size_t i = 0; d->scanned && d->n_entries && i < d->devs.n; i++) {
		const struct xlpt_device *dev = &d->devs.items[i];
		const struct xlpt_doctor_entry *first = NULL;

		for (size_t k = 0; k < d->n_entries; k++) {
			const struct xlpt_doctor_entry *e = &d->entries[k];

			if (!names(e, dev->bdf))
				continue;
			if (!first && d->holders[i] == XLPT_HOLDER_DOM0 &&
			    dev->header == XLPT_HEADER_ENDPOINT)
				not_hidden(d, &b, e, dev);
			if (first && strcmp(first->path, e->path) != 0) {
				twice(d, dev->bdf, first, e);
				break;
			}
			first = first ? first : e;
		}
	}
}
