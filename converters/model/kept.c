/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept for the other side, as lines:
 *
 *	set PATH VALUE [was VALUE]	a value of the model; "-" = not said, else "=TEXT"
 *	xl AT KEY LINE TEXT		a key of an xl configuration; AT is "=ELEMENT"
 *	libvirt AT PATH LINE TEXT	a part of libvirt's XML
 *
 * Every part is escaped, so that blanks separate and a line is printable ASCII.
 */
#include "converters/model/internal.h"
#include "converters/model/loss.h"

void xlpt_kepts_dispose(struct xlpt_kepts *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->items[i].path);
		free(k->items[i].value);
		free(k->items[i].was);
		free(k->items[i].carry.path);
		free(k->items[i].carry.text);
	}
	free(k->items);
	*k = (struct xlpt_kepts){ 0 };
}

static struct xlpt_kept *grow(struct xlpt_kepts *k)
{
	XLPT_GROW(k->items, k->n, k->alloc);
	k->items[k->n] = (struct xlpt_kept){ 0 };
	return &k->items[k->n++];
}

void xlpt_kept_add(struct xlpt_kepts *k, const char *path, const char *value, const char *was)
{
	struct xlpt_kept *kept = grow(k);

	kept->path = xlpt_xstrdup(path);
	kept->value = xlpt_xstrdup(value);
	kept->was = xlpt_xstrdup(was);
}

void xlpt_kept_add_carry(struct xlpt_kepts *k, const char *at, const struct xlpt_carry *c)
{
	struct xlpt_kept *kept = grow(k);

	kept->path = xlpt_xstrdup(at);
	kept->carry = *c;
	kept->carry.path = xlpt_xstrdup(c->path);
	kept->carry.text = xlpt_xstrdup(c->text);
}

/* %XX for what is no printable ASCII, for blanks, '%' itself, and what XML would escape. */
static void add_word(struct xlpt_str *s, const char *lead, const char *text)
{
	xlpt_str_add(s, lead);
	while (text && *text) {
		size_t n = 0;

		while (text[n] > ' ' && text[n] < 0x7f && text[n] != '%')
			n++;
		xlpt_str_addn(s, text, n);
		text += n;
		if (*text)
			xlpt_str_addf(s, "%%%02x", (unsigned char)*text++);
	}
}

char *xlpt_kept_format(const struct xlpt_kept *k)
{
	struct xlpt_str s = { 0 };

	if (k->carry.side) {
		xlpt_str_add(&s, k->carry.side == XLPT_SIDE_XL ? "xl" : "libvirt");
		add_word(&s, " =", k->path);
		add_word(&s, " ", k->carry.path);
		xlpt_str_addf(&s, " %u", k->carry.line);
		add_word(&s, " =", k->carry.text);
		return xlpt_str_take(&s);
	}
	xlpt_str_add(&s, "set");
	add_word(&s, " ", k->path);
	add_word(&s, k->value ? " =" : " -", k->value);
	if (k->was)
		add_word(&s, " was =", k->was);
	return xlpt_str_take(&s);
}

/* The next word, unescaped; NULL when there is none or it is malformed. */
static char *next_word(const char **s)
{
	struct xlpt_str out = { 0 };
	const char *p = *s;

	while (*p == ' ')
		p++;
	if (!*p)
		return NULL;
	for (; *p && *p != ' '; p++) {
		uint64_t v = (unsigned char)*p;
		char c;

		if (*p == '%') {
			if (!p[1] || !p[2] || !xlpt_parse_uint(p + 1, 2, 16, 0xff, &v) || !v) {
				xlpt_str_dispose(&out);
				return NULL;
			}
			p += 2;
		}
		c = (char)v;
		xlpt_str_addn(&out, &c, 1);
	}
	*s = p;
	return xlpt_str_take(&out);
}

static bool parse_carry(enum xlpt_side side, const char *s, struct xlpt_kepts *out)
{
	_cleanup_free_ char *at = next_word(&s);
	_cleanup_free_ char *path = at ? next_word(&s) : NULL;
	_cleanup_free_ char *line = path ? next_word(&s) : NULL;
	_cleanup_free_ char *text = line ? next_word(&s) : NULL;
	struct xlpt_carry c = { .side = side, .path = path };
	uint64_t n;

	if (!text || *at != '=' || *text != '=' || *s ||
	    !xlpt_parse_uint(line, strlen(line), 10, UINT32_MAX, &n))
		return false;
	c.text = text + 1;
	c.line = (unsigned)n;
	xlpt_kept_add_carry(out, at + 1, &c);
	return true;
}

