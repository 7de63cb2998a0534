/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of the doctor share: the lines, and the facts that more than one part reads. */
#include "xl-plugin/check/doctor.h"

#include <string.h>

const char *xlpt_health_word(enum xlpt_health health)
{
	static const char *const words[] = { "ok", "unknown", "warning", "bad" };

	return words[health];
}

const char *xlpt_doctor_group_word(enum xlpt_doctor_group group)
{
	static const char *const words[] = { "xen",    "iommu",		 "pciback",
					     "guests", "configurations", "boot",
					     "guard",  "pools",		 "state",
					     "budget", "defects" };

	return words[group];
}

/* ---- lines ---- */

void xlpt_doctor_add(struct xlpt_doctor *d, enum xlpt_doctor_group group, enum xlpt_health health,
		     const char *check, const char *fmt, ...)
{
	struct xlpt_doctor_line *l;
	va_list ap;

	XLPT_GROW(d->lines, d->n, d->alloc);
	l = &d->lines[d->n++];
	*l = (struct xlpt_doctor_line){ .group = group, .health = health, .check = check };
	va_start(ap, fmt);
	l->fact = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
}

void xlpt_doctor_mend(struct xlpt_doctor *d, const char *fmt, ...)
{
	struct xlpt_doctor_line *l = &d->lines[d->n - 1];
	va_list ap;

	free(l->mend);
	va_start(ap, fmt);
	l->mend = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
}

void xlpt_doctor_device(struct xlpt_doctor *d, struct xlpt_bdf bdf)
{
	d->lines[d->n - 1].has_bdf = true;
	d->lines[d->n - 1].bdf = bdf;
}

void xlpt_doctor_guest(struct xlpt_doctor *d, const char *name)
{
	free(d->lines[d->n - 1].guest);
	d->lines[d->n - 1].guest = xlpt_xstrdup(name);
}

void xlpt_doctor_failed(struct xlpt_doctor *d, enum xlpt_doctor_group group,
			enum xlpt_health health, const char *check, const struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str place = { 0 };

	if (diag->file)
		xlpt_str_addf(&place, "%s:", diag->file);
	if (diag->file && diag->line)
		xlpt_str_addf(&place, "%u:", diag->line);
	xlpt_doctor_add(d, group, health, check, "%s%s%s%s%s", xlpt_str_get(&place),
			place.len ? " " : "", diag->message ? diag->message : "it failed",
			diag->fact ? ": " : "", diag->fact ? diag->fact : "");
	if (diag->hint)
		xlpt_doctor_mend(d, "%s", diag->hint);
}

bool xlpt_doctor_has_trouble(const struct xlpt_doctor *d, enum xlpt_doctor_group group)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->lines[i].group == group && d->lines[i].health != XLPT_HEALTH_OK)
			return true;
	return false;
}

size_t xlpt_doctor_count(const struct xlpt_doctor *d, enum xlpt_health health)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->lines[i].health == health;
	return n;
}

