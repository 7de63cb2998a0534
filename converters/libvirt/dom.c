/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetching from and building of documents; see xml.h for the marks. */
#include "converters/libvirt/xml.h"

#include <string.h>

#include "converters/libvirt/marks.h"
#include "core/text.h"

static uintptr_t marks(const void *psvi)
{
	return (uintptr_t)psvi;
}

bool xlpt_lv_is(const xmlNode *node, const char *name)
{
	return node && node->type == XML_ELEMENT_NODE && !node->ns &&
	       strcmp((const char *)node->name, name) == 0;
}

xmlNode *xlpt_lv_first(xmlNode *node, const char *name)
{
	for (xmlNode *n = node ? node->children : NULL; n; n = n->next)
		if (xlpt_lv_is(n, name))
			return n;
	return NULL;
}

xmlNode *xlpt_lv_child(xmlNode *node, const char *name)
{
	xmlNode *found = xlpt_lv_first(node, name);
	struct xlpt_lv_doc *doc = found && found->doc ? found->doc->_private : NULL;

	if (!found)
		return NULL;
	for (xmlNode *n = found->next; n && doc && !doc->twice; n = n->next)
		if (xlpt_lv_is(n, name))
			doc->twice = n;
	xlpt_lv_mark(found);
	return found;
}

int xlpt_lv_check_once(struct xlpt_lv_doc *doc, struct xlpt_diag *diag)
{
	if (!doc->twice)
		return 0;
	return xlpt_lv_bad(doc, doc->twice, NULL, diag, "<%s> stands twice",
			   (const char *)doc->twice->name);
}

xmlNode *xlpt_lv_next(xmlNode *parent, xmlNode *at)
{
	xmlNode *n = at ? at->next : parent ? parent->children : NULL;

	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

static xmlAttr *find_attr(const xmlNode *node, const char *name)
{
	for (xmlAttr *a = node ? node->properties : NULL; a; a = a->next)
		if (!a->ns && strcmp((const char *)a->name, name) == 0)
			return a;
	return NULL;
}

/*
 * A value is one text node, since only the predefined entities and character references get past
 * the parser, and libxml2 resolves those itself. It keeps an empty value as no node at all.
 */
static const char *attr_value(const xmlAttr *a)
{
	return a->children && a->children->content ? (const char *)a->children->content : "";
}

const char *xlpt_lv_peek(const xmlNode *node, const char *name)
{
	const xmlAttr *a = find_attr(node, name);

	return a ? attr_value(a) : NULL;
}

const char *xlpt_lv_attr(xmlNode *node, const char *name)
{
	xmlAttr *a = find_attr(node, name);

	if (!a)
		return NULL;
	a->psvi = (void *)(marks(a->psvi) | XLPT_LV_MARK_SEEN);
	return attr_value(a);
}

char *xlpt_lv_raw(xmlNode *node)
{
	struct xlpt_str text = { 0 };

	if (!node || xlpt_lv_next(node, NULL))
		return NULL;
	for (xmlNode *n = node->children; n; n = n->next)
		if ((n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) && n->content)
			xlpt_str_add(&text, (const char *)n->content);
	node->psvi = (void *)(marks(node->psvi) | XLPT_LV_MARK_SEEN | XLPT_LV_MARK_TEXT);
	return xlpt_str_take(&text);
}

char *xlpt_lv_said(xmlNode *node)
{
	char *text = xlpt_lv_raw(node);

	if (text && !*text)
		free(XLPT_TAKE(text));
	return text;
}

char *xlpt_lv_text(xmlNode *node)
{
	char *s = xlpt_lv_raw(node), *e;

	if (!s)
		return NULL;
	e = s + strspn(s, " \t\r\n");
	memmove(s, e, strlen(e) + 1);
	for (e = s + strlen(s); e > s && strchr(" \t\r\n", e[-1]); e--)
		e[-1] = '\0';
	return s;
}

void xlpt_lv_mark(xmlNode *node)
{
	node->psvi = (void *)(marks(node->psvi) | XLPT_LV_MARK_SEEN);
}

void xlpt_lv_mark_whole(xmlNode *node)
{
	node->psvi = (void *)(marks(node->psvi) | XLPT_LV_MARK_SEEN | XLPT_LV_MARK_WHOLE);
}

void xlpt_lv_unmark_whole(xmlNode *node)
{
	node->psvi = NULL;
}

bool xlpt_lv_only(const xmlNode *node, ...)
{
	if (xlpt_lv_next((xmlNode *)node, NULL))
		return false;
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		bool known = false;
		const char *name;
		va_list ap;

		va_start(ap, node);
		while (!known && (name = va_arg(ap, const char *)))
			known = !a->ns && strcmp((const char *)a->name, name) == 0;
		va_end(ap);
		if (!known)
			return false;
	}
	return true;
}

