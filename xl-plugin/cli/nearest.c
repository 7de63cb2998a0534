/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"

#define LONGEST 24 /* no word of ours is longer */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * How many letters are wrong, missing, too many, or two in the wrong order (the distance of
 * Damerau and Levenshtein, of neighbours alone). Capitals are no mistake.
 */
static unsigned mistakes(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][LONGEST + 1];

	for (size_t k = 0; k <= nb; k++)
		row[0][k] = (unsigned)k;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t k = 1; k <= nb; k++) {
			int x = tolower((unsigned char)a[i - 1]), y = (unsigned char)b[k - 1];

			now[k] = least(up[k - 1] + (x != y), least(up[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && x == (unsigned char)b[k - 2] &&
			    tolower((unsigned char)a[i - 2]) == y)
				now[k] = least(now[k], before[k - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

struct xlpt_nearest xlpt_nearest_to(const char *written, size_t n)
{
	/* Of three letters one may be wrong, of five two. */
	unsigned most = n < 3 ? 0 : n < 5 ? 1 : 2;

	return (struct xlpt_nearest){ .written = written, .len = n, .mistakes = most + 1 };
}

void xlpt_nearest_try(struct xlpt_nearest *n, const char *word)
{
	size_t len = strlen(word);
	unsigned m;

	if (n->len > LONGEST || len > LONGEST)
		return;
	m = mistakes(n->written, n->len, word, len);
	/* The beginning of a word, as getopt would take it, is nearer than any mistake. */
	if (n->len >= 3 && len > n->len && !strncasecmp(n->written, word, n->len))
		m = least(m, 1);
	if (m < n->mistakes) {
		n->mistakes = m;
		n->best = word;
	} else if (m == n->mistakes && n->best) {
		n->best = NULL;
	}
}

char *xlpt_nearest_option(const struct xlpt_command *cmd, const char *word)
{
	const struct xlpt_opt *lists[] = { cmd->opts, xlpt_common_opts };
	struct xlpt_nearest n;

	if (!xlpt_starts(word, "--"))
		return NULL;
	n = xlpt_nearest_to(word + 2, strcspn(word + 2, "="));
	for (size_t l = 0; l < XLPT_ARRAY_SIZE(lists); l++)
		for (const struct xlpt_opt *o = lists[l]; o && o->name; o++)
			if (strcmp(o->name, "dry-run") != 0 || cmd->flags & XLPT_CMD_DRY_RUN)
				xlpt_nearest_try(&n, o->name);
	return n.best ? xlpt_xasprintf("--%s", n.best) : NULL;
}

/* ---- commands ---- */

/* What other tools call it. With "...", the words that follow are the same here. */
static const struct {
	const char *word, *whose, *here;
} others[] = {
	{ "pci-attach", "xl", "attach ... GUEST SPEC" },
	{ "pci-detach", "xl", "detach ... GUEST BDF" },
	{ "pci-list", "xl", "status ... GUEST" },
	{ "pci-assignable-add", "xl", "hide ... BDF" },
	{ "pci-assignable-remove", "xl", "unhide ... BDF" },
	{ "pci-assignable-list", "xl", "list --assignable" },
	{ "create", "xl", "start ... CFG" },
	{ "nodedev-detach", "virsh", "hide ... BDF" },
	{ "nodedev-reattach", "virsh", "unhide ... BDF" },
	{ "nodedev-reset", "virsh", "reset ... BDF" },
	{ "nodedev-list", "virsh", "list" },
	{ "nodedev-dumpxml", "virsh", "show --xml ... BDF" },
	{ "attach-device", "virsh", "attach GUEST SPEC" },
	{ "detach-device", "virsh", "detach GUEST BDF" },
	{ "domxml-from-native", "virsh", "convert --to libvirt FILE" },
	{ "domxml-to-native", "virsh", "convert --to xl FILE" },
	{ "lspci", NULL, "list" },
	{ "ls", NULL, "list" },
};

/* The line to run: with the words that were given, or with what stands for them. */
static char *line_here(const char *here, char **argv, int argc)
{
	const char *dots = strstr(here, " ...");
	struct xlpt_str line = { 0 };

	xlpt_str_add(&line, "xlpt ");
	if (!dots) {
		xlpt_str_add(&line, here);
		return xlpt_str_take(&line);
	}
	xlpt_str_addn(&line, here, (size_t)(dots - here));
	if (!argc)
		xlpt_str_add(&line, dots + strlen(" ..."));
	for (int i = 0; i < argc; i++)
		xlpt_str_addf(&line, " %s", XLPT_WORD(argv[i]));
	return xlpt_str_take(&line);
}

static bool other_tools_word(char **argv, int argc, struct xlpt_diag *diag)
{
	size_t i = 0;

	while (i < XLPT_ARRAY_SIZE(others) && strcmp(others[i].word, argv[0]) != 0)
		i++;
	if (i == XLPT_ARRAY_SIZE(others))
		return false;
	/* Options of theirs are not ours. */
	for (int k = 1; k < argc; k++)
		if (argv[k][0] == '-')
			argc = 1;
	{
		_cleanup_free_ char *line = line_here(others[i].here, argv + 1, argc - 1);

		if (others[i].whose)
			xlpt_diag_fact(diag, "that is a word of %s", others[i].whose);
		xlpt_diag_hint(diag, "%s", line);
	}
	return true;
}

int xlpt_no_command(char **argv, int argc, struct xlpt_diag *diag)
{
	struct xlpt_nearest n = xlpt_nearest_to(argv[0], strlen(argv[0]));
	_cleanup_free_ char *meant = NULL, *line = NULL;

	for (size_t i = 0; xlpt_program.commands[i]; i++)
		if (!(xlpt_program.commands[i]->flags & XLPT_CMD_HIDDEN))
			xlpt_nearest_try(&n, xlpt_program.commands[i]->name);
	xlpt_nearest_try(&n, "help");
	xlpt_nearest_try(&n, "version");
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "there is no command \"%s\"", argv[0]);
	if (other_tools_word(argv, argc, diag))
		return XLPT_ERR_USAGE;
	if (n.best) {
		bool own = !strcmp(n.best, "help") || !strcmp(n.best, "version");

		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "there is no command \"%s\"; did you mean \"%s\"?", argv[0], n.best);
		meant = xlpt_xasprintf("%s ...%s", n.best, own ? "" : " --help");
		line = line_here(meant, argv + 1, argc - 1);
		xlpt_diag_hint(diag, "%s", line);
	} else if (xlpt_bdf_shaped(argv[0])) {
		xlpt_diag_hint(diag, "xlpt show %s", XLPT_WORD(argv[0]));
	} else {
		xlpt_diag_hint(diag, "xlpt --help lists the commands");
	}
	return XLPT_ERR_USAGE;
}

/* ---- verbs ---- */

/* What people write for a verb, from elsewhere or because another command has it. */
static const struct {
	const char *command, *word, *verb;
} same[] = {
	{ "pool", "create", "define" },	  { "pool", "add", "define" },
	{ "pool", "delete", "undefine" }, { "pool", "remove", "undefine" },
	{ "pool", "status", "show" },	  { "pool", "info", "show" },
	{ "pool", "dumpxml", "export" },  { "vf", "add", "create" },
	{ "vf", "delete", "remove" },	  { "vf", "destroy", "remove" },
	{ "vf", "show", "list" },	  { "vf", "status", "list" },
	{ "boot", "show", "plan" },	  { "boot", "list", "plan" },
	{ "boot", "status", "verify" },	  { "boot", "check", "verify" },
	{ "boot", "add", "write" },	  { "boot", "hide", "write" },
	{ "boot", "install", "write" },	  { "boot", "delete", "remove" },
	{ "boot", "unhide", "remove" },	  { "guard", "uninstall", "remove" },
	{ "guard", "show", "status" },	  { "guard", "verify", "status" },
	{ "guard", "add", "install" },	  { "pin", "delete", "remove" },
	{ "pin", "rm", "remove" },	  { "pin", "ls", "list" },
};

bool xlpt_one_of(const char *verbs, const char *word)
{
	for (const char *s = verbs; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (strlen(word) == n && !strncmp(s, word, n))
			return true;
		s += n;
	}
	return false;
}

char *xlpt_meant_verb(const char *command, const char *verbs, const char *word)
{
	_cleanup_free_ char *list = xlpt_xstrdup(verbs);
	struct xlpt_nearest n = xlpt_nearest_to(word, strlen(word));
	char *save = NULL;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(same); i++)
		if (!strcmp(same[i].command, command) && !strcmp(same[i].word, word))
			return xlpt_xstrdup(same[i].verb);
	for (char *v = strtok_r(list, " ", &save); v; v = strtok_r(NULL, " ", &save))
		xlpt_nearest_try(&n, v);
	return n.best ? xlpt_xstrdup(n.best) : NULL;
}

int xlpt_no_verb(const struct xlpt_command *cmd, const char *word, struct xlpt_diag *diag)
{
	_cleanup_free_ char *lines = xlpt_xstrdup(cmd->verbs),
			    *meant = word ? xlpt_meant_verb(cmd->name, cmd->verbs, word) : NULL;

	for (char *p = lines; *p; p++)
		*p = *p == ' ' ? '|' : *p;
	if (!word)
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s: too few arguments", cmd->name);
	else if (meant)
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "there is no \"%s %s\"; did you mean \"%s %s\"?", cmd->name, word,
			      cmd->name, meant);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "there is no \"%s %s\"", cmd->name, word);
	if (meant)
		xlpt_diag_hint(diag, "xlpt %s --help", cmd->name);
	else
		xlpt_diag_hint(diag, "xlpt %s %s ...", cmd->name, lines);
	return XLPT_ERR_USAGE;
}

