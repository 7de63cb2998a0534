/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start: its arguments and options. */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"
#include "xl-plugin/start/start.h"

int xlpt_start_words(struct xlpt_start *s, const struct xlpt_args *args, struct xlpt_str *text,
		     struct xlpt_diag *diag)
{
	const char *for_xl = xlpt_args_get(args, "for-xl");
	int rc;

	s->take_from_dom0 = xlpt_args_has(args, "hide");
	s->print = xlpt_args_has(args, "print");
	s->no_wait = xlpt_args_has(args, "no-wait");
	s->keep = xlpt_args_has(args, "keep");
	if (s->print && (s->no_wait || s->keep || xlpt_args_has(args, "timeout"))) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "start: with --print nothing is created, and nothing "
			      "waited for");
		xlpt_diag_hint(diag, "leave --no-wait, --keep and --timeout out");
		return XLPT_ERR_USAGE;
	}
	if (for_xl && (s->print || s->no_wait || s->keep || xlpt_args_has(args, "timeout"))) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "start: with --for-xl it is xl that creates the guest, and nothing "
			      "is printed or waited for");
		xlpt_diag_hint(diag, "leave --print, --no-wait, --keep and --timeout out");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_args_seconds(args, "timeout", XLPT_START_TIMEOUT_MS, &s->op.timeout_ms, diag);
	if (rc == 0)
		rc = xlpt_op_consents(&s->op, xlpt_args_all(args, "force-host-device"),
				      xlpt_args_all(args, "allow-split"), diag);
	if (rc == 0)
		rc = for_xl ? xlpt_start_from_guard(s, for_xl, text, diag)
			    : xlpt_convert_load(args->pos[0], false, text, NULL, diag);
	if (rc == XLPT_ERR_NOT_FOUND)
		xlpt_diag_hint(diag,
			       "name the guest's xl configuration; they are usually in /etc/xen");
	s->file = args->pos[0];
	s->op.named_in = s->file;
	s->text = xlpt_str_get(text);
	s->len = text->len;
	return rc;
}

static int cmd_start(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_start_ struct xlpt_start s;
	int rc;

	xlpt_start_init(&s, env);
	rc = xlpt_start_words(&s, args, &text, diag);
	if (rc == 0)
		rc = xlpt_op_start(&s, diag);
	if (rc == 0 && !env->dry_run && s.for_xl < 0)
		xlpt_start_report(&s);
	if (rc == 0)
		rc = xlpt_start_lacks(&s, diag);
	/* With --json the report has the error already. */
	env->reported |= rc == XLPT_ERR_LEFT && s.lacks && env->json;
	return rc;
}

/* clang-format off */
static const struct xlpt_opt start_opts[] = {
	{ "print", 0, NULL, "do all but create it: print the configuration for xl create" },
	{ "no-wait", 0, NULL, "do not wait until a PV guest's own kernel has the devices" },
	{ "keep", 0, NULL, "leave a guest running that lacks a device (exit status 5)" },
	{ "timeout", 't', "SECONDS", "how long it may take to have them (default 180)" },
	{ "for-xl", 0, "FD", "for the guard alone: it exchanges the configuration there, and xl creates the guest" },
	{ "hide", 0, NULL, "take the devices from their dom0 drivers first (like seize=1)" },
	{ "force-host-device", 0, "BDF", "take BDF although this host needs it (may be repeated)" },
	{ "allow-split", 0, "BDF", "divide BDF's isolation set: each side can reach the other's" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_start = {
	.name = "start",
	.synopsis = "CFG",
	.help = "Create a guest with devices out of pools, and see that it has them",
	.details = "CFG is an xl configuration whose pci list may also have entries as xlpt attach takes\n"
		   "them: pci = [ \"pool:lan,mac=52:54:00:6d:90:02\", \"0000:09:00.0\" ]. They are resolved,\n"
		   "leased, hidden, and xl creates the guest with the addresses. If it does not get all of\n"
		   "them, it is destroyed and everything is given back; --keep leaves it running.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = 1,
	.opts = start_opts,
	.run = cmd_start,
};
/* clang-format on */
