/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that completion offers, by their kind: devices, guests, pools and so on. */
#include <string.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/complete.h"

void xlpt_complete_offer(struct xlpt_env *env, const char *prefix, const char *word,
			 const char *help)
{
	if (*word && xlpt_text_is_plain(word))
		fprintf(env->out, "%s%s%s%s\n", prefix, word, help ? "\t" : "", help ? help : "");
}

static void offer(struct xlpt_env *env, const char *prefix, const char *word)
{
	xlpt_complete_offer(env, prefix, word, NULL);
}

/* Names of a kind that a room above knows. */
static int words(struct xlpt_env *env, const char *what, const char *prefix, struct xlpt_diag *diag)
{
	const struct xlpt_words *w = xlpt_program.words;
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_env_need_host(env, diag);

	while (w->what && strcmp(w->what, what) != 0)
		w++;
	if (rc == 0 && w->what)
		rc = w->names(env, &names, diag);
	for (char **p = names; rc == 0 && p && *p; p++)
		offer(env, prefix, *p);
	return rc;
}

static int devices(struct xlpt_env *env, const char *prefix, struct xlpt_diag *diag)
{
	_cleanup_free_ char *pin = xlpt_xasprintf("%spin:", prefix);
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0)
		rc = xlpt_scan_all(env->host, 0, NULL, &devs, diag);
	for (size_t i = 0; rc == 0 && i < devs.n; i++)
		if (devs.items[i].header != XLPT_HEADER_BRIDGE)
			offer(env, prefix, XLPT_BDF_STR(devs.items[i].bdf));
	if (rc == 0)
		rc = words(env, "pins", pin, diag);
	return rc ? rc : words(env, "names", prefix, diag);
}

/* vfs: the addresses of VFs; otherwise what a PF may be called. */
static int sriov(struct xlpt_env *env, bool vfs, const char *prefix, struct xlpt_diag *diag)
{
	struct xlpt_pf *pfs = NULL;
	size_t n = 0;
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0)
		rc = xlpt_pf_all(env->host, &pfs, &n, diag);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; vfs && k < pfs[i].n; k++)
			offer(env, prefix, XLPT_BDF_STR(pfs[i].vfs[k]));
		if (!vfs && pfs[i].ifname)
			offer(env, prefix, pfs[i].ifname);
		if (!vfs)
			offer(env, prefix, XLPT_BDF_STR(pfs[i].bdf));
		xlpt_pf_dispose(&pfs[i]);
	}
	free(pfs);
	return rc;
}

static int guests(struct xlpt_env *env, const char *prefix, struct xlpt_diag *diag)
{
	struct xlpt_guest *list = NULL;
	size_t n = 0;
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0 && env->ts)
		rc = env->ts->ops->guest_list(env->ts, &list, &n, diag);
	for (size_t i = 0; i < n; i++) {
		offer(env, prefix, list[i].name);
		xlpt_guest_dispose(&list[i]);
	}
	free(list);
	return rc;
}

int xlpt_complete_kind(struct xlpt_env *env, const char *kind, const char *prefix,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *pool = xlpt_xasprintf("%spool:", prefix);
	int rc;

	if (!strcmp(kind, "devices"))
		return devices(env, prefix, diag);
	if (!strcmp(kind, "guests"))
		return guests(env, prefix, diag);
	if (!strcmp(kind, "vfs") || !strcmp(kind, "pfs"))
		return sriov(env, !strcmp(kind, "vfs"), prefix, diag);
	if (!strcmp(kind, "repairs")) {
		rc = words(env, "kinds", prefix, diag);
		if (rc == 0)
			rc = guests(env, prefix, diag);
		return rc ? rc : devices(env, prefix, diag);
	}
	if (strcmp(kind, "specs") != 0 && strcmp(kind, "finds") != 0)
		return words(env, kind, prefix, diag);
	rc = !strcmp(kind, "finds") ? words(env, "things", prefix, diag)
				    : words(env, "pools", pool, diag);
	return rc ? rc : devices(env, prefix, diag);
}
