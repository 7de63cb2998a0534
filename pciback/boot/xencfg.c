/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration of a Xen that the firmware, or a loader of EFI programs, starts directly: which file
 * it is and which section of it counts. As xen/arch/x86 common/efi/boot.c has it: the name is that of the
 * program with ".cfg", also with less and less of the program's name; "-cfg=" on its command line names
 * another one, and the first word that is no option is the section; else default= of [global] is. A
 * control character ends a line (so a tab does, and DOS line ends do no harm), '#' begins a comment
 * anywhere, ';' at the beginning of a line.
 */
#include "core/xen-line.h"
#include "pciback/boot/homes.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define CFGS_MAX 64

/* ---- the text ---- */

bool xlpt_xen_cfg_next(struct xlpt_xen_cfg_text *t)
{
	for (;;) {
		char *l, *end;

		if (!t->rest || !*t->rest) {
			t->rest = xlpt_boot_line(&t->cursor);
			t->line++;
			if (!t->rest)
				return false;
		}
		l = t->rest;
		for (end = l; *end && !iscntrl((unsigned char)*end); end++)
			;
		t->rest = *end ? end + 1 : end;
		*end = '\0';
		while (*l == ' ')
			l++;
		if (*l == ';')
			*l = '\0';
		l[strcspn(l, "#")] = '\0';
		if (*l == '[') {
			t->section = l + 1;
			l[strcspn(l, "]")] = '\0';
			continue;
		}
		t->value = strchr(l, '=');
		if (!t->value || !t->section)
			continue;
		*t->value++ = '\0';
		t->value += strspn(t->value, " ");
		t->key = l;
		return true;
	}
}

/* The first value of that key in the section; section NULL: the first section that has it. */
static char *value_of(const char *text, const char *section, const char *key, char **found,
		      unsigned *line)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct xlpt_xen_cfg_text t = { .cursor = copy };

	while (xlpt_xen_cfg_next(&t))
		if ((!section || !strcmp(t.section, section)) && !strcmp(t.key, key)) {
			if (found)
				*found = xlpt_xstrdup(t.section);
			if (line)
				*line = t.line;
			return xlpt_xstrdup(t.value);
		}
	return NULL;
}

/* ---- which files ---- */

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcasecmp(name + n - m, end);
}

/* Adds it; one that starts no kernel comes last. section: that the loader names, or NULL. */
static void add(struct xlpt_texts *texts, const char *path, const char *section, unsigned rank,
		struct xlpt_xen_cfgs *out)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *name = section ? xlpt_xstrdup(section) : NULL, *kernel = NULL;
	_cleanup_free_ char *options = NULL;
	struct xlpt_xen_cfg cfg = { .rank = rank };

	for (size_t i = 0; i < out->n; i++)
		if (!strcmp(out->items[i].path, path))
			return;
	if (out->n >= CFGS_MAX || xlpt_boot_text(texts, path, &text) < 0)
		return;
	if (!name)
		name = value_of(xlpt_str_get(&text), "global", "default", NULL, NULL);
	kernel = value_of(xlpt_str_get(&text), name, "kernel", &cfg.section, &cfg.line);
	if (kernel)
		options = value_of(xlpt_str_get(&text), cfg.section, "options", NULL, NULL);
	else
		cfg.rank = 0;
	if (options)
		kernel = xlpt_home_with(XLPT_TAKE(kernel), xlpt_xen_behind(options));
	cfg.kernel = XLPT_TAKE(kernel);
	cfg.path = xlpt_xstrdup(path);
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = cfg;
}

static void in_folder(struct xlpt_texts *texts, const char *dir, struct xlpt_xen_cfgs *out)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(texts->h, &names, "%s", dir);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);
		unsigned rank = 1;

		if (strncasecmp(*n, "xen", 3) || !ends(*n, ".cfg"))
			continue;
		/* The program of that very name, which reads no other. */
		for (char **p = names; *p; p++)
			if (ends(*p, ".efi") && strlen(*p) == strlen(*n) &&
			    !strncasecmp(*p, *n, strlen(*n) - 4))
				rank = 2;
		add(texts, path, NULL, rank, out);
	}
}

/* "efi" and "options" of an entry for systemd-boot: the options are those of Xen's program. */
static void of_entry(struct xlpt_texts *texts, const char *esp, char *efi, char *options,
		     struct xlpt_xen_cfgs *out)
{
	_cleanup_free_ char *path = NULL;
	char *slash, *save = NULL, *cfg = NULL, *section = NULL;

