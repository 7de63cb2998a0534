/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list with a blank in it: the kernel and modprobe end the word at the blank, and nobody reads what is behind.
 */
#include "pciback/boot/stray.h"

#include <string.h>

#define BLANKS " \t\n"

/* "(02:00.0)" or "=(02:00.0)": a list, and no word that has a name of its own. */
static bool is_list(const struct xlpt_stray_search *s, const char *word)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };

	word += *word == '=';
	if (*word != '(')
		return false;
	xlpt_hide_readable(s->boot->grammar, word, &list);
	return list.n > 0;
}

/* As many of the next words as begin like one. A hostile line is long, and has very many heads. */
static char *candidates(const char *rest)
{
	const char *end = rest, *w = rest + strspn(rest, BLANKS);

	while (*w == '(' || (*w == '=' && w[1] == '(')) {
		end = w + strcspn(w, BLANKS);
		w = end + strspn(end, BLANKS);
	}
	return xlpt_xstrndup(rest, (size_t)(end - rest));
}

void xlpt_stray_cut(struct xlpt_stray_search *s, const char *head, const char *rest)
{
	_cleanup_free_ char *copy = candidates(rest), *where = NULL;
	_cleanup_str_ struct xlpt_str cut = { 0 }, whole = { 0 };
	const char *value = strchr(head, '=');
	char *cursor = copy, *w;
	struct xlpt_stray *stray;

	xlpt_str_add(&whole, value ? value + 1 : "");
	while ((w = xlpt_cmdline_word(&cursor)) && is_list(s, w)) {
		xlpt_str_addf(&cut, "%s%s", cut.len ? " " : "", w);
		xlpt_str_addf(&whole, " %s", w + (*w == '='));
	}
	stray = cut.len ? xlpt_stray_add(s, cut.s) : NULL;
	if (!stray)
		return;
	xlpt_hide_dispose(&stray->list);
	xlpt_hide_readable(s->boot->grammar, cut.s, &stray->list);
	where = xlpt_stray_line(s);
	stray->fact = xlpt_xasprintf("%s has %s behind a blank, where the list of %.*s= ends",
				     where, cut.s, (int)strcspn(head, "="), head);
	/* A file of modprobe has no variable. */
	stray->move = xlpt_boot_list_hint(s->h, s->boot, whole.s,
					  s->file && !s->variable ? s->file : NULL, s->line);
}

void xlpt_stray_cut_options(struct xlpt_stray_search *s, const char *options)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(options);
	char *cursor = copy, *w;

	while ((w = xlpt_cmdline_word(&cursor)))
		if (xlpt_starts(w, "hide="))
			xlpt_stray_cut(s, w, cursor);
}
