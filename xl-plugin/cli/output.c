/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/findings.h"
#include "core/text.h"

static struct json_object *log_lines(const char *log)
{
	struct json_object *a = json_object_new_array();
	const char *s = log ? log : "";

	while (*s) {
		size_t n = strcspn(s, "\n");

		json_object_array_add(a, json_object_new_string_len(s, (int)n));
		s += n + (s[n] == '\n');
	}
	return a;
}

static void diag_json(struct xlpt_env *env, const struct xlpt_diag *diag)
{
	struct json_object *root = json_object_new_object(), *e = json_object_new_object();

	xlpt_json_add(e, "code", xlpt_json_str(xlpt_err_word(diag->code)));
	xlpt_json_add(e, "exit", json_object_new_int(xlpt_err_exit(diag->code)));
	xlpt_json_add(e, "message", xlpt_json_str(diag->message));
	xlpt_json_add(e, "fact", xlpt_json_str(diag->fact));
	xlpt_json_add(e, "hint", xlpt_json_str(diag->hint));
	if (diag->file)
		xlpt_json_add(e, "file", xlpt_json_str(diag->file));
	if (diag->line)
		xlpt_json_add(e, "line", json_object_new_int64(diag->line));
	if (diag->column)
		xlpt_json_add(e, "column", json_object_new_int64(diag->column));
	if (diag->sys_errno)
		xlpt_json_add(e, "errno", json_object_new_int(diag->sys_errno));
	if (diag->libxl_rc)
		xlpt_json_add(e, "libxl_rc", json_object_new_int(diag->libxl_rc));
	xlpt_json_add(e, "log", log_lines(diag->log));
	xlpt_json_add(root, "error", e);
	xlpt_print_json(env, root);
}

void xlpt_out_flush(struct xlpt_env *env)
{
	if (fflush(env->out) && !env->out_errno)
		env->out_errno = errno;
}

#define WIPE_REST "\033[K"

/* The line that says what is waited for, away. */
static void wipe(struct xlpt_env *env)
{
	if (!env->waiting)
		return;
	fputs("\r" WIPE_REST, env->err);
	fflush(env->err);
	env->waiting = false;
}

/*
 * After what was printed before it, and in one piece: others write into the same log,
 * and standard error has no buffer that would keep the pieces together.
 */
static void put_err(struct xlpt_env *env, const struct xlpt_str *text)
{
	wipe(env);
	xlpt_out_flush(env);
	fwrite(xlpt_str_get(text), 1, text->len, env->err);
}

/* ---- what is waited for ---- */

#define WAIT_QUIET_MS 2000

struct xlpt_waiting xlpt_waiting_for(struct xlpt_env *env, const char *what)
{
	return (struct xlpt_waiting){ env, what, xlpt_now(env->clock) };
}

static bool on_terminal(const struct xlpt_env *env)
{
	int fd = fileno(env->err);

	return fd >= 0 && isatty(fd);
}

void xlpt_waiting_look(struct xlpt_waiting *w)
{
	int64_t ms = xlpt_now(w->env->clock) - w->since;
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (ms < WAIT_QUIET_MS || !on_terminal(w->env))
		return;
	xlpt_out_flush(w->env);
	xlpt_text_show(&text, w->what, strlen(w->what));
	fprintf(w->env->err, "\rxlpt: waiting for %s, %lld s" WIPE_REST, text.s,
		(long long)(ms / 1000));
	fflush(w->env->err);
	w->env->waiting = true;
}

static void look(void *ctx)
{
	xlpt_waiting_look(ctx);
}

void xlpt_waiting_xl(struct xlpt_waiting *w)
{
	/* Who is on no terminal waits without looking. */
	if (on_terminal(w->env))
		w->env->ts->idle = (struct xlpt_run_idle){ look, w };
}

void xlpt_waiting_end(struct xlpt_waiting *w)
{
	wipe(w->env);
	if (w->env->ts && w->env->ts->idle.ctx == w)
		w->env->ts->idle = (struct xlpt_run_idle){ 0 };
}

static void show(struct xlpt_str *out, const char *before, const char *s, const char *after)
{
	xlpt_str_add(out, before);
	xlpt_text_show(out, s, strlen(s));
	xlpt_str_add(out, after);
}

/* A wrong command line: nothing on the host is to be mended. */
static bool diag_is_usage(const struct xlpt_diag *diag)
{
	return xlpt_err_exit(diag->code) == 2 && !diag->file;
}

