/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Variables that GRUB itself has when it reads its entries: those of its environment block (Fedora and its
 * kin keep "kernelopts" there) and those that grub.cfg sets.
 */
#include "pciback/boot/homes.h"

#include <ctype.h>
#include <string.h>

#define VARIABLES_MAX 512
#define VALUE_MAX     16384

void xlpt_grub_env_set(struct xlpt_grub *env, const char *name, const char *value, const char *file,
		       unsigned line)
{
	if (env->n >= VARIABLES_MAX)
		return;
	XLPT_GROW(env->items, env->n, env->alloc);
	env->items[env->n++] = (struct xlpt_grub_set){ .name = xlpt_xstrdup(name),
						       .own = xlpt_xstrdup(value),
						       .value = xlpt_xstrdup(value),
						       .file = xlpt_xstrdup(file),
						       .line = line };
}

/* "NAME=VALUE" lines, in which a backslash stands before what it protects; '#' fills the block up. */
static void read_block(struct xlpt_texts *texts, const char *path, struct xlpt_grub *env)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_boot_text(texts, path, &text) < 0)
		return;
	cursor = text.s;
	for (unsigned nr = 1; (line = xlpt_boot_line(&cursor)); nr++) {
		char *value = strchr(line, '='), *to;

		if (*line == '#' || !value)
			continue;
		*value++ = '\0';
		to = value;
		for (char *from = value; *from; from++) {
			from += *from == '\\' && from[1];
			*to++ = *from;
		}
		*to = '\0';
		xlpt_grub_env_set(env, line, value, path, nr);
	}
}

void xlpt_grub_env_read(struct xlpt_texts *texts, struct xlpt_grub *env)
{
	static const char *const paths[] = { "/boot/grub/grubenv", "/boot/grub2/grubenv" };
	_cleanup_strv_ char **vendors = NULL;

	*env = (struct xlpt_grub){ 0 };
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++)
		read_block(texts, paths[i], env);
	/* There Fedora kept it on machines with EFI, up to 33. */
	xlpt_host_list(texts->h, &vendors, "/boot/efi/EFI");
	for (char **v = vendors; v && *v; v++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/boot/efi/EFI/%s/grubenv", *v);

		if (!xlpt_host_has(texts->h, "/boot/grub2/grubenv"))
			read_block(texts, path, env);
	}
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* At a '$': past the variable. The set that has its value, or NULL. */
static const struct xlpt_grub_set *variable(const struct xlpt_grub *env, const char **at)
{
	const char *s = *at + 1;
	bool brace = *s == '{';
	size_t n = name_len(s + brace);
	_cleanup_free_ char *name = xlpt_xstrndup(s + brace, n);

	*at = s + brace + n;
	*at += brace && **at == '}';
	for (size_t i = env->n; i-- > 0;)
		if (!strcmp(env->items[i].name, name))
			return &env->items[i];
	return NULL;
}

char *xlpt_grub_env_expand(const struct xlpt_grub *env, const char *text, bool quotes,
			   const struct xlpt_grub_set **from)
{
	struct xlpt_str out = { 0 };
	char in = '\0';

	*from = NULL;
	while (*text && out.len < VALUE_MAX) {
		const struct xlpt_grub_set *set;

		if (*text == '$' && in != '\'' && (name_len(text + 1) || text[1] == '{')) {
			set = variable(env, &text);
			if (set)
				xlpt_str_addn(&out, set->value,
					      strnlen(set->value, VALUE_MAX - out.len));
			if (set && strstr(set->value, "hide"))
				*from = set;
		} else if (quotes && *text == '\\' && text[1] && in != '\'') {
			xlpt_str_addn(&out, text + 1, 1);
			text += 2;
		} else if (quotes && (in ? *text == in : *text == '"' || *text == '\'')) {
			in = in ? '\0' : *text;
			text++;
		} else {
			xlpt_str_addn(&out, text++, 1);
		}
	}
	return xlpt_str_take(&out);
}
