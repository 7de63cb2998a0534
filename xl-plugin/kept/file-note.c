/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In the journal, four notes for each file, and one more when all files are changed:
 *
 *	note file text 0644 - /etc/default/xendomains	(an older xlpt's has the owner in place of "-")
 *	note rights 0640 0:4 -				("-" alone = it has none; see xlpt_file_rights)
 *	note was =# mine\nXENDOMAINS_SAVE=...		("-" = not there; see xlpt_line_escape)
 *	note want =...
 *	note after /run/xlpt/... =...			(a file to be written at the end)
 *	note files done
 */
#include "xl-plugin/kept/file-note.h"

#include <string.h>

#include "core/file.h"

static const char *const kinds[] = { "text", "dropin", "link" };

/* ---- writing ---- */

static char *value(const char *text)
{
	_cleanup_free_ char *line = text ? xlpt_line_escape(text) : NULL;

	return line ? xlpt_xasprintf("=%s", line) : xlpt_xstrdup("-");
}

static void note(struct xlpt_journal *j, const char *key, const char *text)
{
	_cleanup_free_ char *v = value(text), *line = xlpt_xasprintf("%s %s", key, v);

	xlpt_journal_note(j, line, NULL);
}

void xlpt_change_note(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_change *c)
{
	_cleanup_free_ char *rights = NULL, *has = NULL, *line = NULL;

	/* What is not there, and a link, has none. */
	if (c->was && c->kind != XLPT_CHANGE_LINK)
		xlpt_file_rights(env->host, c->path, &rights);
	line = xlpt_xasprintf("file %s %04o - %s", kinds[c->kind], (unsigned)c->mode, c->path);
	has = xlpt_xasprintf("rights %s", rights ? rights : "-");
	xlpt_journal_note(j, line, NULL);
	xlpt_journal_note(j, has, NULL);
	note(j, "was", c->was);
	note(j, "want", c->want);
}

void xlpt_change_note_after(struct xlpt_journal *j, const char *path, const char *text)
{
	_cleanup_free_ char *key = xlpt_xasprintf("after %s", path);

	note(j, key, text);
}

/* ---- reading ---- */

void xlpt_file_note_dispose(struct xlpt_file_note *f)
{
	free(f->path);
	free(f->was);
	free(f->want);
	free(f->rights);
}

static char *text_of(const struct xlpt_journal *j, const char *key, size_t i)
{
	const char *v = xlpt_journal_get(j, key, i);

	return v && *v == '=' ? xlpt_line_unescape(v + 1) : NULL;
}

/* Where the path begins in what is noted of a file, or NULL. */
static const char *split(const char *text, char kind[16], unsigned *mode, char owner[32])
{
	int at = 0;

	return text && sscanf(text, "%15s %o %31s %n", kind, mode, owner, &at) == 3 && at &&
			       text[at] == '/'
		       ? text + at
		       : NULL;
}

bool xlpt_file_note_read(const struct xlpt_journal *j, size_t i, struct xlpt_file_note *f)
{
	char kind[16], owner[32];
	unsigned mode;
	const char *path = split(xlpt_journal_get(j, "file", i), kind, &mode, owner);
	const char *rights = xlpt_journal_get(j, "rights", i);

	if (!path)
		return false;
	*f = (struct xlpt_file_note){ .mode = mode & 07777, .path = xlpt_xstrdup(path) };
	while (f->kind < XLPT_CHANGE_LINK && strcmp(kind, kinds[f->kind]) != 0)
		f->kind++;
	if (rights && strcmp(rights, "-") != 0)
		f->rights = xlpt_xstrdup(rights);
	else if (!rights && strcmp(owner, "-") != 0)
		f->rights = xlpt_xasprintf("%04o %s -", f->mode, owner);
	f->was = text_of(j, "was", i);
	f->want = text_of(j, "want", i);
	return xlpt_journal_get(j, "was", i) && xlpt_journal_get(j, "want", i);
}

const char *xlpt_file_note_rights(const struct xlpt_journal *j, const char *path)
{
	static const char file[] = "file ", rights[] = "rights ";

	for (char **n = j->notes; n && n[0] && n[1]; n++) {
		char kind[16], owner[32];
		unsigned mode;
		const char *at;

		if (!xlpt_starts(n[0], file) || !xlpt_starts(n[1], rights))
			continue;
		at = split(n[0] + strlen(file), kind, &mode, owner);
		if (xlpt_streq(at, path))
			return strcmp(n[1], "rights -") != 0 ? n[1] + strlen(rights) : NULL;
	}
	return NULL;
}
