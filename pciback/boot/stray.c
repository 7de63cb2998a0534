/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of devices that stand where nobody reads them: somebody meant to hide
 * these devices, and nothing will. On Xen's own command line instead of that of
 * dom0's kernel; for a module of another name; in a comment of our own files; in
 * a file that is not read, or that another one replaces.
 */
#include "pciback/boot/homes.h"
#include "pciback/boot/stray.h"

#include <string.h>

bool xlpt_stray_has_word(const char *line, const char *word)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line ? line : "");
	char *cursor = copy, *w;

	while ((w = xlpt_cmdline_word(&cursor)) && strcmp(w, word) != 0)
		;
	return w != NULL;
}

/* ---- the boot loaders' settings ---- */

/* The text is changed. */
static void each_line(struct xlpt_stray_search *s, const char *path, char *text,
		      xlpt_stray_line_fn fn, const char *unread)
{
	char *cursor = text, *line;
	unsigned lines;

	s->file = path;
	for (s->line = 1; !xlpt_stray_enough(s) && (line = xlpt_boot_whole_line(&cursor, &lines));
	     s->line += lines)
		fn(s, line + strspn(line, " \t"), unread);
	s->file = s->variable = NULL;
	s->line = 0;
}

void xlpt_stray_each_line(struct xlpt_stray_search *s, const char *path, xlpt_stray_line_fn fn,
			  const char *unread)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (xlpt_boot_text(xlpt_boot_texts(s->boot), path, &text) >= 0)
		each_line(s, path, text.s, fn, unread);
}

/* Ours is known already, unless somebody made a comment of it. */
static void own_line(struct xlpt_stray_search *s, char *l, const char *unread)
{
	_cleanup_free_ char *comment = NULL;
	struct xlpt_stray *stray;

	(void)unread;
	if (*l != '#' || !strstr(l, "GRUB_CMDLINE_LINUX") || !(l = strstr(l, "pciback.hide=")))
		return;
	l[strcspn(l, "\"'")] = '\0';
	comment = xlpt_xasprintf("hide=%s", l + strlen("pciback.hide="));
	stray = xlpt_stray_add(s, comment);
	if (stray)
		stray->fact =
			xlpt_xasprintf("%s:%u has %s in a comment", s->file, s->line, comment);
}

static void grub(struct xlpt_stray_search *s)
{
	enum xlpt_stray_whose whose;

	for (size_t i = 0; i < s->grub->n; i++) {
		const struct xlpt_grub_set *set = &s->grub->items[i];

		if (!xlpt_starts(set->name, "GRUB_CMDLINE_") || !strcmp(set->file, XLPT_GRUB_CFG))
			continue;
		s->set = set;
		s->file = set->file;
		s->line = set->line;
		s->variable = set->name;
		whose = xlpt_starts(set->name, "GRUB_CMDLINE_XEN") ? XLPT_STRAY_XENS
								   : XLPT_STRAY_DOM0S;
		xlpt_stray_words(s, set->own, whose, set->unread);
		/* What comes out of other variables, unless their own line was told of. */
		s->inherited = true;
		xlpt_stray_words(s, set->value, whose, set->unread);
		s->inherited = false;
	}
	s->set = NULL;
	s->file = s->variable = NULL;
	s->line = 0;
	xlpt_stray_each_line(s, XLPT_GRUB_CFG, own_line, NULL);
}

/* xen.cfg: options= is Xen's; kernel= has the kernel's file and its words, in the section that is started. */
static void xen_cfg(struct xlpt_stray_search *s, const struct xlpt_xen_cfg *cfg)
{
	_cleanup_free_ char *unread =
		xlpt_xasprintf("Xen starts [%s] of that file", cfg->section ? cfg->section : "");
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct xlpt_xen_cfg_text t = { 0 };

	if (xlpt_boot_text(xlpt_boot_texts(s->boot), cfg->path, &text) < 0)
		return;
	t.cursor = text.s;
	s->file = cfg->path;
	while (xlpt_xen_cfg_next(&t)) {
		bool other = !xlpt_streq(t.section, cfg->section);

		s->line = t.line;
		if (!strcmp(t.key, "options")) {
			s->variable = "options=";
			xlpt_stray_words(s, t.value, XLPT_STRAY_XENS, NULL);
		} else if (!strcmp(t.key, "kernel") &&
			   xlpt_streq(s->boot->loader_fact, cfg->path)) {
			s->variable = "kernel=";
			xlpt_stray_words(s, t.value, XLPT_STRAY_DOM0S, other ? unread : NULL);
		}
	}
	s->file = s->variable = NULL;
	s->line = 0;
}

