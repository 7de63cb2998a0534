/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The doctor's lines in Prometheus' text format (version 0.0.4), for node_exporter's textfile
 * collector. A value of a label is UTF-8 in which '\\', '"' and line breaks are escaped; no line
 * comes twice, which Prometheus would refuse.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/check/doctor.h"

#define SERIES_MAX 1000 /* of a host that is beyond all help; the counts have the rest */

/* Others choose the names of guests: they are shown first (core/text.h), so that nothing is invalid. */
static void label(struct xlpt_str *out, const char *name, const char *value)
{
	_cleanup_free_ char *shown = xlpt_text_shown(value ? value : "");

	xlpt_str_addf(out, "%s%s=\"", out->len && out->s[out->len - 1] != '{' ? "," : "", name);
	for (const char *p = shown; *p; p++) {
		if (*p == '\\' || *p == '"')
			xlpt_str_add(out, "\\");
		xlpt_str_addn(out, p, 1);
	}
	xlpt_str_add(out, "\"");
}

static void head(struct xlpt_str *out, const char *name, const char *help)
{
	xlpt_str_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void value(struct xlpt_str *out, const char *name, const char *help, double v)
{
	head(out, name, help);
	xlpt_str_addf(out, "%s %.0f\n", name, v);
}

/* Of every group and state, none left out: a rule can rely on each. */
static void counts(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	head(out, "xlpt_doctor_checks", "What the doctor found, by group and state.");
	for (int g = 0; g < XLPT_DOCTOR_N_GROUPS; g++)
		for (int h = 0; h < XLPT_N_HEALTHS; h++) {
			size_t n = 0;

			for (size_t i = 0; i < d->n; i++)
				n += (int)d->lines[i].group == g && (int)d->lines[i].health == h;
			xlpt_str_add(out, "xlpt_doctor_checks{");
			label(out, "group", xlpt_doctor_group_word((enum xlpt_doctor_group)g));
			label(out, "state", xlpt_health_word((enum xlpt_health)h));
			xlpt_str_addf(out, "} %zu\n", n);
		}
}

static bool same(const struct xlpt_doctor_line *a, const struct xlpt_doctor_line *b)
{
	return a->group == b->group && a->health == b->health && !strcmp(a->check, b->check) &&
	       a->has_bdf == b->has_bdf && (!a->has_bdf || xlpt_bdf_eq(a->bdf, b->bdf)) &&
	       xlpt_streq(a->guest, b->guest);
}

struct series {
	const struct xlpt_doctor_line *line;
	size_t n;
};

static void add_series(struct series *all, size_t *n, const struct xlpt_doctor_line *line)
{
	for (size_t i = 0; i < *n; i++)
		if (same(all[i].line, line)) {
			all[i].n++;
			return;
		}
	if (*n < SERIES_MAX)
		all[(*n)++] = (struct series){ line, 1 };
}

/* What is not ok, with the device or the guest; lines that differ in their text alone are counted. */
static void troubles(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	_cleanup_free_ struct series *all = xlpt_xcalloc(SERIES_MAX, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->lines[i].health != XLPT_HEALTH_OK)
			add_series(all, &n, &d->lines[i]);
	head(out, "xlpt_doctor_trouble",
	     "What is not ok: how many lines of xlpt doctor say it of this device or guest.");
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_doctor_line *l = all[i].line;

		xlpt_str_add(out, "xlpt_doctor_trouble{");
		label(out, "group", xlpt_doctor_group_word(l->group));
		label(out, "check", l->check);
		label(out, "state", xlpt_health_word(l->health));
		label(out, "device", l->has_bdf ? XLPT_BDF_STR(l->bdf) : "");
		label(out, "guest", l->guest);
		xlpt_str_addf(out, "} %zu\n", all[i].n);
	}
}

static void info(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	head(out, "xlpt_info", "The version of xlpt and of the Xen that runs; always 1.");
	xlpt_str_add(out, "xlpt_info{");
	label(out, "version", XLPT_VERSION);
	label(out, "xen", d->xen_version);
	xlpt_str_add(out, "} 1\n");
}

static void pools(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	if (!d->n_pools)
		return;
	head(out, "xlpt_pool_vfs", "Virtual functions of each pool, by state.");
	for (size_t i = 0; i < d->n_pools; i++)
		for (int s = 0; s < XLPT_N_VF_STATES; s++) {
			xlpt_str_add(out, "xlpt_pool_vfs{");
			label(out, "pool", d->pools[i].name);
			label(out, "state", xlpt_vf_state_word((enum xlpt_vf_state)s));
			xlpt_str_addf(out, "} %zu\n", d->pools[i].vfs[s]);
		}
}

void xlpt_doctor_metrics(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	size_t hidden = 0, given = 0;

	for (size_t i = 0; i < d->devs.n; i++) {
		given += d->holders[i] >= 0;
		hidden += d->holders[i] == XLPT_HOLDER_PCIBACK;
	}
	info(d, out);
	value(out, "xlpt_doctor_sound", "1 when the doctor found nothing bad, else 0.",
	      !xlpt_doctor_count(d, XLPT_HEALTH_BAD));
	counts(d, out);
	troubles(d, out);
	if (d->scanned) {
		value(out, "xlpt_devices_hidden", "Devices that pciback holds and no guest has.",
		      (double)hidden);
		value(out, "xlpt_devices_assigned", "Devices that guests have.", (double)given);
	}
	if (d->guests_known)
		value(out, "xlpt_guests", "Guests that run.", (double)d->n_guests);
	if (d->budget_known) {
		value(out, "xlpt_hotplug_used", "Attaches and detaches within the window.",
		      d->budget.used);
		value(out, "xlpt_hotplug_limit", "How many of them this host allows.",
		      d->budget.limit);
	}
	pools(d, out);
}