bool xlpt_lv_number(const char *s, uint64_t max, uint64_t *out)
{
	unsigned base = 10;

	/* strtoul(…, 0), without the sign and the leading blanks that nobody means. */
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0' && s[1]) {
		base = 8;
	}
	return xlpt_parse_uint(s, strlen(s), base, max, out);
}

int xlpt_lv_uint(struct xlpt_lv_doc *doc, xmlNode *node, const char *attr, uint64_t max,
		 uint64_t *out, bool *has, struct xlpt_diag *diag)
{
	const char *s = xlpt_lv_attr(node, attr);

	*has = s;
	if (!s)
		return 0;
	if (xlpt_lv_number(s, max, out))
		return 0;
	xlpt_lv_bad(doc, node, attr, diag, "%s='%s' is not a number from 0 to %llu", attr, s,
		    (unsigned long long)max);
	xlpt_diag_hint(diag, "write it in decimal, or in hexadecimal with 0x in front%s",
		       s[0] == '0' ? "; a leading zero alone makes it octal" : "");
	return XLPT_ERR_SYNTAX;
}

int xlpt_lv_pci_address(struct xlpt_lv_doc *doc, xmlNode *node, struct xlpt_bdf *out,
			struct xlpt_diag *diag)
{
	uint64_t seg = 0, bus = 0, slot = 0, func = 0;
	bool has;
	int rc;

	/* Segments above ffff exist (VMD), so the schema takes them; Xen cannot address them. */
	rc = xlpt_lv_uint(doc, node, "domain", UINT32_MAX, &seg, &has, diag);
	if (rc == 0 && seg > 0xffff) {
		rc = xlpt_lv_bad(doc, node, "domain", diag, "domain='%s' is above 0xffff",
				 xlpt_lv_attr(node, "domain"));
		xlpt_diag_fact(diag, "xen-pciback and the hypervisor address devices with "
				     "16 bits of segment");
	}
	if (rc == 0)
		rc = xlpt_lv_uint(doc, node, "bus", 0xff, &bus, &has, diag);
	if (rc == 0)
		rc = xlpt_lv_uint(doc, node, "slot", 0x1f, &slot, &has, diag);
	if (rc == 0)
		rc = xlpt_lv_uint(doc, node, "function", 7, &func, &has, diag);
	if (rc == 0)
		*out = (struct xlpt_bdf){ (uint16_t)seg, (uint8_t)bus, (uint8_t)slot,
					  (uint8_t)func };
	return rc;
}

xmlNode *xlpt_lv_add(xmlNode *parent, const char *name)
{
	xmlNode *n = xmlNewNode(NULL, (const xmlChar *)name);

	return parent ? xmlAddChild(parent, n) : n;
}

xmlNode *xlpt_lv_add_text(xmlNode *parent, const char *name, const char *text)
{
	xmlNode *n;

	if (!text || !xlpt_lv_sayable(text))
		return NULL;
	n = xlpt_lv_add(parent, name);
	/* Not xmlNewChild: that would take '&' for the beginning of an entity. */
	if (*text)
		xmlAddChild(n, xmlNewText((const xmlChar *)text));
	return n;
}

void xlpt_lv_set(xmlNode *node, const char *attr, const char *value)
{
	if (value && xlpt_lv_sayable(value))
		xmlSetProp(node, (const xmlChar *)attr, (const xmlChar *)value);
}

void xlpt_lv_setf(xmlNode *node, const char *attr, const char *fmt, ...)
{
	_cleanup_free_ char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_lv_set(node, attr, value);
}

xmlNode *xlpt_lv_need(xmlNode *parent, const char *name)
{
	for (xmlNode *n = parent->children; n; n = n->next)
		if (xlpt_lv_is(n, name))
			return n;
	return xlpt_lv_add(parent, name);
}

void xlpt_lv_set_pci(xmlNode *node, struct xlpt_bdf bdf)
{
	xlpt_lv_setf(node, "domain", "0x%04x", bdf.seg);
	xlpt_lv_setf(node, "bus", "0x%02x", bdf.bus);
	xlpt_lv_setf(node, "slot", "0x%02x", bdf.dev);
	xlpt_lv_setf(node, "function", "0x%x", bdf.func);
}

bool xlpt_lv_sayable(const char *text)
{
	for (size_t left = strlen(text), len; left; text += len, left -= len) {
		uint32_t code;

		len = xlpt_text_char(text, left, &code);
		/* U+FFFE and U+FFFF are no characters of XML. */
		if (!len || code == 0xfffe || code == 0xffff ||
		    (code < ' ' && !strchr("\t\n\r", (int)code)))
			return false;
	}
	return true;
}
