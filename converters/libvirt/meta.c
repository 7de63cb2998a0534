/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/meta.h"

#include <string.h>

static const char mark[] = " xlpt: ";

static bool ours(const xmlNode *n, const char *name)
{
	return n->ns && n->ns->href && strcmp((const char *)n->ns->href, XLPT_LV_META_URI) == 0 &&
	       strcmp((const char *)n->name, name) == 0;
}

/* ---- one kept thing as an element, without its name space ---- */

static bool sayable(const char *s)
{
	return !s || xlpt_lv_sayable(s);
}

/* Blanks at the ends of a text are not read back. */
static bool plain_text(const char *s)
{
	size_t n = strlen(s);

	return n && !strchr(" \t\r\n", *s) && !strchr(" \t\r\n", s[n - 1]);
}

/* NULL when XML has no characters for it. The caller links or frees it. */
static xmlNode *element(const struct xlpt_kept *k)
{
	static const char *const names[] = { "value", "xl", "libvirt" };
	const struct xlpt_carry *c = &k->carry;
	const char *text = c->side ? c->text : k->value;
	xmlNode *n;

	if (!sayable(k->path) || !sayable(text) || !sayable(k->was) || !sayable(c->path))
		return NULL;
	n = xmlNewNode(NULL, (const xmlChar *)names[c->side]);
	if (c->side && *k->path)
		xlpt_lv_set(n, "at", k->path);
	xlpt_lv_set(n, c->side == XLPT_SIDE_XL ? "key" : "path", c->side ? c->path : k->path);
	if (c->side && c->line)
		xlpt_lv_setf(n, "line", "%u", c->line);
	if (!c->side)
		xlpt_lv_set(n, "was", k->was);
	if (text && plain_text(text))
		xmlAddChild(n, xmlNewText((const xmlChar *)text));
	else
		xlpt_lv_set(n, "value", text);
	return n;
}

/* False when it is damaged. */
static bool read_element(xmlNode *n, struct xlpt_kepts *out)
{
	bool xl = !strcmp((const char *)n->name, "xl");
	const char *value = xlpt_lv_attr(n, "value"), *path = xlpt_lv_attr(n, xl ? "key" : "path");
	const char *at = xlpt_lv_attr(n, "at"), *line = xlpt_lv_attr(n, "line");
	_cleanup_free_ char *text = value ? xlpt_xstrdup(value) : xlpt_lv_text(n);
	struct xlpt_carry c = { .side = xl ? XLPT_SIDE_XL : XLPT_SIDE_LIBVIRT };
	uint64_t number = 0;

	if (!path || (line && !xlpt_parse_uint(line, strlen(line), 10, UINT32_MAX, &number)))
		return false;
	if (!strcmp((const char *)n->name, "value")) {
		xlpt_kept_add(out, path, value || (text && *text) ? text : NULL,
			      xlpt_lv_attr(n, "was"));
		return true;
	}
	if (!xl && strcmp((const char *)n->name, "libvirt") != 0)
		return false;
	c.path = (char *)(uintptr_t)path;
	c.text = text ? text : (char *)(uintptr_t) "";
	c.line = (unsigned)number;
	xlpt_kept_add_carry(out, at ? at : "", &c);
	return true;
}

/* "<value path='usb'>on</value>" out of a comment. */
static bool read_fragment(const char *text, struct xlpt_kepts *out)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	bool ok = doc && !doc->intSubset && read_element(xmlDocGetRootElement(doc), out);

	xmlFreeDoc(doc);
	return ok;
}

static int damaged(struct xlpt_lv_doc *doc, const xmlNode *at, const char *line,
		   struct xlpt_diag *diag)
{
	xlpt_lv_bad(doc, at, NULL, diag, "what xlpt kept here is damaged: \"%s\"", line);
	xlpt_diag_hint(diag, "delete the line to go on without it");
	return XLPT_ERR_SYNTAX;
}

static int comments(struct xlpt_lv_doc *doc, const xmlNode *first, struct xlpt_kepts *out,
		    struct xlpt_diag *diag)
{
	for (const xmlNode *n = first; n; n = n->next) {
		_cleanup_free_ char *line = NULL;

		if (n->type != XML_COMMENT_NODE || !n->content ||
		    !xlpt_starts((const char *)n->content, mark))
			continue;
		line = xlpt_xstrdup((const char *)n->content + strlen(mark));
		xlpt_chomp(line);
		if (*line == '<' ? !read_fragment(line, out) : !xlpt_kept_parse(line, out))
			return damaged(doc, xmlDocGetRootElement(doc->xml), line, diag);
	}
	return 0;
}

