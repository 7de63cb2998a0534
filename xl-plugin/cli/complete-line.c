/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What fits at the end of a command line. A command's own record says it: its options with what
 * they take, and its synopsis. The table below has the rest, the words behind verbs.
 */
#include <string.h>

#include "xl-plugin/cli/complete.h"

/* What stands for an argument in synopses and options, and what may stand in its place. */
static const struct {
	const char *metavar, *kind; /* a kind of names, or words behind '=' and a kind behind '+' */
} metavars[] = {
	{ "BDF", "devices" },
	{ "SPEC", "specs" },
	{ "GUEST", "guests" },
	{ "FILE", ":files" },
	{ "CFG", ":files" },
	{ "DIR", ":folders" },
	{ "METHOD", "=device_specific acpi flr af_flr pm bus cxl_bus" },
	{ "STATE", "=dom0 host hidden assigned partial" },
	{ "LIST", "=device driver state set reset sriov numa id guest parent class name" },
	{ "FORMAT", "=xl libvirt" },
	{ "WHAT", "=save migrate remus" },
	{ "ERA", "=classic pvops" },
};

/* The first row that fits counts. at: the argument's place, the verb being 0. */
static const struct behind {
	const char *command, *verb; /* verb NULL: any */
	size_t at;
	bool and_on; /* and all places behind it */
	const char *kind;
} behinds[] = {
	{ "boot", NULL, 1, true, "devices" },
	{ "find", NULL, 0, true,
	  "=net: mac: disk: mount: usb: input: display: sound: tty: slot: +finds" },
	{ "guard", "check", 1, true, "guests" },
	{ "guard", NULL, 1, true, "=xl libvirt xendomains sleep" },
	{ "pin", NULL, 0, false, "=list show remove" },
	{ "pin", "list", 1, true, NULL },
	{ "pin", "show", 1, true, "pins" },
	{ "pin", "remove", 1, true, "pins" },
	{ "pin", NULL, 1, false, "devices" },
	{ "pool", NULL, 0, false, "=define import export list show undefine release admit" },
	{ "pool", "import", 1, false, ":files" },
	{ "pool", "admit", 1, false, ":files" },
	{ "pool", "release", 1, true, "vfs" },
	{ "pool", "list", 1, true, NULL },
	{ "pool", NULL, 1, false, "pools" },
	{ "pool", "define", 2, true,
	  "=pf= dev= policy=first policy=spread policy=numa managed=yes managed=no vlan= virtualport=" },
	{ "repair", NULL, 0, true, "repairs" },
	{ "vf", "set", 1, false, "vfs" },
	{ "vf", "set", 2, true,
	  "=mac= vlan= trust=on trust=off spoofchk=on spoofchk=off link=auto link=enable link=disable "
	  "min_rate= max_rate= virtualport=802.1Qbh virtualport=802.1Qbg profileid= instanceid= "
	  "hostid= managerid= typeid= typeidversion=" },
	{ "vf", NULL, 1, false, "pfs" },
};

/* ---- the answer ---- */

static void begin(struct xlpt_env *env, const char *what)
{
	fprintf(env->out, "%s\n", what);
}

/* Words between blanks or '|'; those in capitals stand for something else. */
static void offer_list(struct xlpt_env *env, const char *prefix, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " |");
		_cleanup_free_ char *word = xlpt_xstrndup(list, n);

		if (*word && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ.") != n)
			xlpt_complete_offer(env, prefix, word, NULL);
		list += n + (list[n] != '\0');
	}
}

static int answer(struct xlpt_env *env, const char *prefix, const char *kind,
		  struct xlpt_diag *diag)
{
	/* Behind "--option=" the shell would have to cut the names of files itself. */
	if (kind && *kind == ':' && !*prefix) {
		begin(env, kind);
		return 0;
	}
	begin(env, ":words");
	if (!kind || *kind == ':')
		return 0;
	if (*kind == '=') {
		_cleanup_free_ char *list = xlpt_xstrndup(kind + 1, strcspn(kind + 1, "+"));

		offer_list(env, prefix, list);
		kind = strchr(kind, '+');
		return kind ? xlpt_complete_kind(env, kind + 1, prefix, diag) : 0;
	}
	return xlpt_complete_kind(env, kind, prefix, diag);
}

static const char *kind_of(const char *metavar, size_t len)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(metavars); i++)
		if (strlen(metavars[i].metavar) == len &&
		    !strncmp(metavars[i].metavar, metavar, len))
			return metavars[i].kind;
	return NULL;
}

/* ---- options ---- */

static const struct xlpt_opt *find_opt(const struct xlpt_command *cmd, const char *name, size_t len,
				       char letter)
{
	const struct xlpt_opt *lists[] = { cmd ? cmd->opts : NULL, xlpt_common_opts };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lists); i++)
		for (const struct xlpt_opt *o = lists[i]; o && o->name; o++)
			if (!name ? o->letter == letter
				  : strlen(o->name) == len && !strncmp(o->name, name, len))
				return o;
	return NULL;
}

