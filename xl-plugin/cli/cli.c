/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/args.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/privilege.h"
#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/cli/output.h"

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

/* In the order of the group: its first command is the one to begin with. */
static void group_help(FILE *f, const struct xlpt_group *group)
{
	for (const char *s = group->commands; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " "), i = 0;
		const struct xlpt_command *cmd;
		char left[40];

		while ((cmd = xlpt_program.commands[i]) &&
		       (strncmp(cmd->name, s, n) != 0 || cmd->name[n]))
			i++;
		s += n;
		if (!cmd)
			continue;
		snprintf(left, sizeof(left), "%s %s", cmd->name, cmd->synopsis);
		fprintf(f, "  %-26s %s\n", left, cmd->help);
	}
}

static void program_help(FILE *f)
{
	fputs("Usage: xlpt COMMAND [OPTION...] [ARGUMENT...]\n\n"
	      "Gives physical PCI devices to Xen guests and takes them back, verified.\n",
	      f);
	for (const struct xlpt_group *g = xlpt_program.groups; g->title; g++) {
		fprintf(f, "\n%s:\n", g->title);
		group_help(f, g);
	}
	fputs("\nOptions of every command:\n", f);
	print_opts(f, xlpt_common_opts, true);
	fputs("  -V, --version                  print the version (without a command)\n", f);
	fputs("\nA device is an address, [SSSS:]BB:DD.F in hexadecimal, pin:NAME, or what is on it: an\n"
	      "interface, a MAC address, /dev/DISK, usb:1-2. Exit status: 0 done and verified,\n"
	      "1 failed and nothing changed, 2 usage or syntax, 3 refused by a rule of this host,\n"
	      "4 over the hotplug budget, 5 failed and something is left (xlpt repair), or everything\n"
	      "was done and only the output could not be written.\n"
	      "xlpt COMMAND --help and xlpt(8) tell more.\n",
	      f);
}

/* What only root can read: who is not root is told that, whatever the command says of it. */
static void hint_root(struct xlpt_diag *diag)
{
	if (diag->hint || geteuid() == 0 || (diag->sys_errno != EACCES && diag->sys_errno != EPERM))
		return;
	if (!diag->fact)
		xlpt_diag_fact(diag, "it runs as user %u, and root may", (unsigned)geteuid());
	xlpt_diag_hint(diag, "the same line as root, for example with sudo");
}

static int run_command(struct xlpt_env *env, const struct xlpt_command *cmd, int argc, char **argv,
		       struct xlpt_diag *diag)
{
	struct xlpt_args args = { .cmd = cmd };
	bool help = false;
	int rc;

	rc = xlpt_args_parse(env, argc, argv, &args, &help, diag);
	if (rc)
		goto out;
	if (help || (cmd->verbs && args.n && !strcmp(args.pos[0], "help"))) {
		command_help(env->out, cmd);
		goto out;
	}
	if (cmd->verbs && (!args.n || !xlpt_one_of(cmd->verbs, args.pos[0]))) {
		rc = xlpt_no_verb(cmd, args.n ? args.pos[0] : NULL, diag);
		goto out;
	}
	if (args.n < cmd->min_args || args.n > cmd->max_args) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s: %s arguments", cmd->name,
				   args.n < cmd->min_args ? "too few" : "too many");
		xlpt_diag_hint(diag, "xlpt %s%s%s", cmd->name, *cmd->synopsis ? " " : "",
			       cmd->synopsis);
		goto out;
	}
	rc = xlpt_args_no_empty(env, &args, diag);
	if (rc)
		goto out;
	if (env->sysroot && (cmd->flags & XLPT_CMD_MODIFIES)) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "%s changes the running system and cannot work on --sysroot",
				   cmd->name);
		xlpt_diag_hint(diag, "list, show and status read a tree");
		goto out;
	}
	if (cmd->flags & XLPT_CMD_MODIFIES && !env->host && geteuid() != 0) {
		rc = xlpt_env_not_root(diag);
		goto out;
	}
	if (env->own_process && cmd->flags & XLPT_CMD_FILES)
		xlpt_privilege_files_alone();
	if (!(cmd->flags & XLPT_CMD_HIDDEN))
		xlpt_program.before(env, cmd->flags & XLPT_CMD_TELLS);
	if (cmd->flags & (XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN))
		xlpt_stop_catch();
	rc = xlpt_args_resolve(env, &args, diag);
	if (rc == 0)
		rc = cmd->run(env, &args, diag);
	if (rc)
		hint_root(diag);
	if (rc && xlpt_err_exit(rc) == 2 && !diag->hint && !diag->file)
		xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
out:
	xlpt_args_dispose(&args);
	return rc;
}

static void print_version(struct xlpt_env *env)
{
	struct json_object *root;

	if (!env->json) {
		fprintf(env->out, "xlpt %s\n", XLPT_VERSION);
		return;
	}
	root = json_object_new_object();
	xlpt_json_add(root, "version", xlpt_json_str(XLPT_VERSION));
	xlpt_print_json(env, root);
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
			if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V")) {
				print_version(env);
				return 0;
			}
			if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
				program_help(env->out);
				return 0;
			}
		}
		if (argc > 1)
			return xlpt_no_program_option(argv, argc, diag);
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "no command given");
		xlpt_diag_hint(diag, "xlpt --help");
		return XLPT_ERR_USAGE;
	}
	if (!strcmp(argv[verb], "version")) {
		print_version(env);
		return 0;
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
	if (!cmd)
		return xlpt_no_command(argv + verb, argc - verb, diag);
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
		xlpt_diag_hint(
			&diag, "%s",
			env->out_errno == EFBIG && xlpt_size_hint()
				? xlpt_size_hint()
				: "see where standard output goes: a full disk, a closed pipe");
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

/* It was one file by several names, and people count on that. */
static void tell_parted(struct xlpt_env *env)
{
	_cleanup_free_ struct xlpt_file_parted *list = NULL;
	size_t n = xlpt_file_take_parted(&list);

	for (size_t i = 0; i < n; i++) {
		xlpt_warn(
			env,
			"%s had other names (hard links): it has the new text, and the other names "
			"keep the old text",
			list[i].path);
		xlpt_warn_mend(env,
			       "find the names with \"find / -xdev -inum %llu\", and make each a "
			       "link again with ln -f",
			       (unsigned long long)list[i].inode);
		free(list[i].path);
	}
}

int xlpt_run(int argc, char **argv, struct xlpt_env *env)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc;

	if (env->in_batch)
		xlpt_host_starved = 0;
	else
		xlpt_stop_reset();
	rc = run(env, argc, argv, &diag);
	rc = starved(env, rc, &diag);

	if (rc) {
		/* Whatever the record says, it and the exit status are of one mind. */
		xlpt_diag_recode(&diag, rc);
		xlpt_print_diag(env, &diag);
	}
	tell_parted(env);
	xlpt_env_close(env);
	return finish(env, rc);
}
