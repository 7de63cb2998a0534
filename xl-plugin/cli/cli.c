/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/cli.h"

#include <getopt.h>
#include <string.h>

#include "xl-plugin/cli/output.h"

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

/* ---- help ---- */

static void print_opts(FILE *f, const struct xlpt_opt *opts, bool dry_run)
{
	for (; opts && opts->name; opts++) {
		char left[64];

		if (!dry_run && !strcmp(opts->name, "dry-run"))
			continue;
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", opts->letter ? '-' : ' ',
			 opts->letter ? opts->letter : ' ', opts->letter ? ", " : "  ", opts->name,
			 opts->metavar ? " " : "", opts->metavar ? opts->metavar : "");
		fprintf(f, "  %-30s %s\n", left, opts->help);
	}
}

static void command_help(FILE *f, const struct xlpt_command *cmd)
{
	fprintf(f, "Usage: xlpt %s%s%s%s\n\n%s.\n", cmd->name, cmd->opts ? " [OPTION...]" : "",
		*cmd->synopsis ? " " : "", cmd->synopsis, cmd->help);
	if (cmd->details)
		fprintf(f, "\n%s\n", cmd->details);
	fputs("\nOptions:\n", f);
	print_opts(f, cmd->opts, true);
	print_opts(f, xlpt_common_opts, cmd->flags & XLPT_CMD_DRY_RUN);
}

static void program_help(FILE *f)
{
	fputs("Usage: xlpt COMMAND [OPTION...] [ARGUMENT...]\n\n"
	      "Gives physical PCI devices to Xen guests and takes them back, verified.\n\n"
	      "Commands:\n",
	      f);
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		char left[40];

		if (cmd->flags & XLPT_CMD_HIDDEN)
			continue;
		snprintf(left, sizeof(left), "%s %s", cmd->name, cmd->synopsis);
		fprintf(f, "  %-26s %s\n", left, cmd->help);
	}
	fputs("\nOptions of every command:\n", f);
	print_opts(f, xlpt_common_opts, true);
	fputs("\nDevices are written [SSSS:]BB:DD.F in hexadecimal. Exit status: 0 done and verified,\n"
	      "1 failed and nothing changed, 2 usage or syntax, 3 refused by a rule of this host,\n"
	      "4 over the hotplug budget, 5 failed and something is left (xlpt repair), or everything\n"
	      "was done and only the output could not be written.\n"
	      "xlpt COMMAND --help and xlpt(8) tell more.\n",
	      f);
}

/* ---- arguments ---- */

static size_t opt_index(const struct xlpt_args *args, const char *name)
{
	size_t i = 0;

	while (args->cmd->opts && args->cmd->opts[i].name &&
	       strcmp(args->cmd->opts[i].name, name) != 0)
		i++;
	return i;
}

