/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of host.conf as they were read, the files that they come from, and their errors. */
#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/apply/host-conf.h"
#include "xl-plugin/convert/convert.h"

#define FILE_MAX (256u << 10)

static const char *const naming[] = { "match", "class", "interface", "serial" };

void xlpt_host_conf_dispose(struct xlpt_host_conf *conf)
{
	for (size_t i = 0; i < conf->n; i++) {
		struct xlpt_entry *e = &conf->items[i];

		for (size_t k = 0; k < e->n_keys; k++) {
			free(e->keys[k].key);
			free(e->keys[k].value);
		}
		free(e->keys);
		free(e->name);
		free(e->file);
		free(e->devices);
		free(e->pin);
		free(e->was);
		free(e->is);
		free(e->sentence);
		xlpt_str_dispose(&e->text);
	}
	free(conf->items);
	*conf = (struct xlpt_host_conf){ 0 };
}

void xlpt_errors_dispose(struct xlpt_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		xlpt_diag_dispose(&errors->items[i]);
	free(errors->items);
	*errors = (struct xlpt_errors){ 0 };
}

static bool same_error(const struct xlpt_diag *a, const struct xlpt_diag *b)
{
	return a->code == b->code && a->line == b->line && xlpt_streq(a->file, b->file) &&
	       xlpt_streq(a->message, b->message) && xlpt_streq(a->fact, b->fact);
}

void xlpt_errors_add(struct xlpt_errors *errors, const struct xlpt_entry *e, struct xlpt_diag *diag)
{
	if (e && !diag->file)
		xlpt_diag_at(diag, e->file, e->line, 1);
	/* "at = boot, now" is judged for each, and one error is told once. */
	for (size_t i = 0; i < errors->n; i++) {
		if (same_error(&errors->items[i], diag)) {
			xlpt_diag_dispose(diag);
			return;
		}
	}
	XLPT_GROW(errors->items, errors->n, errors->alloc);
	errors->items[errors->n] = (struct xlpt_diag){ 0 };
	xlpt_diag_move(&errors->items[errors->n++], diag);
}

static const struct xlpt_entry_key *find_key(const struct xlpt_entry *e, const char *key)
{
	for (size_t i = e->n_keys; i-- > 0;)
		if (!strcmp(e->keys[i].key, key))
			return &e->keys[i];
	return NULL;
}

const char *xlpt_entry_get(const struct xlpt_entry *e, const char *key)
{
	const struct xlpt_entry_key *k = find_key(e, key);

	return k ? k->value : NULL;
}

unsigned xlpt_entry_line(const struct xlpt_entry *e, const char *key)
{
	const struct xlpt_entry_key *k = find_key(e, key);

	return k ? k->line : e->line;
}

char *xlpt_entry_title(const struct xlpt_entry *e)
{
	return e->name ? xlpt_xasprintf("%s %s", xlpt_entry_word(e->kind), e->name)
		       : xlpt_xstrdup(xlpt_entry_word(e->kind));
}

bool xlpt_entry_matches(const struct xlpt_entry *e)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(naming); i++)
		if (find_key(e, naming[i]))
			return true;
	return false;
}

size_t xlpt_entry_count(const struct xlpt_entry *e)
{
	const char *text = xlpt_entry_get(e, "count");
	uint64_t n = 1; /* also for the key "count" of [vfs] */

	return text && xlpt_parse_uint(text, strlen(text), 10, 65535, &n) ? (size_t)n : 1;
}

bool xlpt_entry_at(const struct xlpt_entry *e, const char *when)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(xlpt_entry_get(e, "at"));
	char *save = NULL;

	for (char *w = copy ? strtok_r(copy, " ,\t", &save) : NULL; w;
	     w = strtok_r(NULL, " ,\t", &save))
		if (!strcmp(w, when))
			return true;
	return false;
}

