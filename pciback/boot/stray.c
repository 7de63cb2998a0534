/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of devices that stand where nobody reads them: somebody meant to hide
 * these devices, and nothing will. On Xen's own command line instead of that of
 * dom0's kernel; for a module of another name; in a comment of our own files; in
 * a file that is not read, or that another one replaces.
 */
#include "pciback/boot/internal.h"

#include <string.h>

#define QUBES_PCI "rd.qubes.hide_pci"
#define QUBES_USB "rd.qubes.hide_all_usb"

struct search {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	const struct xlpt_effective *eff;
	struct xlpt_strays *out;
	bool qubes; /* Qubes OS's part of the initramfs reads its words */
	/* of the line that is looked at */
	const char *file, *variable;
	unsigned line;
};

static void read_addresses(const char *text, struct xlpt_hide_list *out)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
		xlpt_hide_arg(XLPT_HIDE_PLAIN, w, out, NULL);
}

/* The same word in a file and on the running command line is one; the file comes first. */
static struct xlpt_stray *add(struct search *s, const char *word)
{
	struct xlpt_stray *stray;
	const char *value = strchr(word, '=');

	for (size_t i = 0; !s->file && i < s->out->n; i++)
		if (!strcmp(s->out->items[i].word, word))
			return NULL;
	XLPT_GROW(s->out->items, s->out->n, s->out->alloc);
	stray = &s->out->items[s->out->n++];
	*stray = (struct xlpt_stray){ .word = xlpt_xstrdup(word),
				      .file = xlpt_xstrdup(s->file),
				      .line = s->line };
	if (xlpt_starts(word, QUBES_USB))
		stray->usb = true;
	else if (value && xlpt_starts(word, QUBES_PCI))
		read_addresses(value + 1, &stray->list);
	else if (value)
		xlpt_hide_readable(s->boot->grammar, value + 1, &stray->list);
	return stray;
}

/* " (/etc/default/grub:4)", or nothing for a running command line. Caller frees. */
static char *place(const struct search *s)
{
	return s->file ? xlpt_xasprintf(" (%s:%u)", s->file, s->line) : xlpt_xstrdup("");
}

/* ---- words of command lines ---- */

static void on_xen_line(struct search *s, const char *word)
{
	struct xlpt_stray *stray = add(s, word);
	_cleanup_free_ char *where = place(s);
	const char *v = s->variable;

	if (!stray)
		return;
	stray->fact = xlpt_xasprintf("Xen's own command line has %s%s; Xen does not hand it to "
				     "dom0's kernel",
				     word, where);
	if (xlpt_starts(word, "rd.qubes."))
		stray->move = xlpt_xasprintf("take it off Xen's command line%s", where);
	else if (!s->file)
		stray->move = xlpt_xstrdup("move it from Xen's command line to that of dom0's "
					   "kernel");
	else if (v && xlpt_starts(v, "GRUB_"))
		stray->move =
			xlpt_xasprintf("move it from %s%s to GRUB_CMDLINE_LINUX_XEN_REPLACE%s", v,
				       where, strstr(v, "_DEFAULT") ? "_DEFAULT" : "");
	else
		stray->move = xlpt_xasprintf("move it from \"%s\"%s to the line of dom0's kernel",
					     v, where);
}

/* Of this kernel's own module: it is read only when it is on the command line of this boot. */
static void not_in_effect(struct search *s, const char *word, const char *unread)
{
	_cleanup_free_ char *command = NULL;
	struct xlpt_stray *stray;

	if (!s->file || (!unread && (!s->boot->cmdline ||
				     xlpt_streq(s->eff->cmdline_hide, strchr(word, '=') + 1))))
		return;
	stray = add(s, word);
	stray->fact =
		xlpt_xasprintf("%s:%u has %s%s%s", s->file, s->line, word, unread ? "; " : "",
			       unread ? unread : ", and the command line of this boot has not");
	command = xlpt_boot_loader_command(s->h, s->boot);
	stray->move =
		unread ? xlpt_xstrdup("move that line to /etc/default/grub")
		       : xlpt_xasprintf("%s%sreboot", command ? command : "", command ? "; " : "");
}