char **xlpt_args_all(const struct xlpt_args *args, const char *opt)
{
	return args->values[opt_index(args, opt)];
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

static void args_dispose(struct xlpt_args *args)
{
	size_t n = opt_index(args, "");

	for (size_t i = 0; i <= n; i++)
		xlpt_strv_free(args->values[i]);
	free(args->values);
	free(args->pos);
}

static void add_value(char ***v, const char *value)
{
	size_t n = xlpt_strv_len(*v);

	*v = xlpt_xrealloc(*v, n + 2, sizeof(**v));
	(*v)[n] = xlpt_xstrdup(value ? value : "");
	(*v)[n + 1] = NULL;
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
static bool abbreviated(char **argv, const char *name)
{
	const char *word = argv[optind - 1];

	if (optarg && optarg == argv[optind - 1])
		word = argv[optind - 2];
	return strcspn(word + 2, "=") != strlen(name);
}

static int parse(struct xlpt_env *env, const struct xlpt_command *cmd, int argc, char **argv,
		 struct xlpt_args *args, bool *help, struct xlpt_diag *diag)
{
	struct option longs[32] = { 0 };
	int long_index;
	_cleanup_str_ struct xlpt_str shorts = { 0 };
	size_t n = 0;
	int c;

	xlpt_str_add(&shorts, ":");
	add_opts(longs, &n, &shorts, xlpt_common_opts, 1);
	add_opts(longs, &n, &shorts, cmd->opts, OPT_BASE);
	opterr = 0;
	optind = 0;
	while (long_index = -1, (c = getopt_long(argc, argv, shorts.s, longs, &long_index)) != -1) {
		if (c != ':' && c != '?' && long_index >= 0 &&
		    abbreviated(argv, longs[long_index].name)) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE,
				      "options are not abbreviated: --%s was meant?",
				      longs[long_index].name);
			xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
			return XLPT_ERR_USAGE;
		}
		if (c == ':' || c == '?') {
			char letter[] = { '-', (char)optopt, '\0' };
			/* A short option may stand among others: getopt says which it was. */
			bool is_short = optopt > ' ' && optopt < OPT_BASE;
			const char *word = is_short ? letter : argv[optind - 1];

			if (c == ':')
				xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s needs an argument", word);
			else
				xlpt_diag_set(diag, XLPT_ERR_USAGE,
					      "%s does not know the option %s", cmd->name, word);
			xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
			return XLPT_ERR_USAGE;
		}
		if (c > ' ' && c < OPT_BASE && c > N_COMMON) {
			int own = by_letter(cmd->opts, c, OPT_BASE);

			c = own >= 0 ? own : by_letter(xlpt_common_opts, c, 1);
		}
		if (c >= OPT_BASE) {
			add_value(&args->values[c - OPT_BASE], optarg);
			continue;
		}
		switch (c - 1) {
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
			if (!(cmd->flags & XLPT_CMD_DRY_RUN)) {
				xlpt_diag_set(diag, XLPT_ERR_USAGE,
					      "%s changes nothing, so it has no --dry-run",
					      cmd->name);
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
	}
	args->n = (size_t)(argc - optind);
	args->pos = xlpt_xcalloc(args->n + 1, sizeof(*args->pos));
	memcpy(args->pos, argv + optind, args->n * sizeof(*args->pos));
	return 0;
}

/* An option that wants a BDF takes pin:NAME as well; commands see the address. */
static int resolve_pins(struct xlpt_env *env, struct xlpt_args *args, struct xlpt_diag *diag)
{
	const struct xlpt_opt *opts = args->cmd->opts;

	for (size_t i = 0; opts && opts[i].name; i++)
		for (char **v = args->values[i]; v && *v; v++) {
			struct xlpt_bdf bdf;
			int rc;

			if (!xlpt_streq(opts[i].metavar, "BDF") || !xlpt_starts(*v, "pin:"))
				continue;
			rc = xlpt_program.device(env, *v, &bdf, diag);
			if (rc)
				return rc;
			free(*v);
			*v = xlpt_xstrdup(XLPT_BDF_STR(bdf));
		}
	return 0;
}

static int run_command(struct xlpt_env *env, const struct xlpt_command *cmd, int argc, char **argv,
		       struct xlpt_diag *diag)
{
	struct xlpt_args args = { .cmd = cmd };
	bool help = false;
	int rc;

	args.values = xlpt_xcalloc(opt_index(&args, "") + 1, sizeof(*args.values));
	rc = parse(env, cmd, argc, argv, &args, &help, diag);
	if (rc)
		goto out;
	if (help) {
		command_help(env->out, cmd);
		goto out;
	}
	if (args.n < cmd->min_args || args.n > cmd->max_args) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s: %s arguments", cmd->name,
				   args.n < cmd->min_args ? "too few" : "too many");
		xlpt_diag_hint(diag, "usage: xlpt %s%s%s", cmd->name, *cmd->synopsis ? " " : "",
			       cmd->synopsis);
		goto out;
	}
	if (env->sysroot && (cmd->flags & XLPT_CMD_MODIFIES)) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "%s changes the running system and cannot work on --sysroot",
				   cmd->name);
		xlpt_diag_hint(diag, "list, show and status read a tree");
		goto out;
	}
	if (!(cmd->flags & XLPT_CMD_HIDDEN))
		xlpt_program.before(env, cmd->flags & XLPT_CMD_TELLS);
	if (cmd->flags & (XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN))
		xlpt_stop_catch();
	rc = resolve_pins(env, &args, diag);
	if (rc == 0)
		rc = cmd->run(env, &args, diag);
	if (rc == XLPT_ERR_USAGE && !diag->hint)
		xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
out:
	args_dispose(&args);
	return rc;
}

static const struct xlpt_command *find_command(const char *name)
{
	for (size_t i = 0; xlpt_program.commands[i]; i++)
		if (!strcmp(xlpt_program.commands[i]->name, name))
			return xlpt_program.commands[i];
	return NULL;
}

/*
 * Options may stand before the command ("xlpt --json list"): the first word that
 * is neither an option nor --sysroot's argument is the command, and moves to the
 * front for getopt.
 */
