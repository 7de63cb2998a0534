/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/convert/convert.h"

#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/pool-def.h"
#include "xl-plugin/cli/output.h"

/* ---- the report of one file ---- */

static struct json_object *losses_json(const struct xlpt_losses *losses)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < losses->n; i++) {
		const struct xlpt_loss *l = &losses->items[i];
		struct json_object *o = json_object_new_object();
		_cleanup_free_ char *element = xlpt_loss_element(l);

		xlpt_json_add(o, "severity", xlpt_json_str(xlpt_severity_word(l->severity)));
		xlpt_json_add(o, "file", xlpt_json_str(l->file));
		xlpt_json_add(o, "line", l->line ? json_object_new_int64(l->line) : NULL);
		xlpt_json_add(o, "element", xlpt_json_str(element));
		xlpt_json_add(o, "what", xlpt_json_str(l->what));
		xlpt_json_add(o, "reason", xlpt_json_str(l->reason));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *counts_json(const struct xlpt_loss_counts *counts)
{
	struct json_object *o = json_object_new_object();

	for (int i = XLPT_LOSS_DROPPED; i >= XLPT_LOSS_NOTE; i--)
		xlpt_json_add(o, xlpt_severity_word((enum xlpt_severity)i),
			      json_object_new_int64((int64_t)counts->n[i]));
	return o;
}

/* What has no place in the file has no line. */
static void explain(struct xlpt_convert_run *run, const char *path, const struct xlpt_loss *l)
{
	_cleanup_free_ char *line = l->line ? xlpt_xasprintf(":%u", l->line) : NULL;

	xlpt_remark(run->env, "%s%s: %s: %s: %s", l->file ? l->file : path, line ? line : "",
		    xlpt_severity_word(l->severity), l->what, l->reason);
}

static struct json_object *todo_json(const struct xlpt_losses *losses)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < losses->n_todo; i++)
		json_object_array_add(a, xlpt_json_str(losses->todo[i]));
	return a;
}

/* In a batch the lists stand in the outputs alone. */
static void tell_todo(struct xlpt_convert_run *run, const char *path,
		      const struct xlpt_losses *losses)
{
	if (!losses->n_todo || run->batch)
		return;
	xlpt_remark(
		run->env,
		"%s: before the guest starts under Xen (--no-for-xen only translates it):", path);
	for (size_t i = 0; i < losses->n_todo; i++)
		xlpt_remark(run->env, "  - %s", losses->todo[i]);
}

static void report(struct xlpt_convert_run *run, const char *path, const char *output,
		   const char *text, const char *to, const struct xlpt_losses *losses)
{
	struct xlpt_loss_counts counts = { 0 };
	_cleanup_free_ char *sum = NULL;

	xlpt_losses_count(losses, &counts);
	xlpt_losses_count(losses, &run->losses);
	sum = xlpt_loss_counts_text(&counts);
	if (run->env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "file", xlpt_json_str(path));
		xlpt_json_add(o, "to", xlpt_json_str(to));
		xlpt_json_add(o, "output", xlpt_json_str(output));
		if (!output)
			xlpt_json_add(o, "text", xlpt_json_str(text));
		xlpt_json_add(o, "counts", counts_json(&counts));
		xlpt_json_add(o, "losses", losses_json(losses));
		xlpt_json_add(o, "todo", todo_json(losses));
		xlpt_print_json(run->env, o);
		return;
	}
	if (run->explain)
		xlpt_convert_clear(run);
	for (size_t i = 0; run->explain && i < losses->n; i++)
		explain(run, path, &losses->items[i]);
	if (run->explain)
		xlpt_remark(run->env, "%s: %s", path, sum);
	else if (!run->batch && losses->n > counts.n[XLPT_LOSS_NOTE])
		xlpt_remark(run->env, "%s: %s (--explain lists them)", path, sum);
	tell_todo(run, path, losses);
}

static int refuse_losses(const char *path, const struct xlpt_losses *losses,
			 const struct xlpt_loss *first, struct xlpt_diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < losses->n; i++)
		n += losses->items[i].severity > XLPT_LOSS_KEPT;
	xlpt_diag_set(diag, XLPT_ERR_DATA,
		      "%zu %s of the guest would change, and --strict allows none", n,
		      n == 1 ? "thing" : "things");
	xlpt_diag_fact(diag, "%s: %s", first->what, first->reason);
	xlpt_diag_hint(diag, "without --strict they are kept in the output; --explain lists them");
	xlpt_diag_at(diag, path, first->line, 0);
	return XLPT_ERR_DATA;
}

