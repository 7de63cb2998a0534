/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What boot verify and guard status say, and whether anybody asks them. */
#include <string.h>

#include "xl-plugin/boot/boot.h"
#include "xl-plugin/check/doctor.h"
#include "xl-plugin/sentry/sentry.h"

static enum xlpt_health health_of(const struct xlpt_doctor *d, enum xlpt_hidden state)
{
	if (state == XLPT_HIDDEN_YES)
		return XLPT_HEALTH_OK;
	/* Without Xen nothing is hidden, and nothing has to be. */
	if (d->xen == XLPT_BOOT_XEN_NO)
		return XLPT_HEALTH_UNKNOWN;
	return state == XLPT_HIDDEN_WAITING || state == XLPT_HIDDEN_ABSENT ? XLPT_HEALTH_WARNING
									   : XLPT_HEALTH_BAD;
}

static void verdict(struct xlpt_doctor *d, const struct xlpt_verdict *v)
{
	struct xlpt_bdf bdf;

	xlpt_doctor_add(d, XLPT_DOCTOR_BOOT, health_of(d, v->state), xlpt_hidden_word(v->state),
			"%s is to be hidden at boot: %s%s%s", v->bdf,
			v->state == XLPT_HIDDEN_YES ? "it is" : "it is not", v->fact ? ": " : "",
			v->fact ? v->fact : "");
	if (v->hint)
		xlpt_doctor_mend(d, "%s", v->hint);
	if (xlpt_bdf_parse(v->bdf, strlen(v->bdf), &bdf, NULL) == 0)
		xlpt_doctor_device(d, bdf);
}

/* Only where systemd runs; and where what WantedBy= made of it can be seen. */
static void unit(struct xlpt_doctor *d)
{
	struct xlpt_host *h = d->env->host;

	if (!xlpt_host_has(h, "/run/systemd/system") ||
	    xlpt_host_has(h, "/etc/systemd/system/multi-user.target.wants/" XLPT_BOOT_UNIT))
		return;
	xlpt_doctor_add(d, XLPT_DOCTOR_BOOT, XLPT_HEALTH_WARNING, "unit",
			XLPT_BOOT_UNIT
			" is not enabled: nobody looks at boot whether the devices are "
			"hidden");
	xlpt_doctor_mend(d, "systemctl enable " XLPT_BOOT_UNIT);
}

void xlpt_doctor_boot(struct xlpt_doctor *d)
{
	_cleanup_verdicts_ struct xlpt_verdicts v = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	size_t hidden = 0;

	if (xlpt_op_boot_verify(d->env, &d->boot, NULL, &v, &diag)) {
		xlpt_doctor_failed(d, XLPT_DOCTOR_BOOT, XLPT_HEALTH_BAD, "verify", &diag);
		return;
	}
	for (size_t i = 0; i < v.n; i++) {
		if (v.items[i].state == XLPT_HIDDEN_YES)
			hidden++;
		else
			verdict(d, &v.items[i]);
	}
	if (!v.n)
		xlpt_doctor_add(d, XLPT_DOCTOR_BOOT, XLPT_HEALTH_OK, "verify",
				"nothing is to be hidden at boot");
	else if (hidden)
		xlpt_doctor_add(d, XLPT_DOCTOR_BOOT, XLPT_HEALTH_OK, "verify",
				"%zu of %zu devices that are to be hidden at boot are hidden",
				hidden, v.n);
	if (v.n)
		unit(d);
}

/* ---- the guard ---- */

static void file_of(struct xlpt_doctor *d, const struct xlpt_sentry_file *f)
{
	if (f->state == XLPT_SENTRY_CURRENT || f->state == XLPT_SENTRY_ABSENT)
		return;
	xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_WARNING, xlpt_sentry_part_word(f->part),
			"%s is %s%s%s", f->path, xlpt_sentry_state_word(f->state),
			f->fact ? ": " : "", f->fact ? f->fact : "");
	if (f->state == XLPT_SENTRY_FOREIGN)
		xlpt_doctor_mend(d, "move it away; then: xlpt guard install %s",
				 xlpt_sentry_part_word(f->part));
	else
		xlpt_doctor_mend(d, "xlpt guard install %s%s", xlpt_sentry_part_word(f->part),
				 f->state == XLPT_SENTRY_CHANGED ? " --force" : "");
}

/* Without the guard, xl save of a guest with a device ends the guest. */
static void part(struct xlpt_doctor *d, const struct xlpt_sentry *g, enum xlpt_sentry_part p,
		 bool *installed)
{
	const char *word = xlpt_sentry_part_word(p), *state = xlpt_sentry_part_state(g, p);

	if (!g->applies[p])
		return;
	if (!strcmp(state, "installed")) {
		*installed = true;
		return;
	}
	if (!strcmp(state, "in part") || !strcmp(state, "not in effect")) {
		*installed = true;
		xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_BAD, word,
				"the guard before %s is installed %s", word,
				!strcmp(state, "in part") ? "in part only" : "and not in effect");
		xlpt_doctor_mend(d, "xlpt guard install %s; xlpt guard status", word);
	}
	for (size_t i = 0; i < g->n; i++)
		if (g->files[i].part == p)
			file_of(d, &g->files[i]);
}

static bool holds_any(const struct xlpt_doctor *d)
{
	for (size_t i = 0; i < d->owners.n; i++)
		if (d->owners.items[i].guest)
			return true;
	return false;
}

void xlpt_doctor_guard(struct xlpt_doctor *d)
{
	_cleanup_sentry_ struct xlpt_sentry g = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool installed = false;

	if (xlpt_sentry_look(d->env, NULL, &g, &diag)) {
		xlpt_doctor_failed(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_UNKNOWN, "guard", &diag);
		return;
	}
	xlpt_sentry_notes(d->env, &g);
	for (int p = 0; p < XLPT_SENTRY_PARTS; p++)
		part(d, &g, (enum xlpt_sentry_part)p, &installed);
	for (char **n = g.notes; installed && n && *n; n++) {
		xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_WARNING, "note", "%s", *n);
		xlpt_doctor_mend(d, "xlpt guard status; xlpt-guard(8) says what it means");
	}
	if (xlpt_doctor_has_trouble(d, XLPT_DOCTOR_GUARD))
		return;
	if (!installed && d->env->sysroot) {
		xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_UNKNOWN, "guard",
				"the guard is not in this tree: a capture takes none of its files");
		return;
	}
	if (installed || !holds_any(d)) {
		xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_OK, "guard", "the guard is %s",
				installed ? "installed"
					  : "not installed, and no guest has a device");
		return;
	}
	xlpt_doctor_add(d, XLPT_DOCTOR_GUARD, XLPT_HEALTH_WARNING, "guard",
			"the guard is not installed: xl save of a guest that has a device ends the "
			"guest");
	xlpt_doctor_mend(d, "xlpt guard install");
}