/* This boot has a list, by another entry of the same loader: this entry is for another purpose. */
static bool is_other_entry(const struct xlpt_stray_search *s, const struct xlpt_home_lines *lines,
			   const struct xlpt_home_line *l)
{
	bool other = false;

	for (size_t i = 0; i < lines->n; i++)
		other |= lines->items[i].loader == l->loader && lines->items[i].started;
	return other && s->eff->cmdline_hide && !l->started && !l->settings &&
	       l->whose == XLPT_HOME_DOM0;
}

/* What boot loaders read when they start: a list may stand there that no settings have. */
static void entries(struct xlpt_stray_search *s, const struct xlpt_home_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		const struct xlpt_home_line *l = &lines->items[i];

		if (is_other_entry(s, lines, l))
			continue;
		s->file = l->file;
		s->line = l->line;
		s->variable = l->name;
		s->made = !l->settings;
		if (l->whose == XLPT_HOME_BARE)
			xlpt_stray_words(s, l->words, XLPT_STRAY_DOM0S,
					 "that entry starts the kernel without Xen");
		else
			xlpt_stray_words(s, l->words,
					 l->whose == XLPT_HOME_XEN ? XLPT_STRAY_XENS
								   : XLPT_STRAY_DOM0S,
					 NULL);
	}
	s->file = s->variable = NULL;
	s->line = 0;
	s->made = false;
}

static void loaders(struct xlpt_stray_search *s, const struct xlpt_home_lines *lines)
{
	const struct xlpt_xen_cfgs *cfgs = xlpt_boot_cfgs(s->boot);

	grub(s);
	for (size_t i = 0; i < cfgs->n; i++)
		xen_cfg(s, &cfgs->items[i]);
	entries(s, lines);
}

/* ---- modprobe.d ---- */

static bool in_effect(const struct xlpt_stray_search *s)
{
	const struct xlpt_effective *e = s->eff;

	return !e->from_cmdline && e->modprobe_file && !strcmp(e->modprobe_file, s->file) &&
	       e->modprobe_line == s->line;
}

/* xlpt's own list is the one that counts: this one was taken over, and perhaps changed since. */
static bool replaced_by_ours(const struct xlpt_stray_search *s)
{
	return s->eff->from_cmdline ? xlpt_host_has(s->h, XLPT_GRUB_CFG)
				    : xlpt_streq(s->eff->modprobe_file, XLPT_MODPROBE_CONF);
}

/* Why this line, which is one of modprobe.d and sets hide= of that module, is not the one. */
static char *why_not(const struct xlpt_stray_search *s, const char *module, bool comment,
		     const char *unread)
{
	const struct xlpt_boot *b = s->boot;

	if (comment)
		return xlpt_xstrdup("it is a comment");
	if (unread)
		return xlpt_xstrdup(unread);
	if (!xlpt_module_eq(module, b->module))
		return xlpt_xasprintf("it is for %s, and the module of this kernel is called %s",
				      module, b->module);
	if (b->mode == XLPT_PB_BUILTIN)
		return xlpt_xstrdup(
			"pciback is built into this kernel and reads only the command line");
	return s->eff->modprobe_file ? xlpt_xasprintf("%s:%u comes later and has the last word",
						      s->eff->modprobe_file, s->eff->modprobe_line)
				     : xlpt_xstrdup("modprobe does not take it up");
}