	for (char *c = efi; *c; c++)
		if (*c == '\\')
			*c = '/';
	slash = strrchr(efi, '/');
	if (!slash || strncasecmp(slash + 1, "xen", 3))
		return;
	for (char *w = strtok_r(options, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (!strcmp(w, "--"))
			break;
		if (xlpt_starts(w, "-cfg="))
			cfg = w + strlen("-cfg=");
		else if (*w != '-' && !section)
			section = w;
	}
	for (char *c = cfg; c && *c; c++)
		if (*c == '\\')
			*c = '/';
	if (cfg && *cfg == '/')
		path = xlpt_xasprintf("%s%s", esp, cfg);
	else if (cfg)
		path = xlpt_xasprintf("%s%s%.*s/%s", esp, *efi == '/' ? "" : "/",
				      (int)(slash - efi), efi, cfg);
	else
		path = xlpt_xasprintf("%s%s%.*s.cfg", esp, *efi == '/' ? "" : "/",
				      (int)(strlen(efi) - (ends(efi, ".efi") ? 4 : 0)), efi);
	add(texts, path, section, 3, out);
}

static void by_loader(struct xlpt_texts *texts, const char *esp, struct xlpt_xen_cfgs *out)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(texts->h, &names, "%s/loader/entries", esp);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/loader/entries/%s", esp, *n);
		_cleanup_free_ char *efi = NULL, *options = xlpt_xstrdup("");
		_cleanup_str_ struct xlpt_str text = { 0 };
		char *cursor, *l;

		if (!ends(*n, ".conf") || xlpt_boot_text(texts, path, &text) < 0)
			continue;
		cursor = text.s;
		while ((l = xlpt_boot_line(&cursor))) {
			char *save = NULL, *key = strtok_r(l, " \t\r", &save);
			char *value = key ? strtok_r(NULL, "\r", &save) : NULL;

			if (!value)
				continue;
			value += strspn(value, " \t");
			if (!strcmp(key, "efi")) {
				free(efi);
				efi = xlpt_xstrdup(value);
				efi[strcspn(efi, " \t")] = '\0';
			} else if (!strcmp(key, "options")) {
				free(options);
				options = xlpt_xstrdup(value);
			}
		}
		if (efi)
			of_entry(texts, esp, efi, options, out);
	}
}

/* Are the words behind the kernel's file those that the kernel was started with? */
static bool started(const char *kernel, const char *cmdline)
{
	_cleanup_free_ char *a = xlpt_xstrdup(kernel), *b = xlpt_xstrdup(cmdline ? cmdline : "");
	char *sa = NULL, *sb = NULL, *wa, *wb;
	bool any = false;

	strtok_r(a, " ", &sa);
	wb = strtok_r(b, " \t\n", &sb);
	while ((wa = strtok_r(NULL, " ", &sa))) {
		if (!wb || strcmp(wa, wb) != 0)
			return false;
		any = true;
		wb = strtok_r(NULL, " \t\n", &sb);
	}
	return any && !wb;
}

static int best_first(const void *a, const void *b)
{
	const struct xlpt_xen_cfg *x = a, *y = b;

	return x->rank != y->rank ? (int)y->rank - (int)x->rank : strcmp(x->path, y->path);
}

void xlpt_xen_cfgs_read(struct xlpt_texts *texts, const char *cmdline, struct xlpt_xen_cfgs *out)
{
	static const char *const esps[] = { "/boot/efi", "/efi", "/boot" };

	*out = (struct xlpt_xen_cfgs){ 0 };
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(esps); i++) {
		_cleanup_strv_ char **tops = NULL;

		by_loader(texts, esps[i], out);
		in_folder(texts, esps[i], out);
		xlpt_host_list(texts->h, &tops, "%s", esps[i]);
		for (char **t = tops; t && *t; t++) {
			_cleanup_strv_ char **vendors = NULL;

			/* The firmware's file system knows no capitals; /boot/efi is a mount point. */
			if (strcasecmp(*t, "EFI") != 0)
				continue;
			xlpt_host_list(texts->h, &vendors, "%s/%s", esps[i], *t);
			for (char **v = vendors; v && *v; v++) {
				_cleanup_free_ char *dir =
					xlpt_xasprintf("%s/%s/%s", esps[i], *t, *v);

				in_folder(texts, dir, out);
			}
		}
	}
	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].kernel && started(out->items[i].kernel, cmdline))
			out->items[i].rank = XLPT_XEN_CFG_STARTED;
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), best_first);
}

void xlpt_boot_xen_cfgs(struct xlpt_host *h, const char *cmdline, struct xlpt_xen_cfgs *out)
{
	_cleanup_texts_ struct xlpt_texts texts = { .h = h };

	xlpt_xen_cfgs_read(&texts, cmdline, out);
}

char *xlpt_boot_xen_cfg_place(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const struct xlpt_xen_cfgs *cfgs = xlpt_boot_cfgs(boot);

	(void)h;
	return cfgs->n && cfgs->items[0].kernel
		       ? xlpt_xasprintf("the \"kernel=\" line of [%s] (%s:%u)",
					cfgs->items[0].section, cfgs->items[0].path,
					cfgs->items[0].line)
		       : xlpt_xasprintf("the \"kernel=\" line in %s", boot->loader_fact);
}

void xlpt_xen_cfgs_dispose(struct xlpt_xen_cfgs *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].path);
		free(c->items[i].section);
		free(c->items[i].kernel);
	}
	free(c->items);
	*c = (struct xlpt_xen_cfgs){ 0 };
}
