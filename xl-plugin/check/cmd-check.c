/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: its words and options. */
#include "xl-plugin/check/check.h"

static int check_words(const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const of_attach[] = { "without-e820", "config" };

	for (size_t i = 0; args->n == 1 && i < XLPT_ARRAY_SIZE(of_attach); i++) {
		if (!xlpt_args_has(args, of_attach[i]))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--%s is for a guest that runs, and \"%s\" is taken for a "
			      "configuration",
			      of_attach[i], args->pos[0]);
		xlpt_diag_hint(diag, "name the guest and its devices: xlpt check GUEST SPEC...");
		return XLPT_ERR_USAGE;
	}
	return 0;
}

/* The exit status is what the command itself would end with. */
static int would_fail(const struct xlpt_args *args, const struct xlpt_findings *all,
		      struct xlpt_diag *diag)
{
	const struct xlpt_finding *first = NULL;
	size_t fails = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (all->items[i].state != XLPT_FINDING_FAILS)
			continue;
		first = first ? first : &all->items[i];
		fails++;
	}
	xlpt_diag_set(diag, all->rc, "xlpt %s would fail: %zu point%s of those above",
		      args->n > 1 ? "attach" : "start", fails, fails == 1 ? "" : "s");
	if (first)
		xlpt_diag_fact(diag, "%s", first->diag.message);
	xlpt_diag_hint(diag, "what stands below each point that fails; then check again");
	return all->rc;
}

static int cmd_check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_findings_ struct xlpt_findings all = { 0 };
	int rc = check_words(args, diag);

	if (rc == 0)
		rc = xlpt_check(env, args, &all, diag);
	if (rc)
		return rc;
	xlpt_check_report(env, args, &all);
	return all.rc ? would_fail(args, &all, diag) : 0;
}

/* clang-format off */
static const struct xlpt_opt check_opts[] = {
	{ "hide", 0, NULL, "as if the devices were taken from their dom0 drivers first" },
	{ "without-e820", 0, NULL, "as with attach, of a PV guest that has no e820_host=1" },
	{ "config", 0, "FILE", "as if the devices were listed in FILE, too" },
	{ "force-host-device", 0, "BDF", "as if BDF were taken although this host needs it" },
	{ "allow-split", 0, "BDF", "as if BDF's isolation set were divided" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_check = {
	.name = "check",
	.synopsis = "GUEST SPEC...|CFG",
	.help = "Say whether attach or start would work, and all that is in the way",
	.details = "GUEST and SPEC are as for xlpt attach; CFG is a configuration as for xlpt start. Every\n"
		   "point is judged, the worst is told first, and nothing is changed. The exit status is\n"
		   "that which xlpt attach or xlpt start would end with: 0 when it would work.",
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = check_opts,
	.run = cmd_check,
};
/* clang-format on */