void xlpt_print_diag(struct xlpt_env *env, const struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *s = diag->log ? diag->log : "";

	if (env->json) {
		if (!env->reported)
			diag_json(env, diag);
		return;
	}
	xlpt_str_add(&text, "xlpt: ");
	if (diag->file) {
		show(&text, "", diag->file, ":");
		if (diag->line)
			xlpt_str_addf(&text, "%u:", diag->line);
		if (diag->line && diag->column)
			xlpt_str_addf(&text, "%u:", diag->column);
		xlpt_str_add(&text, " ");
	}
	show(&text, "", diag->message ? diag->message : "failed", "\n");
	if (diag->fact)
		show(&text, "  because: ", diag->fact, "\n");
	while (*s) {
		size_t n = strcspn(s, "\n");

		xlpt_str_add(&text, "  ");
		xlpt_text_show(&text, s, n);
		xlpt_str_add(&text, "\n");
		s += n + (s[n] == '\n');
	}
	if (diag->hint)
		show(&text, diag_is_usage(diag) ? "  try: " : "  to mend: ", diag->hint, "\n");
	put_err(env, &text);
}

void xlpt_say(struct xlpt_env *env, const char *fmt, ...)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *line = NULL;
	va_list ap;

	if (env->json && !env->said && !env->findings)
		return;
	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	if (env->findings) {
		xlpt_findings_ok(env->findings, "%s", line);
	} else if (env->json) {
		json_object_array_add(env->said, xlpt_json_str(line));
	} else {
		show(&text, "", line, "\n");
		fwrite(text.s, 1, text.len, env->out);
	}
}

void xlpt_put_document(struct xlpt_env *env, const char *text, size_t len)
{
	int fd = fileno(env->out);
	_cleanup_str_ struct xlpt_str shown = { 0 };

	if (fd < 0 || !isatty(fd)) {
		fwrite(text, 1, len, env->out);
		return;
	}
	for (size_t i = 0; i < len;) {
		const char *end = text + i;

		while (end < text + len && *end != '\n' && *end != '\t')
			end++;
		xlpt_text_show(&shown, text + i, (size_t)(end - text - (ptrdiff_t)i));
		if (end < text + len)
			xlpt_str_addn(&shown, end++, 1);
		i = (size_t)(end - text);
	}
	fwrite(xlpt_str_get(&shown), 1, shown.len, env->out);
}

/* What is warned of, or with it the line that mends it, when it is to be found and not printed. */
static bool XLPT_PRINTF(3, 0) found(struct xlpt_env *env, bool mends, const char *fmt, va_list ap)
{
	_cleanup_free_ char *line = NULL;

	if (!env->findings)
		return false;
	line = xlpt_xvasprintf(fmt, ap);
	if (mends)
		xlpt_findings_mend(env->findings, "%s", line);
	else
		xlpt_findings_warn(env->findings, "%s", line);
	return true;
}

static void XLPT_PRINTF(3, 0)
	err_line(struct xlpt_env *env, const char *prefix, const char *fmt, va_list ap)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *line = xlpt_xvasprintf(fmt, ap);

	show(&text, prefix, line, "\n");
	put_err(env, &text);
}

void xlpt_warn(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!found(env, false, fmt, ap))
		err_line(env, "xlpt: ", fmt, ap);
	va_end(ap);
}

void xlpt_warn_once(struct xlpt_env *env, const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	if (xlpt_strv_has(env->warned, line))
		return;
	if (!env->findings)
		xlpt_strv_add(&env->warned, line);
	xlpt_warn(env, "%s", line);
}

void xlpt_remark(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!found(env, false, fmt, ap))
		err_line(env, "", fmt, ap);
	va_end(ap);
}

void xlpt_warn_mend(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!found(env, true, fmt, ap))
		err_line(env, "  to mend: ", fmt, ap);
	va_end(ap);
}

void xlpt_nothing(struct xlpt_env *env, const char *what, const char *fmt, ...)
{
	va_list ap;

	if (env->json)
		return;
	xlpt_warn(env, "%s", what);
	va_start(ap, fmt);
	err_line(env, "  try: ", fmt, ap);
	va_end(ap);
}

void xlpt_verbose(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	if (!env->verbose)
		return;
	va_start(ap, fmt);
	err_line(env, "  ", fmt, ap);
	va_end(ap);
}

void xlpt_print_plan(struct xlpt_env *env, const struct xlpt_plan *plan)
{
	struct json_object *root, *steps;

	if (!env->json) {
		for (size_t i = 0; i < plan->n; i++)
			xlpt_say(env, "would %s", plan->steps[i].what);
		if (!plan->n)
			xlpt_say(env, "nothing to do");
		return;
	}
	root = json_object_new_object();
	steps = json_object_new_array();
	for (size_t i = 0; i < plan->n; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "do", xlpt_json_str(plan->steps[i].what));
		xlpt_json_add(o, "undo", xlpt_json_str(plan->steps[i].undo_what));
		json_object_array_add(steps, o);
	}
	xlpt_json_add(root, "plan", steps);
	xlpt_print_json(env, root);
}