/* ---- one file ---- */

/* <network> becomes a pool definition, a pool definition a <network>. True when it was one. */
static bool convert_pool(const char *text, size_t len, const char *path, struct xlpt_str *out,
			 const char **to, int *rc, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	enum xlpt_convert_kind kind = xlpt_convert_kind(text, path);

	if (kind == XLPT_CONVERT_POOL) {
		*to = "libvirt";
		*rc = xlpt_pool_def_parse(text, len, path, &def, diag);
		if (*rc == 0)
			*rc = xlpt_libvirt_network_write(&def.pool, out, diag);
		return true;
	}
	if (kind != XLPT_CONVERT_NETWORK)
		return false;
	*to = "pool";
	*rc = xlpt_libvirt_network_read(text, len, path, &def.pool, diag);
	if (*rc == 0)
		xlpt_pool_def_format(&def, out);
	return true;
}

static int refuse_other(const char *path, const char *why, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "this is no guest's configuration");
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_at(diag, path, 0, 0);
	xlpt_diag_hint(diag, "name a file that sets at least name and memory");
	return XLPT_ERR_SYNTAX;
}

/* The result would take the place of what it was made from. */
static int check_output(const struct xlpt_convert_run *run, const char *path,
			struct xlpt_diag *diag)
{
	struct stat in, out;

	if (!run->output || run->batch || !strcmp(path, "-") || stat(path, &in) ||
	    stat(run->output, &out) || !S_ISREG(in.st_mode) || in.st_dev != out.st_dev ||
	    in.st_ino != out.st_ino)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is both input and output", path);
	xlpt_diag_hint(diag, "give another file with -o");
	return XLPT_ERR_USAGE;
}

/* Where the result goes; NULL = standard output. Caller frees. */
static char *output_path(const struct xlpt_convert_run *run, const struct xlpt_convert_input *input,
			 const char *word)
{
	_cleanup_free_ char *file = NULL;

	if (!run->output)
		return NULL;
	if (!run->batch)
		return strcmp(run->output, "-") ? xlpt_xstrdup(run->output) : NULL;
	file = xlpt_convert_name(input->rel, word);
	return xlpt_xasprintf("%s/%s", run->output, file);
}

int xlpt_convert_file(struct xlpt_convert_run *run, const struct xlpt_convert_input *input,
		      struct xlpt_diag *diag)
{
	const char *path = input->path;
	_cleanup_str_ struct xlpt_str in = { 0 }, out = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	const struct xlpt_loss *first;
	_cleanup_free_ char *target = NULL;
	const char *name = strcmp(path, "-") ? path : "standard input", *word, *other = NULL;
	enum xlpt_format to = XLPT_FORMAT_NONE;
	mode_t mode;
	int rc = xlpt_convert_load(path, input->in_tree, &in, &mode, diag);

	if (rc == 0)
		rc = check_output(run, path, diag);
	if (rc)
		return rc;
	if (!convert_pool(xlpt_str_get(&in), in.len, name, &out, &word, &rc, diag)) {
		other = xlpt_convert_no_guest(run, name, xlpt_str_get(&in), in.len);
		if (other && !run->batch)
			return refuse_other(name, other, diag);
		if (other) {
			xlpt_convert_clear(run);
			xlpt_remark(run->env, "%s: skipped: %s", name, other);
		}
		if (other || xlpt_convert_skips(run, xlpt_str_get(&in), in.len)) {
			run->skipped++; /* is what it shall become */
			return 0;
		}
		rc = xlpt_convert(xlpt_str_get(&in), in.len, name, &run->how, &out, &to, &losses,
				  diag);
		word = xlpt_format_word(to);
	}
	first = rc == 0 && run->strict ? xlpt_losses_strict(&losses) : NULL;
	if (first) {
		report(run, name, run->output, "", word, &losses);
		return refuse_losses(name, &losses, first, diag);
	}
	if (rc)
		return rc;
	target = output_path(run, input, word);
	/* The last moment at which nothing is changed. */
	rc = xlpt_check_interrupted(diag);
	if (rc)
		return rc;
	/* /dev/stdout takes what was printed before first. */
	if (target)
		fflush(run->env->out);
	if (target)
		rc = xlpt_convert_save(target, xlpt_str_get(&out), out.len, mode, run->batch, diag);
	if (rc)
		return rc;
	run->env->done |= target != NULL;
	if (!target && !run->env->json)
		xlpt_put_document(run->env, xlpt_str_get(&out), out.len);
	run->converted++;
	report(run, name, target, xlpt_str_get(&out), word, &losses);
	return 0;
}
