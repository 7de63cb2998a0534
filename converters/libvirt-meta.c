/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt-meta.h"

#include <string.h>

static const char mark[] = " xlpt: ";

static bool ours(const xmlNode *n, const char *name)
{
	return n->ns && n->ns->href && strcmp((const char *)n->ns->href, XLPT_LV_META_URI) == 0 &&
	       strcmp((const char *)n->name, name) == 0;
}

static int line_of(struct xlpt_lv_doc *doc, const xmlNode *at, const char *line,
		   struct xlpt_kepts *out, struct xlpt_diag *diag)
{
	struct xlpt_kepts scratch = { 0 };
	bool ok = xlpt_kept_parse(line, out ? out : &scratch);

	xlpt_kepts_dispose(&scratch);
	if (ok)
		return 0;
	xlpt_lv_bad(doc, at, NULL, diag, "what xlpt kept here is damaged: \"%s\"", line);
	xlpt_diag_hint(diag, "delete the line to go on without it");
	return XLPT_ERR_SYNTAX;
}

static int comments(struct xlpt_lv_doc *doc, const xmlNode *first, struct xlpt_kepts *out,
		    struct xlpt_diag *diag)
{
	int rc = 0;

	for (const xmlNode *n = first; n && rc == 0; n = n->next) {
		_cleanup_free_ char *line = NULL;

		if (n->type != XML_COMMENT_NODE || !n->content ||
		    !xlpt_starts((const char *)n->content, mark))
			continue;
		line = xlpt_xstrdup((const char *)n->content + strlen(mark));
		xlpt_chomp(line);
		rc = line_of(doc, xmlDocGetRootElement(doc->xml), line, out, diag);
	}
	return rc;
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
	int rc = 0;

	if (!has_metadata(root)) {
		rc = comments(doc, doc->xml->children, out, diag);
		return rc ? rc : comments(doc, root->children, out, diag);
	}
	for (xmlNode *n = xlpt_lv_next(meta, NULL); n; n = xlpt_lv_next(meta, n)) {
		if (!ours(n, "kept"))
			continue;
		xlpt_lv_mark_whole(n);
		for (xmlNode *l = xlpt_lv_next(n, NULL); l && rc == 0; l = xlpt_lv_next(n, l)) {
			_cleanup_free_ char *text = ours(l, "line") ? xlpt_lv_text(l) : NULL;

			rc = line_of(doc, l, text ? text : "", out, diag);
		}
	}
	return rc;
}

/* "--" may not stand in a comment. */
static char *comment_text(const struct xlpt_kept *k)
{
	_cleanup_free_ char *line = xlpt_kept_format(k);
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, mark);
	for (const char *c = line; *c; c++) {
		if (*c == '-' && c > line && c[-1] == '-')
			xlpt_str_add(&s, "%2d");
		else
			xlpt_str_addn(&s, c, 1);
	}
	xlpt_str_add(&s, " ");
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
		_cleanup_free_ char *text = xlpt_kept_format(&kepts->items[i]);

		xmlSetNs(xlpt_lv_add_text(kept, "line", text), ns);
	}
}