/* The option that a word is, if the next word is its argument. */
static const struct xlpt_opt *wants_argument(const struct xlpt_command *cmd, const char *word)
{
	const struct xlpt_opt *o = NULL;

	if (xlpt_starts(word, "--"))
		o = strchr(word, '=') ? NULL : find_opt(cmd, word + 2, strlen(word + 2), 0);
	else if (*word == '-' && word[1])
		/* Of letters in a row the last one takes it. */
		o = find_opt(cmd, NULL, 0, word[strlen(word) - 1]);
	return o && o->metavar ? o : NULL;
}

static int offer_options(struct xlpt_env *env, const struct xlpt_command *cmd, const char *typed,
			 struct xlpt_diag *diag)
{
	const char *eq = xlpt_starts(typed, "--") ? strchr(typed, '=') : NULL;
	const struct xlpt_opt *lists[] = { cmd ? cmd->opts : NULL, xlpt_common_opts };

	if (eq) {
		const struct xlpt_opt *o = find_opt(cmd, typed + 2, (size_t)(eq - typed) - 2, 0);
		_cleanup_free_ char *prefix = xlpt_xstrndup(typed, (size_t)(eq - typed) + 1);

		return answer(env, prefix,
			      o && o->metavar ? kind_of(o->metavar, strlen(o->metavar)) : NULL,
			      diag);
	}
	begin(env, ":words");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lists); i++)
		for (const struct xlpt_opt *o = lists[i]; o && o->name; o++)
			xlpt_complete_offer(env, "--", o->name, o->help);
	return 0;
}

/* ---- what is no option ---- */

/* "GUEST SPEC...", "[BDF...]", "FILE...|DIR", "list|create ...": what stands at place at. */
static const char *in_synopsis(const char *synopsis, size_t at, bool *verbs)
{
	const char *last = NULL;

	*verbs = false;
	for (const char *s = synopsis; *s; s += *s != '\0') {
		size_t n = strcspn(s, " "), begins = strspn(s, "[");
		size_t len = strcspn(s + begins, " .|]");

		if (at == 0 && begins + len < n && s[begins + len] == '|') {
			*verbs = kind_of(s + begins, len) == NULL;
			return *verbs ? s : kind_of(s + begins, len);
		}
		last = strstr(s, "...") && strstr(s, "...") < s + n ? kind_of(s + begins, len)
								    : NULL;
		if (at-- == 0)
			return kind_of(s + begins, len);
		s += n;
	}
	return last;
}

static int argument(struct xlpt_env *env, const struct xlpt_command *cmd, const char *verb,
		    size_t at, struct xlpt_diag *diag)
{
	const char *found;
	bool verbs;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(behinds); i++) {
		const struct behind *b = &behinds[i];

		if (!strcmp(b->command, cmd->name) && (b->at == at || (b->and_on && at > b->at)) &&
		    (!b->verb || xlpt_streq(b->verb, verb)))
			return answer(env, "", b->kind, diag);
	}
	found = in_synopsis(cmd->synopsis, at, &verbs);
	if (!verbs)
		return answer(env, "", found, diag);
	begin(env, ":words");
	offer_list(env, "", found);
	return 0;
}

static const struct xlpt_command *command(const char *name)
{
	for (size_t i = 0; xlpt_program.commands[i]; i++)
		if (!strcmp(xlpt_program.commands[i]->name, name))
			return xlpt_program.commands[i];
	return NULL;
}

static int offer_commands(struct xlpt_env *env)
{
	begin(env, ":words");
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];

		if (!(cmd->flags & XLPT_CMD_HIDDEN))
			xlpt_complete_offer(env, "", cmd->name, cmd->help);
	}
	return 0;
}

int xlpt_complete_line(struct xlpt_env *env, char *const *words, size_t n, struct xlpt_diag *diag)
{
	const char *typed = n ? words[n - 1] : "", *verb = NULL;
	const struct xlpt_command *cmd = NULL;
	const struct xlpt_opt *opt = NULL;
	bool named = false, no_more_options = false;
	size_t at = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		const char *word = words[i];

		if (opt) {
			opt = NULL;
		} else if (!no_more_options && *word == '-' && word[1]) {
			no_more_options = !strcmp(word, "--");
			opt = wants_argument(cmd, word);
		} else if (!named) {
			named = true;
			cmd = command(word);
		} else {
			verb = at++ ? verb : word;
		}
	}
	if (opt)
		return answer(env, "", kind_of(opt->metavar, strlen(opt->metavar)), diag);
	if (*typed == '-' && !no_more_options)
		return offer_options(env, cmd, typed, diag);
	if (!named)
		return offer_commands(env);
	return cmd ? argument(env, cmd, verb, at, diag) : answer(env, "", NULL, diag);
}
