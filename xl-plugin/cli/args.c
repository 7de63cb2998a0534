/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command's options and arguments, from the words that it was given. */
#include "xl-plugin/cli/args.h"

#include <getopt.h>
#include <string.h>

#include "xl-plugin/cli/nearest.h"

enum { OPT_JSON, OPT_DRY_RUN, OPT_SYSROOT, OPT_VERBOSE, OPT_HELP, N_COMMON };

/* clang-format off */
const struct xlpt_opt xlpt_common_opts[] = {
	[OPT_JSON] = { "json", 0, NULL, "print one JSON object instead of text" },
	[OPT_DRY_RUN] = { "dry-run", 'n', NULL, "print the steps and change nothing" },
	[OPT_SYSROOT] = { "sysroot", 0, "DIR", "read the tree below DIR instead of this system" },
	[OPT_VERBOSE] = { "verbose", 'v', NULL, "say what is done; twice: libxl's log too" },
	[OPT_HELP] = { "help", 'h', NULL, "show this text" },
	[N_COMMON] = { 0 },
};
/* clang-format on */

#define OPT_BASE 256 /* getopt values of the command's own options start here */

/* The number of options when it has none of that name. */
static size_t opt_index(const struct xlpt_command *cmd, const char *name)
{
	size_t i = 0;

	while (cmd->opts && cmd->opts[i].name && strcmp(cmd->opts[i].name, name) != 0)
		i++;
	return i;
}

char **xlpt_args_all(const struct xlpt_args *args, const char *opt)
{
	return args->values[opt_index(args->cmd, opt)];
}

bool xlpt_args_has(const struct xlpt_args *args, const char *opt)
{
	return xlpt_args_all(args, opt) != NULL;
}

const char *xlpt_args_get(const struct xlpt_args *args, const char *opt)
{
	char **v = xlpt_args_all(args, opt);

	return v ? v[xlpt_strv_len(v) - 1] : NULL;
}

int xlpt_args_seconds(const struct xlpt_args *args, const char *opt, int64_t def_ms, int64_t *ms,
		      struct xlpt_diag *diag)
{
	const char *text = xlpt_args_get(args, opt);
	uint64_t v;

	*ms = def_ms;
	if (!text)
		return 0;
	if (!xlpt_parse_uint(text, strlen(text), 10, 86400, &v) || v == 0) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "--%s wants whole seconds from 1 to 86400, not \"%s\"", opt, text);
		xlpt_diag_hint(diag, "for example --%s 60", opt);
		return XLPT_ERR_SYNTAX;
	}
	*ms = (int64_t)v * 1000;
	return 0;
}

int xlpt_args_bdf(const char *text, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	return xlpt_bdf_parse_host(text, out, diag);
}

void xlpt_args_dispose(struct xlpt_args *args)
{
	size_t n = opt_index(args->cmd, "");

	for (size_t i = 0; i <= n; i++)
		xlpt_strv_free(args->values[i]);
	free(args->values);
	free(args->pos);
	xlpt_strv_free(args->made);
}

/* getopt's tables from ours. */
static void add_opts(struct option *longs, size_t *n, struct xlpt_str *shorts,
		     const struct xlpt_opt *opts, int base)
{
	for (int i = 0; opts && opts[i].name; i++) {
		longs[(*n)++] = (struct option){ .name = opts[i].name,
						 .has_arg = opts[i].metavar ? required_argument
									    : no_argument,
						 .val = base + i };
		/* --json=compact, between machines. */
		if (opts == xlpt_common_opts && i == OPT_JSON)
			longs[*n - 1].has_arg = optional_argument;
		if (opts[i].letter)
			xlpt_str_addf(shorts, "%c%s", opts[i].letter, opts[i].metavar ? ":" : "");
	}
}

static int by_letter(const struct xlpt_opt *opts, int letter, int base)
{
	for (int i = 0; opts && opts[i].name; i++)
		if (opts[i].letter == letter)
			return base + i;
	return -1;
}

/*
 * getopt_long takes any unique beginning for the whole; here --force must not
 * turn into --force-host-device because a release had only the one.
 */
static bool abbreviated(char **argv, const struct option *o)
{
	const char *word = argv[optind - 1];

	if (optarg && optarg == argv[optind - 1])
		word = argv[optind - 2];
	return o->name && strcspn(word + 2, "=") != strlen(o->name);
}

/* getopt says that an argument is missing, and not of which option: it may be one that was abbreviated. */
static int without_argument(char **argv, const struct option *longs)
{
	for (int i = 0; xlpt_starts(argv[optind - 1], "--") && longs[i].name; i++)
		if (longs[i].val == optopt)
			return i;
	return -1;
}