static void on_dom0_line(struct search *s, const char *word, const char *unread)
{
	const char *m = s->boot->module, *dot = strchr(word, '.');
	_cleanup_free_ char *name = xlpt_xstrndup(word, (size_t)(dot - word)), *where = NULL;
	struct xlpt_stray *stray;

	if (xlpt_module_eq(name, m)) {
		not_in_effect(s, word, unread);
		return;
	}
	if (!strcmp(name, "rd") && s->qubes)
		return;
	stray = add(s, word);
	if (!stray)
		return;
	where = s->file ? xlpt_xasprintf("%s:%u", s->file, s->line)
			: xlpt_xstrdup("the kernel's command line");
	if (!strcmp(name, "rd")) {
		stray->fact =
			xlpt_xasprintf("%s has %s; only the initramfs of Qubes OS reads that, and "
				       "this is none",
				       where, word);
		return;
	}
	stray->fact =
		xlpt_xasprintf("%s has %s; the module of this kernel is called %s and does not "
			       "read it",
			       where, word, m);
	stray->move =
		xlpt_xasprintf("write %s.hide= in the place of %s.hide= (%s)", m, name, where);
}

enum whose { XENS, DOM0S };

/* unread: why nobody reads the whole line, or NULL. */
static void command_line(struct search *s, const char *text, enum whose whose, const char *unread)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, " \t\n\"'", &save); w;
	     w = strtok_r(NULL, " \t\n\"'", &save)) {
		size_t key = strcspn(w, ".");
		bool ours = xlpt_starts(w + key, ".hide=") &&
			    ((key == 7 && !strncmp(w, "pciback", 7)) ||
			     (key == 11 && !strncmp(w, "xen", 3) && !strncmp(w + 4, "pciback", 7)));

		if (!ours && !xlpt_starts(w, QUBES_PCI "=") && !xlpt_starts(w, QUBES_USB))
			continue;
		if (whose == XENS)
			on_xen_line(s, w);
		else
			on_dom0_line(s, w, unread);
	}
}

/* ---- the boot loaders' settings ---- */

typedef void (*line_fn)(struct search *s, char *line, const char *unread);

static void each_line(struct search *s, const char *path, line_fn fn, const char *unread)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_boot_slurp(s->h, path, &text) < 0)
		return;
	cursor = text.s;
	s->file = path;
	for (s->line = 1; (line = xlpt_boot_line(&cursor)); s->line++)
		fn(s, line + strspn(line, " \t"), unread);
	s->file = s->variable = NULL;
	s->line = 0;
}

static void grub_line(struct search *s, char *l, const char *unread)
{
	_cleanup_free_ char *name = NULL, *comment = NULL;
	struct xlpt_stray *stray;
	size_t n;

	if (!strcmp(s->file, XLPT_GRUB_CFG)) {
		/* Ours is known already, unless somebody made a comment of it. */
		if (*l != '#' || !strstr(l, "GRUB_CMDLINE_LINUX") ||
		    !(l = strstr(l, "pciback.hide=")))
			return;
		l[strcspn(l, "\"'")] = '\0';
		comment = xlpt_xasprintf("hide=%s", l + strlen("pciback.hide="));
		stray = add(s, comment);
		if (stray)
			stray->fact = xlpt_xasprintf("%s:%u has %s in a comment", s->file, s->line,
						     comment);
		return;
	}
	if (xlpt_starts(l, "export "))
		l += strlen("export ") + strspn(l + strlen("export "), " \t");
	n = strcspn(l, "+=");
	if (!xlpt_starts(l, "GRUB_CMDLINE_") || !l[n])
		return;
	name = xlpt_xstrndup(l, n);
	s->variable = name;
	command_line(s, l + n + strspn(l + n, "+="),
		     xlpt_starts(name, "GRUB_CMDLINE_XEN") ? XENS : DOM0S, unread);
	s->variable = NULL;
}

/* xen.cfg: options= is Xen's, kernel= has the kernel's file and its words. */
static void xen_cfg_line(struct search *s, char *l, const char *unread)
{
	(void)unread;
	if (xlpt_starts(l, "options=")) {
		s->variable = "options=";
		command_line(s, l + strlen("options="), XENS, NULL);
	} else if (xlpt_starts(l, "kernel=") && s->boot->loader == XLPT_LOADER_XEN_EFI) {
		command_line(s, l + strlen("kernel="), DOM0S, NULL);
	}
}

/* GRUB legacy: "kernel /xen.gz WORDS" and "module /vmlinuz WORDS". */
static void legacy_line(struct search *s, char *l, const char *unread)
{
	size_t verb = strcspn(l, " \t"), path;

	(void)unread;
	path = verb + strspn(l + verb, " \t");
	path += strcspn(l + path, " \t");
	if (!strncmp(l, "kernel", verb) && verb == 6 && memmem(l, path, "xen", 3)) {
		s->variable = "kernel";
		command_line(s, l + path, XENS, NULL);
	} else if (!strncmp(l, "module", verb) && verb == 6) {
		command_line(s, l + path, DOM0S, NULL);
	}
}