bool xlpt_kept_parse(const char *line, struct xlpt_kepts *out)
{
	_cleanup_free_ char *verb = next_word(&line), *path = NULL, *value = NULL, *was = NULL;

	if (!verb)
		return false;
	if (!strcmp(verb, "xl"))
		return parse_carry(XLPT_SIDE_XL, line, out);
	if (!strcmp(verb, "libvirt"))
		return parse_carry(XLPT_SIDE_LIBVIRT, line, out);
	if (strcmp(verb, "set") != 0)
		return false;
	path = next_word(&line);
	value = path ? next_word(&line) : NULL;
	if (!value || (*value != '=' && strcmp(value, "-") != 0))
		return false;
	if (*line) {
		_cleanup_free_ char *word = next_word(&line);

		was = word && !strcmp(word, "was") ? next_word(&line) : NULL;
		if (!was || *was != '=' || *line)
			return false;
	}
	xlpt_kept_add(out, path, *value == '=' ? value + 1 : NULL, was ? was + 1 : NULL);
	return true;
}

static void apply_value(const struct xlpt_kept *k, struct xlpt_dom *dom, const char *file,
			struct xlpt_losses *losses)
{
	_cleanup_free_ char *now = NULL;

	if (!xlpt_dom_get(dom, k->path, &now)) {
		xlpt_loss_add(losses, XLPT_LOSS_DROPPED, file, 0, 0, k->path,
			      "kept from an earlier conversion, but what it belongs to is gone");
		return;
	}
	if (!xlpt_streq(now, k->was) && !xlpt_streq(now, k->value)) {
		xlpt_loss_add(losses, XLPT_LOSS_NOTE, file, 0, 0, k->path,
			      "edited since the earlier conversion: the edit holds, "
			      "not the value kept then");
		return;
	}
	if (!xlpt_dom_set(dom, k->path, k->value))
		xlpt_loss_add(losses, XLPT_LOSS_DROPPED, file, 0, 0, k->path,
			      "kept from an earlier conversion, but unreadable");
}

/* The list of carries of the element named so, NULL when there is none. */
static struct xlpt_carries *carries_at(struct xlpt_dom *dom, const char *at)
{
	const char *inside = strchr(at, ']');
	struct xlpt_at *head;

	if (!*at)
		return &dom->extra;
	head = xlpt_path_element(dom, at, NULL);
	/* Only devices have a head; tags inside them do not. */
	return head && inside && !strchr(inside, '.') ? &head->extra : NULL;
}

void xlpt_kepts_apply(const struct xlpt_kepts *k, struct xlpt_dom *dom, const char *file,
		      struct xlpt_losses *losses)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->items[i].carry.side)
			apply_value(&k->items[i], dom, file, losses);
	for (size_t i = 0; i < k->n; i++) {
		const struct xlpt_carry *c = &k->items[i].carry;
		struct xlpt_carries *list;

		if (!c->side)
			continue;
		list = carries_at(dom, k->items[i].path);
		if (list)
			xlpt_carry_add(list, c->side, c->path, c->text, c->line, c->column);
		else
			xlpt_loss_add(losses, XLPT_LOSS_DROPPED, file, 0, 0, c->path,
				      "kept from an earlier conversion for %s, which is gone",
				      k->items[i].path);
	}
}

/* ---- carries and their elements ---- */

bool xlpt_dom_carried(const struct xlpt_dom *dom, enum xlpt_side side, const char *path)
{
	for (size_t i = 0; i < dom->extra.n; i++)
		if (dom->extra.items[i].side == side && !strcmp(dom->extra.items[i].path, path))
			return true;
	return false;
}

bool xlpt_dom_is_foreign(const struct xlpt_dom *dom)
{
	return xlpt_dom_carried(dom, XLPT_SIDE_LIBVIRT, "@type");
}

bool xlpt_dom_is_kvm(const struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, "@type"))
			return !strcmp(c->text, "kvm") || !strcmp(c->text, "qemu");
	}
	return false;
}

void xlpt_dom_carries(const struct xlpt_dom *dom, enum xlpt_side side, xlpt_carry_fn *fn, void *ctx)
{
	for (size_t i = 0; i < dom->extra.n; i++)
		if (dom->extra.items[i].side == side)
			fn(ctx, "", &dom->extra.items[i]);
	for (const struct xlpt_field *f = xlpt_dom_shape.fields; f->name; f++) {
		const struct xlpt_list *list = xlpt_field_at(dom, f);

		if (f->type != XLPT_F_LIST)
			continue;
		for (size_t i = 0; i < list->n; i++) {
			const struct xlpt_at *at = xlpt_list_item(list, f->shape, i);
			_cleanup_free_ char *name = NULL, *path = NULL;

			for (size_t j = 0; j < at->extra.n; j++) {
				if (at->extra.items[j].side != side)
					continue;
				if (!path) {
					name = xlpt_list_name(f, list, i);
					path = xlpt_xasprintf("%s[%s]", f->name, name);
				}
				fn(ctx, path, &at->extra.items[j]);
			}
		}
	}
}
