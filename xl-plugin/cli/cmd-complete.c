/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words for the shell's completion, asked of the program itself so that they
 * are never out of date. "__complete line -- WORD..." is what the files docs/completion.*
 * ask: see complete.h. The rest is for people who write their own: "__complete commands",
 * "__complete options COMMAND", "__complete devices", "__complete guests",
 * "__complete pins", "__complete pfs", "__complete vfs", "__complete pools",
 * "__complete things" (what find knows), "__complete kinds" (of contradictions).
 */
#include <string.h>

#include "xl-plugin/cli/complete.h"

static void print_opts(struct xlpt_env *env, const struct xlpt_opt *opts)
{
	for (; opts && opts->name; opts++)
		xlpt_complete_offer(env, "--", opts->name, NULL);
}

static int cmd_complete(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const kinds[] = { "devices", "pins", "pools",  "guests",
					     "vfs",	"pfs",	"things", "kinds" };
	const char *what = args->pos[0];

	if (!strcmp(what, "line"))
		return xlpt_complete_line(env, args->pos + 1, args->n - 1, diag);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (!strcmp(what, kinds[i]))
			return xlpt_complete_kind(env, what, "", diag);
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];

		if (!strcmp(what, "commands") && !(cmd->flags & XLPT_CMD_HIDDEN))
			xlpt_complete_offer(env, "", cmd->name, NULL);
		if (!strcmp(what, "options") && args->n > 1 && !strcmp(cmd->name, args->pos[1])) {
			print_opts(env, cmd->opts);
			print_opts(env, xlpt_common_opts);
		}
	}
	return 0;
}

const struct xlpt_command xlpt_cmd_complete = {
	.name = "__complete",
	.synopsis = "WHAT [COMMAND]|line -- WORD...",
	.help = "Print words for the shell's completion",
	.flags = XLPT_CMD_HIDDEN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.run = cmd_complete,
};
