/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Documents to text, and the rest of a document to fragments and back. Written out here and not by
 * libxml2, whose spacing changes between its releases and whose quotes are not libvirt's.
 */
#include "converters/libvirt/xml.h"

#include <string.h>

#include "converters/libvirt/marks.h"

static void escape(struct xlpt_str *out, const char *s, bool attr, bool line)
{
	for (; *s; s++) {
		size_t plain = strcspn(s, "&<>'\n\r\t");

		xlpt_str_addn(out, s, plain);
		s += plain;
		switch (*s) {
		case '\0':
			return;
		case '&':
			xlpt_str_add(out, "&amp;");
			break;
		case '<':
			xlpt_str_add(out, "&lt;");
			break;
		case '>':
			xlpt_str_add(out, "&gt;");
			break;
		case '\'':
			xlpt_str_add(out, attr ? "&apos;" : "'");
			break;
		default:
			/* A raw line break or tab in an attribute would be read back as a blank. */
			if (attr || *s == '\r' || (line && *s == '\n'))
				xlpt_str_addf(out, "&#%d;", *s);
			else
				xlpt_str_addn(out, s, 1);
		}
	}
}

static void save_name(struct xlpt_str *out, const xmlNs *ns, const xmlChar *name)
{
	if (ns && ns->prefix) {
		xlpt_str_add(out, (const char *)ns->prefix);
		xlpt_str_addn(out, ":", 1);
	}
	xlpt_str_add(out, (const char *)name);
}

static void indent(struct xlpt_str *out, unsigned depth)
{
	while (depth--)
		xlpt_str_addn(out, "  ", 2);
}

static bool blank(const xmlNode *n)
{
	return n->type == XML_TEXT_NODE &&
	       (!n->content || !n->content[strspn((const char *)n->content, " \t\r\n")]);
}

static bool has_text(const xmlNode *node)
{
	for (const xmlNode *n = node->children; n; n = n->next)
		if ((n->type == XML_TEXT_NODE && !blank(n)) || n->type == XML_CDATA_SECTION_NODE)
			return true;
	return false;
}

static bool has_elements(const xmlNode *node)
{
	for (const xmlNode *n = node->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE || n->type == XML_COMMENT_NODE)
			return true;
	return false;
}

struct saver {
	struct xlpt_str *out;
	bool line; /* everything on one line */
};

static void save(struct saver *sv, const xmlNode *node, unsigned depth, bool flow);

static void save_children(struct saver *sv, const xmlNode *node, unsigned depth, bool flow)
{
	for (const xmlNode *n = node->children; n; n = n->next) {
		switch (n->type) {
		case XML_TEXT_NODE:
		case XML_CDATA_SECTION_NODE:
			if (n->content && (flow || !blank(n)))
				escape(sv->out, (const char *)n->content, false, sv->line);
			break;
		case XML_ELEMENT_NODE:
			save(sv, n, depth, flow);
			break;
		case XML_COMMENT_NODE:
			if (sv->line || !n->content)
				break;
			if (!flow)
				indent(sv->out, depth);
			xlpt_str_addf(sv->out, "<!--%s-->%s", (const char *)n->content,
				      flow ? "" : "\n");
			break;
		default:
			break;
		}
	}
}

/* flow: within text, where blanks mean something and none may be added. */
static void save(struct saver *sv, const xmlNode *node, unsigned depth, bool flow)
{
	bool apart = !flow && !sv->line, text = has_text(node), elements = has_elements(node);
	/* An element with nothing but blanks and no child keeps them: <cmdline> </cmdline>. */
	bool inner = text || (flow && elements) || (!elements && node->children);

	if (apart)
		indent(sv->out, depth);
	xlpt_str_add(sv->out, "<");
	save_name(sv->out, node->ns, node->name);
	for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
		xlpt_str_addf(sv->out, " xmlns%s%s='", ns->prefix ? ":" : "",
			      ns->prefix ? (const char *)ns->prefix : "");
		escape(sv->out, ns->href ? (const char *)ns->href : "", true, true);
		xlpt_str_add(sv->out, "'");
	}
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		xlpt_str_add(sv->out, " ");
		save_name(sv->out, a->ns, a->name);
		xlpt_str_add(sv->out, "='");
		if (a->children && a->children->content)
			escape(sv->out, (const char *)a->children->content, true, true);
		xlpt_str_add(sv->out, "'");
	}
	if (!inner && !elements) {
		xlpt_str_add(sv->out, "/>");
	} else {
		xlpt_str_add(sv->out, ">");
		if (!inner && apart)
			xlpt_str_add(sv->out, "\n");
		save_children(sv, node, depth + 1, inner);
		if (!inner && apart)
			indent(sv->out, depth);
		xlpt_str_add(sv->out, "</");
		save_name(sv->out, node->ns, node->name);
		xlpt_str_add(sv->out, ">");
	}
	if (apart)
		xlpt_str_add(sv->out, "\n");
}

void xlpt_lv_save(const xmlNode *node, bool line, struct xlpt_str *out)
{
	struct saver sv = { out, line };

	save(&sv, node, 0, false);
}

struct rest {
	struct xlpt_lv_doc *doc;
	xlpt_lv_rest_fn *fn;
	void *ctx;
};

/* The element alone, with the declarations of the name spaces it uses. */
static char *fragment(xmlNode *node)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *copy = xmlDocCopyNode(node, doc, 1);
	struct xlpt_str out = { 0 };

	if (copy) {
		xmlDocSetRootElement(doc, copy);
		xlpt_lv_save(copy, true, &out);
	}
	xmlFreeDoc(doc);
	return xlpt_str_take(&out);
}