static void modprobe_line(struct xlpt_stray_search *s, char *l, const char *unread)
{
	bool ours = !strcmp(s->file, XLPT_MODPROBE_CONF), comment = *l == '#';
	_cleanup_free_ char *hide = NULL, *word = NULL, *why = NULL, *copy = NULL;
	char *save = NULL, *verb, *module;
	struct xlpt_stray *stray;

	if (comment)
		l += strspn(l, "# \t");
	/* In our file it is the list that is known; comments in other files are somebody's notes. */
	if (ours != comment)
		return;
	copy = xlpt_xstrdup(l);
	verb = strtok_r(l, " \t", &save);
	module = verb && !strcmp(verb, "options") ? strtok_r(NULL, " \t", &save) : NULL;
	if (module && (xlpt_module_eq(module, "pciback") || xlpt_module_eq(module, "xen_pciback")))
		hide = xlpt_boot_hide_of(save ? save : "");
	if (!hide && !comment)
		xlpt_stray_misspelled(s, copy);
	if (hide && !comment)
		xlpt_stray_cut_options(s, copy);
	if (!hide || (!comment && !unread && in_effect(s)))
		return;
	word = xlpt_xasprintf("hide=%s", hide);
	why = why_not(s, module, comment, unread);
	stray = xlpt_stray_add(s, word);
	if (!stray)
		return;
	if (!comment && !unread && s->eff->cmdline_hide && xlpt_module_eq(module, s->boot->module))
		stray->fact = xlpt_xasprintf("the command line's %s.hide=%s replaces the list of "
					     "%s:%u, %s",
					     s->boot->module, s->eff->cmdline_hide, s->file,
					     s->line, word);
	else
		stray->fact = xlpt_xasprintf("%s:%u has %s; %s", s->file, s->line, word, why);
	stray->replaced = !comment && !unread && xlpt_module_eq(module, s->boot->module) &&
			  replaced_by_ours(s);
	if (!comment && !unread && !xlpt_module_eq(module, s->boot->module))
		stray->move = xlpt_xasprintf("write %s in the place of %s (%s:%u)", s->boot->module,
					     module, s->file, s->line);
}

static void modprobe(struct xlpt_stray_search *s)
{
	_cleanup_confs_ struct xlpt_confs confs = { 0 };
	_cleanup_strv_ char **names = NULL;

	xlpt_boot_confs_read(s->h, s->boot, NULL, NULL, &confs);
	for (size_t i = 0; i < confs.n; i++)
		each_line(s, confs.items[i].path, confs.items[i].text, modprobe_line, NULL);
	/* The modprobe of the classic era reads every file. */
	if (s->boot->era == XLPT_ERA_CLASSIC)
		return;
	xlpt_host_list(s->h, &names, "/etc/modprobe.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/modprobe.d/%s", *n);

		if (!strchr(*n, '.'))
			xlpt_stray_each_line(s, path, modprobe_line,
					     "modprobe reads only files whose names end in .conf");
	}
}

/* What dom0's kernel has on its command line, or gets there by one of the entries. */
static char *all_of_dom0(const struct xlpt_boot *boot, const char *settings,
			 const struct xlpt_home_lines *lines)
{
	struct xlpt_str all = { 0 };

	xlpt_str_addf(&all, "%s %s", boot->cmdline ? boot->cmdline : "", settings);
	for (size_t i = 0; i < lines->n; i++)
		if (lines->items[i].whose == XLPT_HOME_DOM0)
			xlpt_str_addf(&all, " %s", lines->items[i].words);
	return xlpt_str_take(&all);
}

void xlpt_boot_strays(struct xlpt_host *h, const struct xlpt_boot *boot,
		      const struct xlpt_effective *eff, struct xlpt_strays *out)
{
	const struct xlpt_home_lines *lines = xlpt_boot_lines(boot);
	_cleanup_free_ char *next = NULL;
	struct xlpt_stray_search s = { .h = h,
				       .boot = boot,
				       .eff = eff,
				       .out = out,
				       .grub = xlpt_boot_settings(boot, false) };

	s.next = next = xlpt_grub_line(s.grub);
	s.all = all_of_dom0(boot, next, lines);
	xlpt_stray_sort(&s);
	*out = (struct xlpt_strays){ 0 };
	s.qubes = xlpt_boot_is_qubes(h);
	loaders(&s, lines);
	if (boot->xen_cmdline)
		xlpt_stray_words(&s, boot->xen_cmdline, XLPT_STRAY_XENS, NULL);
	if (boot->cmdline)
		xlpt_stray_words(&s, boot->cmdline, XLPT_STRAY_DOM0S, NULL);
	modprobe(&s);
	xlpt_stray_modules(&s);
	free(s.all);
	free(s.words);
	free(s.command);
}

void xlpt_strays_dispose(struct xlpt_strays *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->items[i].word);
		free(s->items[i].file);
		free(s->items[i].fact);
		free(s->items[i].move);
		xlpt_hide_dispose(&s->items[i].list);
	}
	free(s->items);
	*s = (struct xlpt_strays){ 0 };
}
