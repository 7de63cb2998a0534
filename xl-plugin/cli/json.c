/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON: the small builders, one object read whole, and one printed. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"

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

struct json_object *xlpt_json_guest_named(const char *name, int64_t domid)
{
	struct json_object *o;

	if (!name && domid < 0)
		return NULL;
	o = json_object_new_object();
	xlpt_json_add(o, "name", xlpt_json_str(name));
	xlpt_json_add(o, "domid", domid < 0 ? NULL : json_object_new_int64(domid));
	return o;
}

struct json_object *xlpt_json_id(unsigned vendor, unsigned device)
{
	char id[24];

	snprintf(id, sizeof(id), "%04x:%04x", vendor, device);
	return json_object_new_string(id);
}

struct json_object *xlpt_json_class(unsigned class_code)
{
	char text[16];

	snprintf(text, sizeof(text), "%06x", class_code);
	return json_object_new_string(text);
}

struct json_object *xlpt_json_reset_methods(const struct xlpt_device *d)
{
	struct json_object *a = json_object_new_array();
	_cleanup_free_ char *copy = xlpt_xstrdup(d->reset_method);
	char *save = NULL;

	for (char *w = copy ? strtok_r(copy, " ", &save) : NULL; w; w = strtok_r(NULL, " ", &save))
		json_object_array_add(a, json_object_new_string(w));
	return a;
}

struct json_object *xlpt_json_bar(int index, uint64_t size)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "bar", json_object_new_int(index));
	xlpt_json_add(o, "size", json_object_new_int64((int64_t)size));
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

/* The number first, so that who reads a line knows at once how to read the rest. */
static struct json_object *with_schema(struct json_object *root)
{
	struct json_object *whole = json_object_new_object();

	xlpt_json_add(whole, "schema", json_object_new_int(XLPT_JSON_SCHEMA));
	json_object_object_foreach(root, key, value)
		xlpt_json_add(whole, key, json_object_get(value));
	json_object_put(root);
	return whole;
}

/*
 * The same bytes whatever json-c: that of Debian 12 breaks the line in an empty array
 * or object, that of Debian 13 does not.
 */
void xlpt_print_json(struct xlpt_env *env, struct json_object *root)
{
	int form = env->compact ? JSON_C_TO_STRING_PLAIN
				: JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	bool quoted = false;
	const char *s;

	root = with_schema(root);
	s = json_object_to_json_string_ext(root, form | JSON_C_TO_STRING_NOSLASHESCAPE);
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
