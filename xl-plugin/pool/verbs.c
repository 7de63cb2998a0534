/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of pool: which arguments and options go with each of them. */
#include <string.h>

#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/pool/pools.h"

static const struct {
	const char *verb;
	size_t min, max; /* number of arguments, the verb included */
	bool reads;	 /* works on a captured tree, too */
	bool dry; /* knows --dry-run: it changes something, if only by giving back what is over */
	const char *opts; /* options that go with it, between blanks */
} verbs[] = {
	[XLPT_POOL_DEFINE] = { "define", 1, XLPT_ANY_ARGS, false, true, " file name " },
	[XLPT_POOL_IMPORT] = { "import", 2, 2, false, true, " name " },
	[XLPT_POOL_EXPORT] = { "export", 2, 2, true, false, " xml " },
	[XLPT_POOL_LIST] = { "list", 1, 1, true, true, "" },
	[XLPT_POOL_SHOW] = { "show", 2, 2, true, true, "" },
	[XLPT_POOL_UNDEFINE] = { "undefine", 2, 2, false, true, "" },
	[XLPT_POOL_RELEASE] = { "release", 1, XLPT_ANY_ARGS, false, true, " gone guest timeout " },
	[XLPT_POOL_ADMIT] = { "admit", 2, 2, false, false, "" },
};

int xlpt_pool_verb(struct xlpt_env *env, const struct xlpt_args *args, enum xlpt_pool_verb *out,
		   struct xlpt_diag *diag)
{
	const char *verb = args->pos[0];
	size_t i = 0;

	while (i < XLPT_ARRAY_SIZE(verbs) && strcmp(verbs[i].verb, verb) != 0)
		i++;
	if (i == XLPT_ARRAY_SIZE(verbs))
		return xlpt_no_verb(args->cmd, verb, diag);
	for (const struct xlpt_opt *o = args->cmd->opts; o->name; o++) {
		_cleanup_free_ char *word = xlpt_xasprintf(" %s ", o->name);

		if (!xlpt_args_has(args, o->name) || strstr(verbs[i].opts, word))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool %s does not know the option --%s", verb,
			      o->name);
		xlpt_diag_hint(diag, "xlpt pool --help");
		return XLPT_ERR_USAGE;
	}
	if (args->n < verbs[i].min || args->n > verbs[i].max) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool %s: too %s arguments", verb,
			      args->n < verbs[i].min ? "few" : "many");
		xlpt_diag_hint(diag, "xlpt pool --help");
		return XLPT_ERR_USAGE;
	}
	if (env->sysroot && !verbs[i].reads) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pool %s changes the running system and cannot work "
			      "on --sysroot",
			      verb);
		xlpt_diag_hint(diag, "pool list, show and export read a tree");
		return XLPT_ERR_USAGE;
	}
	if (env->dry_run && !verbs[i].dry) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pool %s changes nothing, so it has no --dry-run", verb);
		xlpt_diag_hint(diag, "leave --dry-run out");
		return XLPT_ERR_USAGE;
	}
	*out = (enum xlpt_pool_verb)i;
	return 0;
}
