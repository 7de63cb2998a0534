/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * extlinux and syslinux: mboot.c32 starts Xen, and its words are those of all programs, with "---" between
 * them: "append xen.gz WORDS --- vmlinuz WORDS --- initrd". On Alpine the file is made by update-extlinux
 * from /etc/update-extlinux.conf, which a shell reads.
 */
#include "core/xen-line.h"
#include "pciback/boot/homes.h"

#include <string.h>
#include <strings.h>

#define INCLUDES_MAX 16
#define SETTINGS     "/etc/update-extlinux.conf"

struct label {
	char *name, *append;
	char *file; /* of append, */
	unsigned line;
	bool xen, chosen;
};

struct reader {
	struct xlpt_texts *texts;
	struct xlpt_home_lines *out;
	const char *path; /* of the file that is read */
	struct label label;
	char *preferred;
	unsigned includes;
};

/* The words of one program of mboot.c32's line: without its file. */
static char *words_of(const char *part, size_t len)
{
	size_t file = 0;

	while (len && strchr(" \t", *part)) {
		part++;
		len--;
	}
	while (file < len && !strchr(" \t", part[file]))
		file++;
	return xlpt_xstrndup(part + file, len - file);
}

/* The next "---" between blanks, or the end. */
static const char *divider(const char *s)
{
	for (const char *at = s; (at = strstr(at, "---")); at += 3)
		if (at > s && strchr(" \t", at[-1]) && (!at[3] || strchr(" \t", at[3])))
			return at;
	return s + strlen(s);
}

static void add(struct reader *r, enum xlpt_home_whose whose, char *words)
{
	struct xlpt_home_line *l = xlpt_home_add(r->out, XLPT_LOADER_EXTLINUX, whose, r->label.file,
						 r->label.line, "append", words);

	if (l)
		l->chosen = r->label.chosen || (r->preferred && r->label.name &&
						!strcasecmp(r->preferred, r->label.name));
}

static void end_label(struct reader *r)
{
	struct label *l = &r->label;
	const char *at = l->append, *end;

	if (at && l->xen) {
		_cleanup_free_ char *behind = NULL;
		char *xens;

		end = divider(at);
		xens = words_of(at, (size_t)(end - at));
		behind = xlpt_xstrdup(xlpt_xen_behind(xens));
		add(r, XLPT_HOME_XEN, xens);
		at = *end ? end + 3 : end;
		end = divider(at);
		if (*at)
			add(r, XLPT_HOME_DOM0,
			    xlpt_home_with(words_of(at, (size_t)(end - at)), behind));
	} else if (at && l->name) {
		add(r, XLPT_HOME_BARE, xlpt_xstrdup(at));
	}
	free(l->name);
	free(l->append);
	free(l->file);
	*l = (struct label){ 0 };
}

static bool is_mboot(const char *file)
{
	size_t len = strcspn(file, " \t");

	return len >= 9 && !strncasecmp(file + len - 9, "mboot.c32", 9);
}

static void read_file(struct reader *r, const char *path);

static void include(struct reader *r, const char *name)
{
	const char *slash = strrchr(r->path, '/');
	_cleanup_free_ char *path =
		*name == '/' ? xlpt_xasprintf("/boot%s", name)
			     : xlpt_xasprintf("%.*s/%s", (int)(slash - r->path), r->path, name);

	if (r->includes++ < INCLUDES_MAX)
		read_file(r, path);
}

/* Keywords are in any case. */
static void one_line(struct reader *r, char *s, unsigned nr)
{
	size_t n = strcspn(s, " \t");
	char *value = s + n + strspn(s + n, " \t");
	struct label *l = &r->label;

	s[n] = '\0';
	if (!strcasecmp(s, "label")) {
		end_label(r);
		l->name = xlpt_xstrdup(value);
	} else if (!strcasecmp(s, "default") && !r->preferred) {
		r->preferred = xlpt_xstrdup(value);
	} else if (!strcasecmp(s, "menu") && !strcasecmp(value, "default")) {
		l->chosen = true;
	} else if (!strcasecmp(s, "kernel") || !strcasecmp(s, "com32")) {
		l->xen = is_mboot(value);
	} else if (!strcasecmp(s, "append")) {
		free(l->append);
		free(l->file);
		l->append = xlpt_xstrdup(value);
		l->file = xlpt_xstrdup(r->path);
		l->line = nr;
	} else if (!strcasecmp(s, "include")) {
		include(r, value);
	}
}

static void read_file(struct reader *r, const char *path)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *outer = r->path;
	char *cursor, *line;

	if (xlpt_boot_text(r->texts, path, &text) < 0)
		return;
	r->path = path;
	cursor = text.s;
	for (unsigned nr = 1; (line = xlpt_boot_line(&cursor)); nr++) {
		size_t n = strcspn(line, "\r");

		while (n && strchr(" \t", line[n - 1]))
			n--;
		line[n] = '\0';
		line += strspn(line, " \t");
		if (*line != '#')
			one_line(r, line, nr);
	}
	/* What is included stands in the place of its line: a label may go on behind it. */
	if (!outer)
		end_label(r);
	r->path = outer;
}

static void settings(struct xlpt_texts *texts, struct xlpt_home_lines *out)
{
	static const struct {
		const char *name;
		enum xlpt_home_whose whose;
	} known[] = { { "default_kernel_opts", XLPT_HOME_DOM0 }, { "xen_opts", XLPT_HOME_XEN } };
	_cleanup_grub_ struct xlpt_grub set = { 0 };

	xlpt_shell_read(texts, SETTINGS, &set);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(known); i++) {
		const struct xlpt_grub_set *s = xlpt_grub_last(&set, known[i].name);
		struct xlpt_home_line *l;

		l = s ? xlpt_home_add(out, XLPT_LOADER_EXTLINUX, known[i].whose, s->file, s->line,
				      s->name, xlpt_xstrdup(s->value))
		      : NULL;
		if (l)
			l->settings = true;
	}
}

void xlpt_home_read_extlinux(struct xlpt_texts *texts, struct xlpt_home_lines *out)
{
	static const char *const files[] = { "/boot/extlinux.conf", "/boot/extlinux/extlinux.conf",
					     "/boot/syslinux/syslinux.cfg", "/boot/syslinux.cfg" };

	settings(texts, out);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		struct reader r = { .texts = texts, .out = out };

		read_file(&r, files[i]);
		free(r.preferred);
	}
}