static void walk(struct rest *r, xmlNode *node, const char *path)
{
	uintptr_t m = (uintptr_t)node->psvi;
	const char *slash = *path ? "/" : "";
	unsigned line, column;

	if (m & XLPT_LV_MARK_WHOLE)
		return;
	for (xmlAttr *a = node->properties; a; a = a->next) {
		_cleanup_free_ char *p = NULL;

		if (a->psvi)
			continue;
		if (a->ns) /* as @{URI}prefix:name */
			p = xlpt_xasprintf("%s%s@{%s}%s:%s", path, slash, (char *)a->ns->href,
					   (char *)a->ns->prefix, (char *)a->name);
		else
			p = xlpt_xasprintf("%s%s@%s", path, slash, (const char *)a->name);
		xlpt_lv_where(r->doc, node, (const char *)a->name, &line, &column);
		r->fn(r->ctx, p,
		      a->children && a->children->content ? (char *)a->children->content : "", line,
		      column);
	}
	if (!(m & XLPT_LV_MARK_TEXT) && has_text(node) && !xlpt_lv_next(node, NULL)) {
		_cleanup_free_ char *p = xlpt_xasprintf("%s%stext()", path, slash);
		_cleanup_free_ char *text = xlpt_lv_text(node);

		node->psvi = (void *)m;
		xlpt_lv_where(r->doc, node, NULL, &line, &column);
		r->fn(r->ctx, p, text, line, column);
	}
	for (xmlNode *n = xlpt_lv_next(node, NULL); n; n = xlpt_lv_next(node, n)) {
		_cleanup_free_ char *p =
			xlpt_xasprintf("%s%s%s", path, slash, (const char *)n->name);

		if (n->psvi) {
			walk(r, n, p);
		} else {
			_cleanup_free_ char *text = fragment(n);

			xlpt_lv_where(r->doc, n, NULL, &line, &column);
			r->fn(r->ctx, p, text, line, column);
		}
	}
}

void xlpt_lv_rest(struct xlpt_lv_doc *doc, xmlNode *top, xlpt_lv_rest_fn *fn, void *ctx)
{
	struct rest r = { doc, fn, ctx };

	walk(&r, top, "");
}

/* name is "attr" or "{URI}prefix:attr". */
static bool restore_attr(xmlNode *node, const char *name, const char *value)
{
	_cleanup_free_ char *uri = NULL, *prefix = NULL;
	const char *brace, *colon;
	xmlNs *ns;

	if (name[0] != '{') {
		if (xmlValidateNCName((const xmlChar *)name, 0))
			return false;
		xlpt_lv_set(node, name, value);
		return true;
	}
	brace = strrchr(name, '}');
	colon = brace ? strchr(brace, ':') : NULL;
	if (!colon || xmlValidateNCName((const xmlChar *)colon + 1, 0))
		return false;
	uri = xlpt_xstrndup(name + 1, (size_t)(brace - name) - 1);
	prefix = xlpt_xstrndup(brace + 1, (size_t)(colon - brace) - 1);
	ns = xmlSearchNsByHref(node->doc, node, (const xmlChar *)uri);
	if (!ns && xmlValidateNCName((const xmlChar *)prefix, 0) == 0)
		ns = xmlNewNs(node, (const xmlChar *)uri, (const xmlChar *)prefix);
	return ns && xmlSetNsProp(node, ns, (const xmlChar *)colon + 1, (const xmlChar *)value);
}

static bool restore(xmlNode *top, const char *path, const char *text)
{
	_cleanup_lv_doc_ struct xlpt_lv_doc doc = { 0 };
	_cleanup_free_ char *steps = NULL;
	const char *at = strchr(path, '@'), *last;
	xmlNode *copy;

	if (!xlpt_lv_sayable(text))
		return false;
	/* An attribute's name may have slashes in its URI; an element's has none. */
	steps = xlpt_xstrndup(path, at ? (size_t)(at - path) : strlen(path));
	last = at ? at : path + ((strrchr(steps, '/') ? strrchr(steps, '/') + 1 : steps) - steps);
	steps[last - path] = '\0';
	for (char *save = NULL, *step = strtok_r(steps, "/", &save); step;
	     step = strtok_r(NULL, "/", &save)) {
		if (xmlValidateNCName((const xmlChar *)step, 0))
			return false;
		top = xlpt_lv_need(top, step);
	}
	if (at)
		return restore_attr(top, at + 1, text);
	if (strcmp(last, "text()") == 0) {
		if (!has_text(top))
			xmlAddChild(top, xmlNewText((const xmlChar *)text));
		return true;
	}
	if (xlpt_lv_parse(text, strlen(text), NULL, &doc, NULL))
		return false;
	copy = xmlDocCopyNode(xmlDocGetRootElement(doc.xml), top->doc, 1);
	return copy && xmlAddChild(top, copy);
}

/*
 * libvirt's schema wants what belongs to a kind of device (<teaming>, <driver>) before what every
 * device may have.
 */
static void place_child(xmlNode *top, xmlNode *child)
{
	static const char *const last[] = { "boot", "rom", "alias", "acpi", "address" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(last); i++)
		if (xlpt_lv_is(child, last[i]))
			return;
	for (xmlNode *n = xlpt_lv_next(top, NULL); n && n != child; n = xlpt_lv_next(top, n))
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(last); i++)
			if (xlpt_lv_is(n, last[i])) {
				xmlUnlinkNode(child);
				xmlAddPrevSibling(n, child);
				return;
			}
}

bool xlpt_lv_restore(xmlNode *top, const char *path, const char *text)
{
	const xmlNode *before = top->last;
	bool ok = restore(top, path, text);

	if (top->last != before && top->last->type == XML_ELEMENT_NODE)
		place_child(top, top->last);
	return ok;
}