static void loaders(struct search *s)
{
	const struct xlpt_boot *b = s->boot;
	_cleanup_strv_ char **names = NULL, **vendors = NULL;
	_cleanup_free_ char *unread = NULL;

	if (b->loader == XLPT_LOADER_GRUB_PLAIN)
		unread = xlpt_xasprintf("%s does not read /etc/default/grub.d", b->loader_fact);
	each_line(s, "/etc/default/grub", grub_line, NULL);
	xlpt_host_list(s->h, &names, "/etc/default/grub.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/default/grub.d/%s", *n);
		size_t len = strlen(*n);

		/* Names with another ending are copies that somebody keeps. */
		if (len > 4 && !strcmp(*n + len - 4, ".cfg"))
			each_line(s, path, grub_line, unread);
		else if (!strchr(*n, '.'))
			each_line(s, path, grub_line, "only names that end in .cfg are read there");
	}
	xlpt_host_list(s->h, &vendors, "/boot/efi/EFI");
	for (char **v = vendors; v && *v; v++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/boot/efi/EFI/%s/xen.cfg", *v);

		each_line(s, path, xen_cfg_line, NULL);
	}
	if (b->loader == XLPT_LOADER_GRUB_LEGACY)
		each_line(s, b->loader_fact, legacy_line, NULL);
}

/* ---- modprobe.d ---- */

static bool in_effect(const struct search *s)
{
	const struct xlpt_effective *e = s->eff;

	return !e->from_cmdline && e->modprobe_file && !strcmp(e->modprobe_file, s->file) &&
	       e->modprobe_line == s->line;
}

/* xlpt's own list is the one that counts: this one was taken over, and perhaps changed since. */
static bool replaced_by_ours(const struct search *s)
{
	return s->eff->from_cmdline ? xlpt_host_has(s->h, XLPT_GRUB_CFG)
				    : xlpt_streq(s->eff->modprobe_file, XLPT_MODPROBE_CONF);
}

/* Why this line, which is one of modprobe.d and sets hide= of that module, is not the one. */
static char *why_not(const struct search *s, const char *module, bool comment, const char *unread)
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

static void modprobe_line(struct search *s, char *l, const char *unread)
{
	bool ours = !strcmp(s->file, XLPT_MODPROBE_CONF), comment = *l == '#';
	_cleanup_free_ char *hide = NULL, *word = NULL, *why = NULL;
	char *save = NULL, *verb, *module;
	struct xlpt_stray *stray;

	if (comment)
		l += strspn(l, "# \t");
	/* In our file it is the list that is known; comments in other files are somebody's notes. */
	if (ours != comment)
		return;
	verb = strtok_r(l, " \t", &save);
	module = verb && !strcmp(verb, "options") ? strtok_r(NULL, " \t", &save) : NULL;
	if (!module ||
	    !(xlpt_module_eq(module, "pciback") || xlpt_module_eq(module, "xen_pciback")))
		return;
	hide = xlpt_boot_hide_of(save ? save : "");
	if (!hide || (!comment && !unread && in_effect(s)))
		return;
	word = xlpt_xasprintf("hide=%s", hide);
	why = why_not(s, module, comment, unread);
	stray = add(s, word);
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

static void modprobe(struct search *s)
{
	_cleanup_confs_ struct xlpt_confs confs = { 0 };
	_cleanup_strv_ char **names = NULL;

	xlpt_boot_confs_read(s->h, NULL, NULL, &confs);
	for (size_t i = 0; i < confs.n; i++)
		each_line(s, confs.items[i].path, modprobe_line, NULL);
	/* The modprobe of the classic era reads every file. */
	if (s->boot->era == XLPT_ERA_CLASSIC)
		return;
	xlpt_host_list(s->h, &names, "/etc/modprobe.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/modprobe.d/%s", *n);

		if (!strchr(*n, '.'))
			each_line(s, path, modprobe_line,
				  "modprobe reads only files whose names end in .conf");
	}
}

void xlpt_boot_strays(struct xlpt_host *h, const struct xlpt_boot *boot,
		      const struct xlpt_effective *eff, struct xlpt_strays *out)
{
	_cleanup_strv_ char **dracut = NULL;
	struct search s = { .h = h, .boot = boot, .eff = eff, .out = out };

	*out = (struct xlpt_strays){ 0 };
	xlpt_host_list(h, &dracut, "/usr/lib/dracut/modules.d");
	for (char **n = dracut; n && *n; n++)
		s.qubes |= strstr(*n, "qubes-pciback") != NULL;
	loaders(&s);
	if (boot->xen_cmdline)
		command_line(&s, boot->xen_cmdline, XENS, NULL);
	if (boot->cmdline)
		command_line(&s, boot->cmdline, DOM0S, NULL);
	modprobe(&s);
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