static bool is_program_option(const char *word)
{
	if (!strcmp(word, "--") || xlpt_starts(word, "--json="))
		return true;
	for (const struct xlpt_opt *o = xlpt_common_opts; o->name; o++) {
		char letter[] = { '-', o->letter, '\0' };

		if ((xlpt_starts(word, "--") && !strcmp(word + 2, o->name)) ||
		    (o->letter && !strcmp(word, letter)))
			return true;
	}
	return false;
}

int xlpt_no_program_option(char **argv, int argc, struct xlpt_diag *diag)
{
	struct xlpt_nearest n;
	int i = 1;

	while (i < argc && is_program_option(argv[i]))
		i += strcmp(argv[i], "--sysroot") ? 1 : 2;
	n = xlpt_nearest_to(i < argc ? argv[i] : "", i < argc ? strlen(argv[i]) : 0);
	xlpt_nearest_try(&n, "--help");
	xlpt_nearest_try(&n, "--version");
	if (i < argc)
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "xlpt does not know the option %s%s%s%s",
			      argv[i], n.best ? "; did you mean " : "", n.best ? n.best : "",
			      n.best ? "?" : "");
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "no command given after %s", argv[1]);
	xlpt_diag_hint(diag, "xlpt --help");
	return XLPT_ERR_USAGE;
}
