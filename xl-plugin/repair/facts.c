/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/repair/facts.h"

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/repair/repair.h"

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
	for (size_t i = 0; i < f->n_left; i++)
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

	(void)flags;
	*f = (struct xlpt_facts){ .env = env,
				  .xen = env->store && env->ts,
				  .has_bus = xlpt_host_has(env->host, "/sys/bus/pci/devices") };
	rc = xlpt_journal_left(env, &f->left, &f->n_left, &f->running, &f->n_running, diag);
	if (rc == 0 && !env->sysroot)
		f->unfinished = xlpt_sweep_count(env);
	if (rc == 0)
		rc = xlpt_scan_all(env->host, 0, NULL, &f->devices, diag);
	return rc || !f->xen ? rc : read_xen(f, diag);
}
