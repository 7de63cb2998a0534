/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The menu of a grub.cfg, and the entry that GRUB starts by itself. Its variable "default" has the number of the
 * entry, its title or its id (grub-core/normal/menu.c, get_entry_number and menuentry_eq); behind a '>' the same
 * for the submenu that it is. What is not there counts as the first one. grub-mkconfig sets it to the entry of
 * GRUB_DEFAULT, to "saved_entry" of the environment block, or for one time to "next_entry" (util/grub.d/00_header.in).
 */
#include "pciback/boot/homes.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 4096
#define NONE	    SIZE_MAX

/* The next word of a line with its quotes taken off, in place; NULL at the end. */
static char *next_word(char **cursor)
{
	char *from = *cursor + strspn(*cursor, " \t"), *to = from, *w = from, in = '\0';

	if (!*from)
		return NULL;
	for (; *from && (in || !strchr(" \t", *from)); from++) {
		if (in ? *from == in : *from == '"' || *from == '\'')
			in = in ? '\0' : *from;
		else if (*from == '\\' && in != '\'' && from[1])
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*cursor = *from ? from + 1 : from;
	*to = '\0';
	return w;
}

/* Fills the title and the id of "menuentry TITLE [--class C] [--id ID] {". */
static void names_of(const char *line, struct xlpt_grub_entry *e)
{
	static const char *const with_value[] = { "--class", "--users", "--hotkey", "--source" };
	static const char *const ids[] = { "--id", "$menuentry_id_option",
					   "${menuentry_id_option}" };
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *cursor = copy, *w;

	next_word(&cursor);
	while ((w = next_word(&cursor)) && strcmp(w, "{") != 0) {
		bool id = xlpt_starts(w, "--id="), value = false;

		for (size_t i = 0; i < XLPT_ARRAY_SIZE(with_value); i++)
			value |= !strcmp(w, with_value[i]);
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(ids); i++)
			id |= !strcmp(w, ids[i]);
		if (id) {
			w = xlpt_starts(w, "--id=") ? w + strlen("--id=") : next_word(&cursor);
			free(e->id);
			e->id = xlpt_xstrdup(w);
		} else if (value) {
			next_word(&cursor);
		} else if (!xlpt_starts(w, "--") && !e->title) {
			e->title = xlpt_xstrdup(w);
		}
	}
}

static size_t open_menu(const struct xlpt_grub_menu *m)
{
	for (size_t i = m->depth; i-- > 0;)
		if (m->open[i] != NONE && m->items[m->open[i]].submenu)
			return m->open[i];
	return NONE;
}

void xlpt_grub_menu_line(struct xlpt_grub_menu *m, const char *line)
{
	bool submenu = xlpt_starts(line, "submenu ") || xlpt_starts(line, "submenu\t");
	bool entry = submenu || xlpt_starts(line, "menuentry ") || xlpt_starts(line, "menuentry\t");
	size_t n = strlen(line), index = NONE;

	while (n && strchr(" \t", line[n - 1]))
		n--;
	if (entry && m->n < ENTRIES_MAX) {
		XLPT_GROW(m->items, m->n, m->alloc);
		index = m->n;
		m->items[m->n] =
			(struct xlpt_grub_entry){ .menu = open_menu(m), .submenu = submenu };
		names_of(line, &m->items[m->n++]);
	}
	/* A function has braces, too. */
	if (n && line[n - 1] == '{' && m->depth < XLPT_ARRAY_SIZE(m->open))
		m->open[m->depth++] = index;
	else if (*line == '}' && m->depth)
		m->depth--;
}

void xlpt_grub_menu_has(struct xlpt_grub_menu *m, size_t home_line)
{
	size_t entry = m->depth ? m->open[m->depth - 1] : NONE;

	if (entry == NONE)
		return;
	XLPT_GROW(m->lines, m->n_lines, m->alloc_lines);
	m->lines[m->n_lines++] = (struct xlpt_grub_menu_line){ home_line, entry };
}

void xlpt_grub_menu_default(struct xlpt_grub_menu *m, const char *text, const char *value)
{
	bool once = strstr(text, "next_entry") != NULL;

	/* The two stand in the two branches of one condition: that there is a next_entry. */
	if (m->once || (once && !*value))
		return;
	m->once = once;
	free(m->preferred);
	m->preferred = xlpt_xstrdup(value);
}

/* Whether spec, to its end or to a single '>', is the name; ">>" stands for a '>' of the name's. */
static bool names(const char *spec, const char *name)
{
	if (!name || !*name)
		return false;
	for (; *spec && *name; spec++, name++) {
		if (*spec == '>' && *++spec != '>')
			return false;
		if (*spec != *name)
			return false;
	}
	return !*name && (!*spec || (*spec == '>' && spec[1] != '>'));
}

/* Behind the single '>' that ends the first part, or the end. */
static const char *behind(const char *spec)
{
	for (; *spec; spec++)
		if (*spec == '>' && *++spec != '>')
			return spec;
	return spec;
}

/* The entry of that menu, or NONE when it has none. */
static size_t pick(const struct xlpt_grub_menu *m, size_t menu, const char *spec)
{
	char *end;
	unsigned long wanted = strtoul(spec, &end, 0), number = 0;
	bool by_number = end != spec;
	size_t first = NONE;

	for (size_t i = 0; i < m->n; i++) {
		const struct xlpt_grub_entry *e = &m->items[i];

		if (e->menu != menu)
			continue;
		if (by_number ? number == wanted : names(spec, e->title) || names(spec, e->id))
			return i;
		first = first == NONE ? i : first;
		number++;
	}
	return first;
}

void xlpt_grub_menu_choose(const struct xlpt_grub_menu *m, struct xlpt_home_lines *lines)
{
	const char *spec = m->preferred ? m->preferred : "";
	/* A file without it is made by hand, and the entry often, too. */
	size_t chosen = m->preferred ? pick(m, NONE, spec) : NONE;

	/* A submenu stands before what is in it: this comes to an end. */
	while (chosen != NONE && m->items[chosen].submenu) {
		spec = behind(spec);
		chosen = pick(m, chosen, spec);
	}
	for (size_t i = 0; i < m->n_lines; i++)
		if (m->lines[i].entry == chosen && m->lines[i].line < lines->n)
			lines->items[m->lines[i].line].chosen = true;
}

void xlpt_grub_menu_dispose(struct xlpt_grub_menu *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].title);
		free(m->items[i].id);
	}
	free(m->items);
	free(m->lines);
	free(m->preferred);
	*m = (struct xlpt_grub_menu){ 0 };
}