static int elements(struct xlpt_lv_doc *doc, xmlNode *kept, struct xlpt_kepts *out,
		    struct xlpt_diag *diag)
{
	for (xmlNode *n = xlpt_lv_next(kept, NULL); n; n = xlpt_lv_next(kept, n)) {
		_cleanup_free_ char *line = ours(n, "line") ? xlpt_lv_text(n) : NULL;

		if (line ? !xlpt_kept_parse(line, out)
			 : !ours(n, (const char *)n->name) || !read_element(n, out))
			return damaged(doc, n, line ? line : (const char *)n->name, diag);
	}
	return 0;
}

/* libvirt keeps <metadata> for domains, and since 9.8 for networks. */
static bool has_metadata(const xmlNode *root)
{
	return xlpt_lv_is(root, "domain") || xlpt_lv_is(root, "network");
}

int xlpt_lv_meta_find(struct xlpt_lv_doc *doc, xmlNode *root, struct xlpt_kepts *out,
		      struct xlpt_diag *diag)
{
	xmlNode *meta = has_metadata(root) ? xlpt_lv_child(root, "metadata") : NULL;
	_cleanup_kepts_ struct xlpt_kepts scratch = { 0 };
	int rc = 0;

	out = out ? out : &scratch;
	if (!has_metadata(root)) {
		rc = comments(doc, doc->xml->children, out, diag);
		return rc ? rc : comments(doc, root->children, out, diag);
	}
	for (xmlNode *n = xlpt_lv_next(meta, NULL); n && rc == 0; n = xlpt_lv_next(meta, n)) {
		if (!ours(n, "kept"))
			continue;
		xlpt_lv_mark_whole(n);
		rc = elements(doc, n, out, diag);
	}
	return rc;
}

/* "--" may not stand in a comment: one of the two is said by its number. */
static char *comment_text(const struct xlpt_kept *k)
{
	xmlNode *n = element(k);
	_cleanup_str_ struct xlpt_str line = { 0 };
	_cleanup_free_ char *old = NULL;
	struct xlpt_str s = { 0 };
	const char *text;

	if (n)
		xlpt_lv_save(n, true, &line);
	else
		old = xlpt_kept_format(k);
	text = n ? xlpt_str_get(&line) : old;
	xlpt_str_add(&s, mark);
	for (const char *c = text; *c; c++) {
		if (*c == '-' && c > text && c[-1] == '-')
			xlpt_str_add(&s, n ? "&#45;" : "%2d");
		else
			xlpt_str_addn(&s, c, 1);
	}
	xlpt_str_add(&s, " ");
	xmlFreeNode(n);
	return xlpt_str_take(&s);
}

void xlpt_lv_meta_comments(const struct xlpt_kepts *kepts, struct xlpt_str *out)
{
	for (size_t i = 0; i < kepts->n; i++) {
		_cleanup_free_ char *text = comment_text(&kepts->items[i]);

		xlpt_str_addf(out, "<!--%s-->\n", text);
	}
}

void xlpt_lv_meta_add(xmlNode *root, const struct xlpt_kepts *kepts)
{
	xmlNode *meta, *kept;
	xmlNs *ns;

	if (!kepts->n)
		return;
	if (!has_metadata(root)) {
		for (size_t i = kepts->n; i-- > 0;) {
			_cleanup_free_ char *text = comment_text(&kepts->items[i]);
			xmlNode *c = xmlNewComment((const xmlChar *)text);

			if (root->children)
				xmlAddPrevSibling(root->children, c);
			else
				xmlAddChild(root, c);
		}
		return;
	}
	meta = xlpt_lv_need(root, "metadata");
	kept = xlpt_lv_add(meta, "kept");
	ns = xmlNewNs(kept, (const xmlChar *)XLPT_LV_META_URI, (const xmlChar *)"xlpt");
	xmlSetNs(kept, ns);
	for (size_t i = 0; i < kepts->n; i++) {
		xmlNode *n = element(&kepts->items[i]);
		_cleanup_free_ char *line = n ? NULL : xlpt_kept_format(&kepts->items[i]);

		n = n ? xmlAddChild(kept, n) : xlpt_lv_add_text(kept, "line", line);
		xmlSetNs(n, ns);
	}
}