static void sort(struct xlpt_doctor *d)
{
	struct xlpt_doctor_line *sorted = xlpt_xcalloc(d->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (int group = 0; group < XLPT_DOCTOR_N_GROUPS; group++)
		for (int health = XLPT_N_HEALTHS - 1; health >= 0; health--)
			for (size_t i = 0; i < d->n; i++)
				if ((int)d->lines[i].group == group &&
				    (int)d->lines[i].health == health)
					sorted[n++] = d->lines[i];
	free(d->lines);
	d->lines = sorted;
	d->alloc = d->n + 1;
}

/* ---- what several parts look at ---- */

int64_t xlpt_doctor_holder(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	return d->holders[dev - d->devs.items];
}

/*
 * sysfs has what follows the second number, too ("/sys/hypervisor/version/extra"), and the kernel
 * makes it without libxl's help.
 */
static char *version_text(struct xlpt_doctor *d)
{
	_cleanup_free_ char *major = NULL, *minor = NULL, *extra = NULL;
	struct xlpt_host *h = d->env->host;

	if (xlpt_host_read_text(h, &major, "/sys/hypervisor/version/major") >= 0 &&
	    xlpt_host_read_text(h, &minor, "/sys/hypervisor/version/minor") >= 0 &&
	    xlpt_host_read_text(h, &extra, "/sys/hypervisor/version/extra") >= 0)
		return xlpt_xasprintf("%s.%s%s", xlpt_chomp(major), xlpt_chomp(minor),
				      xlpt_chomp(extra));
	return d->caps_known && *d->caps.version ? xlpt_xstrdup(d->caps.version) : NULL;
}

/* One to three digits; the rest of the text in *s. */
static int take_number(const char **s)
{
	size_t n = strspn(*s, "0123456789");
	int v = 0;

	if (!n || n > 3)
		return -1;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + ((*s)[i] - '0');
	*s += n;
	return v;
}

/* What comes before a release has not all that the release has: "4.17.6-pre" counts as 4.17.5. */
static struct xlpt_xen_version version_of(const char *text)
{
	struct xlpt_xen_version v = { -1, -1, -1 };

	if (!text)
		return v;
	v.major = take_number(&text);
	if (v.major < 0 || *text++ != '.')
		return (struct xlpt_xen_version){ -1, -1, -1 };
	v.minor = take_number(&text);
	if (*text == '.') {
		text++;
		v.point = take_number(&text);
	}
	if (v.point > 0 && xlpt_starts(text, "-pre"))
		v.point--;
	return v;
}

static void read_xen(struct xlpt_doctor *d)
{
	struct xlpt_env *env = d->env;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc;

	d->xen = xlpt_boot_xen(env->host);
	if (env->ts && env->store) {
		rc = env->ts->ops->caps(env->ts, &d->caps, &diag);
		d->caps_known = rc == 0;
		if (rc)
			xlpt_doctor_failed(d, XLPT_DOCTOR_XEN, XLPT_HEALTH_BAD, "xen", &diag);
		if (env->ts->ops->xen_text)
			env->ts->ops->xen_text(env->ts, &d->xen_cmdline, &d->xen_log);
		rc = env->ts->ops->guest_list(env->ts, &d->guests, &d->n_guests, &diag);
		d->guests_known = rc == 0;
		if (rc)
			xlpt_doctor_failed(d, XLPT_DOCTOR_GUESTS, XLPT_HEALTH_UNKNOWN, "guests",
					   &diag);
		for (size_t i = 0; i < d->n_guests; i++)
			env->ts->ops->guest_config(env->ts, &d->guests[i]);
	}
	d->xen_version = version_text(d);
	d->version = version_of(d->xen_version);
}

static void read_holders(struct xlpt_doctor *d)
{
	d->holders = xlpt_xcalloc(d->devs.n + 1, sizeof(*d->holders));
	for (size_t i = 0; i < d->devs.n; i++)
		d->holders[i] = xlpt_streq(d->devs.items[i].driver, "pciback") ? XLPT_HOLDER_PCIBACK
									       : XLPT_HOLDER_DOM0;
	for (size_t i = 0; i < d->owners.n; i++) {
		const struct xlpt_owner *o = &d->owners.items[i];
		const struct xlpt_device *dev = xlpt_devices_find(&d->devs, o->bdf);

		if (o->guest && dev)
			d->holders[dev - d->devs.items] = o->domid;
	}
}

/*
 * Configuration space is read of those alone that matter: reading wakes a device that sleeps, and
 * the doctor may come every minute.
 */
static void read_caps(struct xlpt_doctor *d)
{
	for (size_t i = 0; i < d->devs.n; i++) {
		struct xlpt_device *dev = &d->devs.items[i], whole = { 0 };

		if (dev->caps.config_read ||
		    (d->holders[i] == XLPT_HOLDER_DOM0 && dev->vf_total < 0))
			continue;
		if (xlpt_scan_one(d->env->host, dev->bdf, XLPT_SCAN_CAPS, NULL, &whole, NULL))
			continue;
		xlpt_device_dispose(dev);
		*dev = whole;
	}
}

static void read_firmware(struct xlpt_doctor *d)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (xlpt_dmar_read(d->env->host, &d->devs, &d->rmrrs, &diag))
		xlpt_doctor_failed(d, XLPT_DOCTOR_IOMMU, XLPT_HEALTH_WARNING, "firmware", &diag);
	if (xlpt_ivrs_read(d->env->host, &d->ivmds, &diag))
		xlpt_doctor_failed(d, XLPT_DOCTOR_IOMMU, XLPT_HEALTH_WARNING, "firmware", &diag);
}