char *xlpt_entry_words(const struct xlpt_entry *e)
{
	const char *device = xlpt_entry_get(e, "device");
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(naming); i++) {
		const char *v = xlpt_entry_get(e, naming[i]);

		if (v)
			xlpt_str_addf(&out, "%s%s=%s", out.len ? " " : "", naming[i], v);
	}
	if (!out.len)
		xlpt_str_add(&out, device ? device : e->name ? e->name : "");
	return xlpt_str_take(&out);
}

/* ---- files ---- */

static int unread(const char *path, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read %s", path);
	if (r == -ENOENT)
		xlpt_diag_fact(diag, "it is a link to something that is not there");
	xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
	return XLPT_ERR_IO;
}

static int too_long(const char *path, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s is longer than %u KiB", path, FILE_MAX >> 10);
	xlpt_diag_at(diag, path, 1, 1);
	xlpt_diag_fact(diag, "what a host should be takes some KiB: is it the right file?");
	xlpt_diag_hint(diag, "divide it among files of " XLPT_HOST_CONF_DIR);
	return XLPT_ERR_SYNTAX;
}

/* 1 when the file is there, 0 when it is not. */
static int load_own(struct xlpt_env *env, const char *path, struct xlpt_host_conf *out,
		    struct xlpt_errors *errors, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(env->host, path, FILE_MAX, &text);

	/* A link into a file system that is not mounted would hide what somebody wrote. */
	if ((r == -ENOENT || r == -ENOTDIR) && !xlpt_host_has(env->host, "%s", path))
		return 0;
	if (r == -EFBIG)
		return too_long(path, diag);
	if (r < 0)
		return unread(path, r, diag);
	xlpt_host_conf_parse(xlpt_str_get(&text), text.len, path, out, errors);
	return 1;
}

static int load_all(struct xlpt_env *env, struct xlpt_host_conf *out, struct xlpt_errors *errors,
		    struct xlpt_diag *diag)
{
	_cleanup_strv_ char **paths = NULL;
	int rc = load_own(env, XLPT_HOST_CONF, out, errors, diag);
	bool any = rc > 0;
	int r;

	if (rc < 0)
		return rc;
	r = xlpt_conf_files(env->host, XLPT_HOST_CONF_DIR, &paths);
	if (r < 0 && xlpt_host_has(env->host, XLPT_HOST_CONF_DIR))
		return unread(XLPT_HOST_CONF_DIR, r, diag);
	for (char **p = paths; p && *p; p++) {
		rc = load_own(env, *p, out, errors, diag);
		if (rc < 0)
			return rc;
		any |= rc > 0;
	}
	if (any)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing says what this host should be");
	xlpt_diag_fact(diag, XLPT_HOST_CONF " is not there, nor a file of " XLPT_HOST_CONF_DIR);
	xlpt_diag_hint(diag, "xlpt apply --export >" XLPT_HOST_CONF " writes what it is now");
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_host_conf_load(struct xlpt_env *env, const char *path, struct xlpt_host_conf *out,
			struct xlpt_errors *errors, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc;

	if (!path)
		return load_all(env, out, errors, diag);
	rc = xlpt_convert_load(path, false, &text, NULL, diag);
	if (rc && diag && !diag->hint)
		xlpt_diag_hint(diag, "name a file with sections as xlpt-host.conf(5) has them");
	/* What is tried by its name has to work as host.conf, too. */
	if (rc == 0 && text.len > FILE_MAX)
		return too_long(!strcmp(path, "-") ? "standard input" : path, diag);
	/* Somebody may want an empty file. An empty pipe comes from a command that has failed. */
	if (rc == 0 && !text.len && !strcmp(path, "-")) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "nothing came on standard input");
		xlpt_diag_fact(diag,
			       "the command before the pipe wrote nothing: most likely it failed");
		xlpt_diag_hint(diag,
			       "see what that command says; to apply an empty file, name the file");
		return XLPT_ERR_SYNTAX;
	}
	if (rc == 0)
		xlpt_host_conf_parse(xlpt_str_get(&text), text.len,
				     !strcmp(path, "-") ? "standard input" : path, out, errors);
	return rc;
}