static int find_verb(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--sysroot"))
			i++;
		else if (argv[i][0] != '-')
			return i;
	}
	return 0;
}

static int run(struct xlpt_env *env, int argc, char **argv, struct xlpt_diag *diag)
{
	_cleanup_free_ char **copy = NULL;
	const struct xlpt_command *cmd;
	int verb = find_verb(argc, argv);
	bool help = false;

	/* Wherever it stands: also errors found before options are read are to be JSON. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "--json=compact"))
			env->json = true;
	if (!verb) {
		for (int i = 1; i < argc; i++) {
			if (!strcmp(argv[i], "--version")) {
				fprintf(env->out, "xlpt %s\n", XLPT_VERSION);
				return 0;
			}
			if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
				program_help(env->out);
				return 0;
			}
		}
		if (argc > 1)
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "no command given after %s", argv[1]);
		else
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "no command given");
		xlpt_diag_hint(diag, "xlpt --help");
		return XLPT_ERR_USAGE;
	}
	if (!strcmp(argv[verb], "help")) {
		if (verb + 1 >= argc) {
			program_help(env->out);
			return 0;
		}
		verb++;
		help = true;
	}
	cmd = find_command(argv[verb]);
	if (!cmd) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "there is no command \"%s\"", argv[verb]);
		xlpt_diag_hint(diag, "xlpt --help lists the commands");
		return XLPT_ERR_USAGE;
	}
	if (help) {
		command_help(env->out, cmd);
		return 0;
	}
	copy = xlpt_xcalloc((size_t)argc + 1, sizeof(*copy));
	copy[0] = argv[verb];
	memcpy(copy + 1, argv + 1, (size_t)(verb - 1) * sizeof(*copy));
	memcpy(copy + verb, argv + verb + 1, (size_t)(argc - verb - 1) * sizeof(*copy));
	return run_command(env, cmd, argc - 1, copy, diag);
}

/*
 * What was done stays done when nobody can be told: that is not "nothing changed".
 * Returns the exit status.
 */
static int finish(struct xlpt_env *env, int rc)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	const char *why;

	xlpt_out_flush(env);
	if (!ferror(env->out) && !env->out_errno) {
		if (rc == 0 && env->done && xlpt_stop_came())
			xlpt_warn(env, "%s came too late: everything was done already",
				  xlpt_stop_name(xlpt_stop_came()));
		return xlpt_err_exit(rc);
	}
	/* Who closes it wants no text; what was to be done is done. */
	if (env->out_closed && rc == 0 && env->done)
		return 0;
	why = env->out_closed  ? "standard output is closed"
	      : env->out_errno ? strerror(env->out_errno)
			       : "the system does not say why";
	if (rc == 0 && env->done) {
		rc = xlpt_diag_set(&diag, XLPT_ERR_LEFT,
				   "everything was done, and only the output "
				   "could not be written: %s",
				   why);
		xlpt_diag_hint(&diag,
			       "do not run it again; xlpt status and xlpt list show what there is");
	} else {
		xlpt_diag_set(&diag, XLPT_ERR_IO, "cannot write the output: %s", why);
		xlpt_diag_hint(&diag, "see where standard output goes: a full disk, a closed pipe");
		rc = rc ? rc : XLPT_ERR_IO;
	}
	/* Not as JSON: that would have to go where nothing can be written. */
	env->json = false;
	xlpt_print_diag(env, &diag);
	return xlpt_err_exit(rc);
}

/*
 * Out of descriptors, what is there may have been taken for absent: then that is the reason,
 * whatever else the command says of it.
 */
static int starved(struct xlpt_env *env, int rc, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag first = { 0 };

	if (!xlpt_host_starved || (rc == 0 && env->done) || rc == XLPT_ERR_LEFT ||
	    diag->sys_errno == xlpt_host_starved)
		return rc;
	xlpt_diag_move(&first, diag);
	rc = xlpt_diag_errno(diag, XLPT_ERR_IO, xlpt_host_starved, "cannot read all that there is");
	if (first.message)
		xlpt_diag_add_log(diag, first.message);
	return rc;
}

int xlpt_run(int argc, char **argv, struct xlpt_env *env)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc;

	xlpt_stop_reset();
	rc = run(env, argc, argv, &diag);
	rc = starved(env, rc, &diag);

	if (rc) {
		/* Whatever the record says, it and the exit status are of one mind. */
		xlpt_diag_recode(&diag, rc);
		xlpt_print_diag(env, &diag);
	}
	xlpt_env_close(env);
	return finish(env, rc);
}