static void read_devices(struct xlpt_doctor *d)
{
	struct xlpt_env *env = d->env;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = xlpt_scan_all(env->host, XLPT_SCAN_SETS, NULL, &d->devs, &diag);

	d->scanned = rc == 0;
	if (rc)
		xlpt_doctor_failed(d, XLPT_DOCTOR_PCIBACK, XLPT_HEALTH_UNKNOWN, "devices", &diag);
	rc = xlpt_owners_read(env, &d->owners, &diag);
	if (rc)
		xlpt_doctor_failed(d, XLPT_DOCTOR_STATE, XLPT_HEALTH_UNKNOWN, "xenstore", &diag);
	read_holders(d);
	read_caps(d);
	rc = xlpt_boot_detect(env->host, XLPT_ERA_UNKNOWN, NULL, &d->boot, &diag);
	if (rc)
		xlpt_doctor_failed(d, XLPT_DOCTOR_BOOT, XLPT_HEALTH_UNKNOWN, "boot", &diag);
}

int xlpt_doctor_examine(struct xlpt_env *env, struct xlpt_doctor *out, struct xlpt_diag *diag)
{
	static void (*const parts[])(struct xlpt_doctor *) = {
		xlpt_doctor_xen,     xlpt_doctor_iommu,		 xlpt_doctor_log,
		xlpt_doctor_pciback, xlpt_doctor_configurations, xlpt_doctor_guests,
		xlpt_doctor_boot,    xlpt_doctor_guard,		 xlpt_doctor_pools,
		xlpt_doctor_state,   xlpt_doctor_budget,	 xlpt_doctor_defects,
	};
	int rc;

	*out = (struct xlpt_doctor){ .env = env };
	rc = xlpt_env_try_xen(env, diag);
	/* A capture that is damaged: its files are looked at all the same. */
	if (rc && !env->host)
		return rc;
	if (rc)
		xlpt_doctor_failed(out, XLPT_DOCTOR_XEN, XLPT_HEALTH_UNKNOWN, "xen", diag);
	xlpt_diag_dispose(diag);
	read_xen(out);
	read_devices(out);
	read_firmware(out);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++)
		parts[i](out);
	sort(out);
	return 0;
}

void xlpt_doctor_dispose(struct xlpt_doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->lines[i].fact);
		free(d->lines[i].mend);
		free(d->lines[i].guest);
	}
	free(d->lines);
	for (size_t i = 0; i < d->n_configs; i++) {
		free(d->configs[i].path);
		free(d->configs[i].guest);
	}
	free(d->configs);
	for (size_t i = 0; i < d->n_entries; i++)
		free(d->entries[i].path);
	free(d->entries);
	for (size_t i = 0; i < d->n_pools; i++)
		free(d->pools[i].name);
	free(d->pools);
	free(d->xen_version);
	free(d->xen_cmdline);
	free(d->xen_log);
	xlpt_guests_free(d->guests, d->n_guests);
	xlpt_owners_dispose(&d->owners);
	free(d->holders);
	xlpt_devices_dispose(&d->devs);
	xlpt_pin_set_dispose(&d->pin_set);
	xlpt_vf_places_dispose(&d->places);
	xlpt_rmrrs_dispose(&d->rmrrs);
	xlpt_ivmds_dispose(&d->ivmds);
	xlpt_boot_dispose(&d->boot);
	*d = (struct xlpt_doctor){ 0 };
}
