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
			int x = tolower((unsigned char)a[i - 1]), y = b[k - 1];

			now[k] = least(up[k - 1] + (x != y), least(up[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && x == b[k - 2] &&
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
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "there is no command \"%s\"", argv[0]);
	if (other_tools_word(argv, argc, diag))
		return XLPT_ERR_USAGE;
	if (n.best) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "there is no command \"%s\"; did you mean \"%s\"?", argv[0], n.best);
		meant = xlpt_xasprintf("%s ... --help", n.best);
		line = line_here(meant, argv + 1, argc - 1);
		xlpt_diag_hint(diag, "%s", line);
	} else if (xlpt_bdf_shaped(argv[0])) {
		xlpt_diag_hint(diag, "xlpt show %s", XLPT_WORD(argv[0]));
	} else {
		xlpt_diag_hint(diag, "xlpt --help lists the commands");
	}
	return XLPT_ERR_USAGE;
}
