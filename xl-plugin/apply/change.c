/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What apply is going to change: the judges collect it here. */
#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "xl-plugin/apply/apply.h"

#define TEXT_MAX (1u << 20)

void xlpt_apply_init(struct xlpt_apply *a, struct xlpt_env *env,
		     const struct xlpt_apply_options *want)
{
	*a = (struct xlpt_apply){ .env = env, .want = want, .journal = { .fd = -1 } };
}

static void part_dispose(struct xlpt_apply_part *part)
{
	xlpt_plan_dispose(&part->plan);
	xlpt_journal_dispose(&part->journal);
	if (part->ctx)
		part->dispose(part->ctx);
}

void xlpt_apply_dispose(struct xlpt_apply *a)
{
	for (size_t i = 0; i < a->n_files; i++) {
		free(a->files[i].path);
		free(a->files[i].was);
		free(a->files[i].want);
	}
	for (size_t i = a->n_parts; i-- > 0;)
		part_dispose(&a->parts[i]);
	for (size_t i = 0; i < a->n_pins; i++) {
		free(a->pins[i].name);
		free(a->pins[i].old);
		xlpt_pin_dispose(&a->pins[i].pin);
	}
	xlpt_boot_plan_dispose(&a->boot);
	free(a->files);
	free(a->parts);
	free(a->pins);
	xlpt_strv_free(a->named);
	xlpt_strv_free(a->notes);
	xlpt_strv_free(a->commands);
	xlpt_strv_free(a->pruned);
	xlpt_host_conf_dispose(&a->conf);
	xlpt_errors_dispose(&a->errors);
	xlpt_applied_dispose(&a->before);
	xlpt_applied_dispose(&a->after);
	xlpt_devices_dispose(&a->devices);
	xlpt_pin_set_dispose(&a->pin_set);
	xlpt_journal_dispose(&a->journal);
	xlpt_bdfs_dispose(&a->coming);
	xlpt_locks_release(&a->locks);
}

struct xlpt_apply_file *xlpt_apply_file(struct xlpt_apply *a, const char *path, char *was,
					char *want, mode_t mode)
{
	struct xlpt_apply_file *f;

	if (xlpt_streq(was, want)) {
		free(was);
		free(want);
		return NULL;
	}
	XLPT_GROW(a->files, a->n_files, a->alloc_files);
	f = &a->files[a->n_files++];
	*f = (struct xlpt_apply_file){ .path = xlpt_xstrdup(path), .was = was, .want = want };
	f->change.mode = mode;
	return f;
}

int xlpt_apply_read(struct xlpt_apply *a, const char *path, char **out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(a->env->host, path, TEXT_MAX, &text);

	*out = NULL;
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0) {
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read %s", path);
		xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
		return XLPT_ERR_IO;
	}
	*out = xlpt_str_take(&text);
	return 0;
}

struct xlpt_apply_part *xlpt_apply_part(struct xlpt_apply *a, void *ctx, void (*dispose)(void *))
{
	struct xlpt_apply_part *part;

	XLPT_GROW(a->parts, a->n_parts, a->alloc_parts);
	part = &a->parts[a->n_parts++];
	*part = (struct xlpt_apply_part){ .ctx = ctx, .dispose = dispose, .journal = { .fd = -1 } };
	return part;
}

void xlpt_apply_claim(struct xlpt_apply *a, const char *what, const char *name, bool made)
{
	xlpt_strv_addf(&a->named, "%s %s", what, name);
	if (made)
		xlpt_applied_made(&a->after, what, name);
}

const char *xlpt_apply_unclaimed(const struct xlpt_apply *a, const char *what, size_t *i)
{
	size_t len = strlen(what);

	while (a->want->prune && a->before.made && a->before.made[*i]) {
		const char *made = a->before.made[(*i)++];

		if (!strncmp(made, what, len) && made[len] == ' ' && !xlpt_strv_has(a->named, made))
			return made + len + 1;
	}
	return NULL;
}

void xlpt_apply_note(struct xlpt_apply *a, const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	if (!xlpt_strv_has(a->notes, line))
		xlpt_strv_take(&a->notes, XLPT_TAKE(line));
}

void xlpt_apply_command(struct xlpt_apply *a, const char *line)
{
	if (!xlpt_strv_has(a->commands, line))
		xlpt_strv_add(&a->commands, line);
}

void xlpt_apply_told(struct xlpt_entry *e, char *was, char *is)
{
	free(e->was);
	free(e->is);
	e->was = was;
	e->is = is;
	e->changes = !xlpt_streq(was, is);
}
