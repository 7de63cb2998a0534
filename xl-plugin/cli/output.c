/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/output.h"

#include <errno.h>
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

struct json_object *xlpt_json_str(const char *s)
{
	return s ? json_object_new_string(s) : NULL;
}

struct json_object *xlpt_json_bdf(struct xlpt_bdf bdf)
{
	return json_object_new_string(XLPT_BDF_STR(bdf));
}

void xlpt_json_add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

struct json_object *xlpt_json_guest(const struct xlpt_guest *guest)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "name", xlpt_json_str(guest->name));
	xlpt_json_add(o, "domid", json_object_new_int64(guest->domid));
	xlpt_json_add(o, "uuid", xlpt_json_str(*guest->uuid ? guest->uuid : NULL));
	xlpt_json_add(o, "type", xlpt_json_str(xlpt_guest_type_word(guest->type)));
	return o;
}

/*
 * One character within a string. json-c writes bytes as they are, and escapes the
 * controls below blank. Those above it, what turns or hides text, and what is no
 * UTF-8 at all are escaped here: a parser wants UTF-8, and a terminal may be behind.
 */
static size_t put_json_char(FILE *f, const char *s)
{
	size_t len = strnlen(s, 4);
	uint32_t code;

	len = xlpt_text_char(s, len, &code);
	if (!len) {
		fprintf(f, "\\\\x%02x", (unsigned char)*s);
		return 1;
	}
	if (!xlpt_text_is_order(code))
		fwrite(s, 1, len, f);
	else if (code < 0x10000)
		fprintf(f, "\\u%04x", code);
	else
		fprintf(f, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	return len;
}

/*
 * The same bytes whatever json-c: that of Debian 12 breaks the line in an empty array
 * or object, that of Debian 13 does not.
 */
void xlpt_print_json(struct xlpt_env *env, struct json_object *root)
{
	int form = env->compact ? JSON_C_TO_STRING_PLAIN
				: JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	const char *s = json_object_to_json_string_ext(root, form | JSON_C_TO_STRING_NOSLASHESCAPE);
	bool quoted = false;

	while (*s) {
		char c = *s;
		const char *next;

		if (quoted && c != '"' && c != '\\') {
			s += put_json_char(env->out, s);
			continue;
		}
		s++;
		next = s + strspn(s, "\n ");
		putc(c, env->out);
		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && *s)
			putc(*s++, env->out);
		else if (!quoted && ((c == '[' && *next == ']') || (c == '{' && *next == '}')))
			s = next;
	}
	putc('\n', env->out);
	json_object_put(root);
}

struct json_object *xlpt_json_object_parse(const char *text, char **why)
{
	struct json_tokener *tok = json_tokener_new();
	size_t len = strlen(text), end;
	struct json_object *root;

	*why = NULL;
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tok, text, -1);
	end = json_tokener_get_parse_end(tok);
	end += strspn(text + end, " \t\r\n");
	if (json_tokener_get_error(tok) == json_tokener_continue)
		*why = xlpt_xasprintf("it breaks off after %zu bytes", len);
	else if (json_tokener_get_error(tok) != json_tokener_success)
		*why = xlpt_xasprintf("%s at byte %zu",
				      json_tokener_error_desc(json_tokener_get_error(tok)),
				      end + 1);
	else if (text[end])
		*why = xlpt_xasprintf("something stands behind its end, at byte %zu", end + 1);
	else if (!json_object_is_type(root, json_type_object))
		*why = xlpt_xstrdup("it is JSON, and no object");
	json_tokener_free(tok);
	if (!*why)
		return root;
	json_object_put(root);
	return NULL;
}

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

/*
 * After what was printed before it, and in one piece: others write into the same log,
 * and standard error has no buffer that would keep the pieces together.
 */
static void put_err(struct xlpt_env *env, const struct xlpt_str *text)
{
	xlpt_out_flush(env);
	fwrite(xlpt_str_get(text), 1, text->len, env->err);
}

static void show(struct xlpt_str *out, const char *before, const char *s, const char *after)
{
	xlpt_str_add(out, before);
	xlpt_text_show(out, s, strlen(s));
	xlpt_str_add(out, after);
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
		show(&text, "  to mend: ", diag->hint, "\n");
	put_err(env, &text);
}

void xlpt_say(struct xlpt_env *env, const char *fmt, ...)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *line = NULL;
	va_list ap;

	if (env->json && !env->said)
		return;
	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	if (env->json) {
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
	err_line(env, "xlpt: ", fmt, ap);
	va_end(ap);
}

void xlpt_remark(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_line(env, "", fmt, ap);
	va_end(ap);
}

void xlpt_warn_mend(struct xlpt_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_line(env, "  to mend: ", fmt, ap);
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

struct xlpt_table {
	struct libscols_table *tb;
	struct libscols_line *last;
	size_t columns;
};

bool xlpt_out_colors(const struct xlpt_env *env)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
	int fd = fileno(env->out);

	return fd >= 0 && isatty(fd) && term && strcmp(term, "dumb") != 0 && (!no || !*no);
}

static void *need(void *p)
{
	if (!p) {
		fputs("xlpt: out of memory\n", stderr);
		abort();
	}
	return p;
}

struct xlpt_table *xlpt_table_new(const char *const *columns, size_t n)
{
	struct xlpt_table *t = xlpt_xcalloc(1, sizeof(*t));

	scols_init_debug(0);
	t->tb = need(scols_new_table());
	t->columns = n;
	for (size_t i = 0; i < n; i++)
		need(scols_table_new_column(t->tb, columns[i], 0, i == n - 1 ? SCOLS_FL_TRUNC : 0));
	return t;
}

void xlpt_table_row(struct xlpt_table *t, const char *const *cells)
{
	struct libscols_line *line = need(scols_table_new_line(t->tb, NULL));

	/*
	 * libsmartcols shows cells itself: in the C locale, which xlpt never leaves, all but
	 * printable ASCII becomes \xNN. Told not to, it never ends at a byte beyond ASCII.
	 */
	for (size_t i = 0; i < t->columns; i++)
		if (scols_line_set_data(line, i, cells[i] ? cells[i] : "-"))
			need(NULL);
	t->last = line;
}

void xlpt_table_paint(struct xlpt_table *t, size_t column, const char *color)
{
	if (color && t->last && column < t->columns)
		scols_cell_set_color(scols_line_get_cell(t->last, column), color);
}

void xlpt_table_free(struct xlpt_table *t)
{
	scols_unref_table(t->tb);
	free(t);
}

void xlpt_table_print(struct xlpt_env *env, struct xlpt_table *t)
{
	scols_table_enable_colors(t->tb, xlpt_out_colors(env));
	scols_table_set_stream(t->tb, env->out);
	if (scols_table_get_nlines(t->tb))
		scols_print_table(t->tb);
	xlpt_table_free(t);
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