/* What getopt has no option for, or no argument. */
static int not_an_option(const struct xlpt_command *cmd, char **argv, int c, struct xlpt_diag *diag)
{
	char letter[] = { '-', (char)optopt, '\0' };
	/* A short option may stand among others: getopt says which it was. */
	bool is_short = optopt > ' ' && optopt < OPT_BASE;
	const char *word = is_short ? letter : argv[optind - 1];
	_cleanup_free_ char *meant = is_short ? NULL : xlpt_nearest_option(cmd, word);

	if (c == ':')
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s needs an argument", word);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s does not know the option %s%s%s%s",
			      cmd->name, word, meant ? "; did you mean " : "", meant ? meant : "",
			      meant ? "?" : "");
	xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
	return XLPT_ERR_USAGE;
}

static int common_option(struct xlpt_env *env, const struct xlpt_command *cmd, int opt, bool *help,
			 struct xlpt_diag *diag)
{
	switch (opt) {
	case OPT_JSON:
		env->compact = xlpt_streq(optarg, "compact");
		env->json |= !optarg || env->compact;
		if (!optarg || env->compact)
			break;
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s does not know the option --json=%s",
			      cmd->name, optarg);
		xlpt_diag_hint(diag, "--json, or --json=compact for all of it in one line");
		return XLPT_ERR_USAGE;
	case OPT_DRY_RUN:
		if (!(cmd->flags & XLPT_CMD_DRY_RUN) && cmd->opts &&
		    cmd->opts[opt_index(cmd, "check")].name) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s has --check and no --dry-run",
				      cmd->name);
			xlpt_diag_hint(diag, "xlpt %s --check", cmd->name);
			return XLPT_ERR_USAGE;
		}
		if (!(cmd->flags & XLPT_CMD_DRY_RUN)) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE,
				      "%s changes nothing, so it has no --dry-run", cmd->name);
			xlpt_diag_hint(diag, "leave --dry-run out");
			return XLPT_ERR_USAGE;
		}
		env->dry_run = true;
		break;
	case OPT_SYSROOT:
		env->sysroot = optarg;
		break;
	case OPT_VERBOSE:
		env->verbose++;
		break;
	case OPT_HELP:
		*help = true;
		break;
	}
	return 0;
}

int xlpt_args_parse(struct xlpt_env *env, int argc, char **argv, struct xlpt_args *args, bool *help,
		    struct xlpt_diag *diag)
{
	const struct xlpt_command *cmd = args->cmd;
	struct option longs[32] = { 0 };
	int long_index;
	_cleanup_str_ struct xlpt_str shorts = { 0 };
	size_t n = 0;
	int c, rc;

	args->values = xlpt_xcalloc(opt_index(args->cmd, "") + 1, sizeof(*args->values));
	xlpt_str_add(&shorts, ":");
	add_opts(longs, &n, &shorts, xlpt_common_opts, 1);
	add_opts(longs, &n, &shorts, cmd->opts, OPT_BASE);
	/* With it getopt stops at the first argument, and an option behind it would be taken for one, too. */
	unsetenv("POSIXLY_CORRECT");
	opterr = 0;
	optind = 0;
	while (long_index = -1, (c = getopt_long(argc, argv, shorts.s, longs, &long_index)) != -1) {
		bool beginning;

		if (c == ':')
			long_index = without_argument(argv, longs);
		beginning = long_index >= 0 && abbreviated(argv, &longs[long_index]);
		if (c == '?' || (c == ':' && !beginning))
			return not_an_option(cmd, argv, c, diag);
		if (beginning) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE,
				      "options cannot be abbreviated; did you mean --%s?",
				      longs[long_index].name);
			xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
			return XLPT_ERR_USAGE;
		}
		if (c > ' ' && c < OPT_BASE && c > N_COMMON) {
			int own = by_letter(cmd->opts, c, OPT_BASE);

			c = own >= 0 ? own : by_letter(xlpt_common_opts, c, 1);
		}
		if (c >= OPT_BASE) {
			xlpt_strv_add(&args->values[c - OPT_BASE], optarg ? optarg : "");
			continue;
		}
		rc = common_option(env, cmd, c - 1, help, diag);
		if (rc)
			return rc;
	}
	args->n = (size_t)(argc - optind);
	args->pos = xlpt_xcalloc(args->n + 1, sizeof(*args->pos));
	memcpy(args->pos, argv + optind, args->n * sizeof(*args->pos));
	return 0;
}

/*
 * A word without a letter names nothing: it comes from a script's variable that has no value. So it
 * is told as what it is, and nobody takes it for all, for this system, or for what is not there.
 */
int xlpt_args_no_empty(const struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_diag *diag)
{
	const struct xlpt_command *cmd = args->cmd;
	const struct xlpt_opt *option =
		env->sysroot && !*env->sysroot ? &xlpt_common_opts[OPT_SYSROOT] : NULL;
	size_t pos = 0, n = cmd->flags & XLPT_CMD_WORDS && args->n ? 1 : args->n;

	if (cmd->flags & XLPT_CMD_HIDDEN)
		return 0;
	for (size_t i = 0; !option && cmd->opts && cmd->opts[i].name; i++)
		for (char **v = cmd->opts[i].metavar ? args->values[i] : NULL; v && *v; v++)
			if (!**v)
				option = &cmd->opts[i];
	while (pos < n && *args->pos[pos])
		pos++;
	if (!option && pos == n)
		return 0;
	if (option)
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--%s wants %s, not \"\"", option->name,
			      option->metavar);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s: argument %zu is empty", cmd->name,
			      pos + 1);
	xlpt_diag_fact(diag, "an empty word names nothing; in a script, a variable without a value "
			     "becomes one");
	xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
	return XLPT_ERR_USAGE;
}

/* ---- words in the place of an address ---- */

/* "[SSSS:]BB:DD.F" has two colons at most; a MAC address, which has its characters as well, five. */
static bool is_address(const char *s)
{
	size_t colons = 0;

	for (const char *p = s; *p && *p != ',' && *p != '@'; p++)
		colons += *p == ':';
	return colons <= 2 && xlpt_bdf_shaped(s);
}

/*
 * Left to the command as they are: an address, KEY=VALUE, a list and a pattern of boot's, a pool and
 * a pin, which stays its name where it is kept.
 */
static bool stays(const char *word, size_t n)
{
	return is_address(word) || *word == '(' || memchr(word, '*', n) || memchr(word, '=', n) ||
	       xlpt_starts(word, "pool:") || xlpt_starts(word, "pin:");
}

/* "poool:lan" for pool:lan, "pinn:nic0"; else 0. */
static int no_prefix(const char *word, struct xlpt_diag *diag)
{
	size_t n = strcspn(word, ":");
	struct xlpt_nearest near = xlpt_nearest_to(word, n);

	if (!word[n])
		return 0;
	xlpt_nearest_try(&near, "pool");
	xlpt_nearest_try(&near, "pin");
	xlpt_nearest_try(&near, "usb");
	if (!near.best || !near.mistakes)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "no device is called \"%s\"; did you mean \"%s%s\"?",
		      word, near.best, word + n);
	xlpt_diag_hint(diag, "a device is an address, pool:NAME, pin:NAME, or what is on it: an "
			     "interface, /dev/DISK, usb:1-2");
	return XLPT_ERR_SYNTAX;
}

/* The SPEC with an address in the place of the word, NULL when it is one already. */
static int resolve_spec(struct xlpt_env *env, const char *spec, char **out, struct xlpt_diag *diag)
{
	size_t n = strcspn(spec, ",@");
	_cleanup_free_ char *word = xlpt_xstrndup(spec, n);
	struct xlpt_bdf bdf;
	int rc;

	*out = NULL;
	if (!n || stays(spec, n))
		return 0;
	rc = xlpt_program.device(env, word, &bdf, diag);
	/* No word of any kind: the reader of SPECs tells the place of the fault. */
	if (rc == XLPT_ERR_SYNTAX) {
		xlpt_diag_dispose(diag);
		return no_prefix(word, diag);
	}
	if (rc == 0)
		*out = xlpt_xasprintf("%s%s", XLPT_BDF_STR(bdf), spec + n);
	return rc;
}

static int resolve_options(struct xlpt_env *env, struct xlpt_args *args, struct xlpt_diag *diag)
{
	const struct xlpt_opt *opts = args->cmd->opts;

	for (size_t i = 0; opts && opts[i].name; i++)
		for (char **v = args->values[i]; v && *v; v++) {
			struct xlpt_bdf bdf;
			int rc;

			if (!xlpt_streq(opts[i].metavar, "BDF") || is_address(*v))
				continue;
			rc = xlpt_program.device(env, *v, &bdf, diag);
			if (rc) {
				xlpt_diag_wrap(diag, "--%s", opts[i].name);
				return rc;
			}
			free(*v);
			*v = xlpt_xstrdup(XLPT_BDF_STR(bdf));
		}
	return 0;
}

int xlpt_args_resolve(struct xlpt_env *env, struct xlpt_args *args, struct xlpt_diag *diag)
{
	size_t first = args->cmd->specs;
	int rc = resolve_options(env, args, diag);

	/* A device where the guest is to be: the command says so. */
	if (rc || !first || (first > 1 && xlpt_bdf_shaped(args->pos[0])))
		return rc;
	for (size_t i = first - 1; i < args->n; i++) {
		char *spec;

		rc = resolve_spec(env, args->pos[i], &spec, diag);
		if (rc)
			return rc;
		if (!spec)
			continue;
		xlpt_strv_add(&args->made, spec);
		free(spec);
		args->pos[i] = args->made[xlpt_strv_len(args->made) - 1];
	}
	return 0;
}
