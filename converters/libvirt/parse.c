/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From bytes to a document, with every door shut that XML leaves open. */
#include "converters/libvirt/xml.h"

#include <string.h>

struct state {
	unsigned elements, depth; /* depth: elements that are open */
	const char *why;	  /* our own refusal, told in place of libxml2's */
	const char *hint;
	char *error; /* libxml2's first error */
	unsigned line, column;
};

static void stop(xmlParserCtxt *c, const char *why, const char *hint)
{
	struct state *st = c->_private;

	if (!st->why) {
		st->why = why;
		st->hint = hint;
		st->line = c->input ? (unsigned)c->input->line : 0;
		st->column = c->input ? (unsigned)c->input->col : 0;
	}
	xmlStopParser(c);
}

#if LIBXML_VERSION >= 21200
typedef const xmlError xml_error;
#else
typedef xmlError xml_error;
#endif

static void record(struct state *st, xml_error *e)
{
	if (e->level < XML_ERR_ERROR || st->error || st->why)
		return;
	st->error = xlpt_xstrdup(e->message ? e->message : "malformed XML");
	xlpt_chomp(st->error);
	for (char *s = st->error; *s; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
	if (e->code == XML_ERR_DOCUMENT_END)
		st->hint = "a file has the XML of one guest: write what follows into another file";
	else if (e->code == XML_NS_ERR_UNDEFINED_NAMESPACE)
		st->hint = "declare the prefix in the first line, as virsh edit has it: <domain "
			   "type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>";
	st->line = e->line > 0 ? (unsigned)e->line : 0;
	st->column = e->int2 > 0 ? (unsigned)e->int2 : 0;
}

static void on_error(void *ctx, xml_error *e)
{
	record(((xmlParserCtxt *)ctx)->_private, e);
}

/* Errors of a character set's conversion know no parser, and would be printed. */
static void on_stray_error(void *ctx, xml_error *e)
{
	record(ctx, e);
}

/*
 * libxml2 keeps an element's line but not its column. The parser stands before the '>' of the
 * start tag here, and inside a start tag the only '<' is its first character, so looking back
 * finds where the element begins. The offset is kept, plus one, in the node.
 */
static void start_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
			  int nns, const xmlChar **ns, int nattr, int ndefault,
			  const xmlChar **attr)
{
	xmlParserCtxt *c = ctx;
	struct state *st = c->_private;

	if (++st->depth > XLPT_LV_MAX_DEPTH) {
		stop(c, "elements are nested deeper than 64 levels", NULL);
		return;
	}
	if (++st->elements > XLPT_LV_MAX_ELEMENTS) {
		stop(c, "more than 100000 elements", NULL);
		return;
	}
	xmlSAX2StartElementNs(ctx, name, prefix, uri, nns, ns, nattr, ndefault, attr);
	if (c->node && c->input) {
		const xmlChar *p = c->input->cur;

		while (p > c->input->base && *p != '<')
			p--;
		if (*p == '<')
			c->node->_private = (void *)((uintptr_t)c->input->consumed +
						     (uintptr_t)(p - c->input->base) + 1);
	}
}

static void end_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct state *st = ((xmlParserCtxt *)ctx)->_private;

	st->depth--;
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

static const char no_dtd[] = "libvirt's XML needs no document type; delete the declarations";

static void entity_decl(void *ctx, const xmlChar *name, int type, const xmlChar *pub,
			const xmlChar *sys, xmlChar *content)
{
	(void)name, (void)type, (void)pub, (void)sys, (void)content;
	stop(ctx, "an entity declaration is not accepted", no_dtd);
}

static void unparsed_decl(void *ctx, const xmlChar *name, const xmlChar *pub, const xmlChar *sys,
			  const xmlChar *notation)
{
	(void)name, (void)pub, (void)sys, (void)notation;
	stop(ctx, "an entity declaration is not accepted", no_dtd);
}

static void element_decl(void *ctx, const xmlChar *name, int type, xmlElementContent *content)
{
	(void)name, (void)type, (void)content;
	stop(ctx, "an element declaration is not accepted", no_dtd);
}

static void attribute_decl(void *ctx, const xmlChar *elem, const xmlChar *name, int type, int def,
			   const xmlChar *value, xmlEnumeration *tree)
{
	(void)elem, (void)name, (void)type, (void)def, (void)value;
	xmlFreeEnumeration(tree);
	stop(ctx, "an attribute declaration is not accepted", no_dtd);
}

static void notation_decl(void *ctx, const xmlChar *name, const xmlChar *pub, const xmlChar *sys)
{
	(void)name, (void)pub, (void)sys;
	stop(ctx, "a notation declaration is not accepted", no_dtd);
}

static void external_subset(void *ctx, const xmlChar *name, const xmlChar *pub, const xmlChar *sys)
{
	(void)ctx, (void)name, (void)pub, (void)sys; /* never loaded */
}

static int refuse(const char *file, const char *buf, size_t at, struct xlpt_diag *diag,
		  const char *why)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column = buf[i] == '\n' ? 1 : column + 1;
		line += buf[i] == '\n';
	}
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s", why);
	xlpt_diag_at(diag, file, line, column);
	return XLPT_ERR_SYNTAX;
}

/* Skips to just behind the end mark; n when there is none. */
static size_t skip_to(const char *buf, size_t n, size_t at, const char *end)
{
	const char *p = memmem(buf + at, n - at, end, strlen(end));

	return p ? (size_t)(p - buf) + strlen(end) : n;
}

/* Looks at the bytes before libxml2 does: size, binary data, tags too long to be meant. */
static int check_bytes(const char *buf, size_t len, const char *file, struct xlpt_diag *diag)
{
	const char *nul;

	if (!len)
		return refuse(file, buf, 0, diag, "the file is empty");
	if (len > XLPT_LV_MAX_BYTES) {
		refuse(file, buf, 0, diag, "the file is larger than 8 MiB");
		xlpt_diag_fact(diag, "a domain's XML has a few KiB");
		return XLPT_ERR_SYNTAX;
	}
	nul = memchr(buf, 0, len);
	if (nul && len >= 4 &&
	    (memcmp(buf, "\xff\xfe", 2) == 0 || memcmp(buf, "\xfe\xff", 2) == 0 ||
	     memcmp(buf, "<\0?\0", 4) == 0 || memcmp(buf, "\0<\0?", 4) == 0)) {
		if (len > XLPT_LV_MAX_WIDE)
			return refuse(file, buf, 0, diag, "a UTF-16 file larger than 1 MiB");
		return 0;
	}
	if (nul)
		return refuse(file, buf, (size_t)(nul - buf), diag,
			      "a NUL byte: this is binary data, not XML");
	for (size_t i = 0; i < len;) {
		const char *lt = memchr(buf + i, '<', len - i);
		size_t at;
		char quote = 0;

		if (!lt)
			break;
		at = (size_t)(lt - buf);
		if (len - at >= 4 && memcmp(lt, "<!--", 4) == 0) {
			i = skip_to(buf, len, at + 4, "-->");
		} else if (len - at >= 9 && memcmp(lt, "<![CDATA[", 9) == 0) {
			i = skip_to(buf, len, at + 9, "]]>");
		} else {
			for (i = at + 1; i < len && (quote || buf[i] != '>'); i++) {
				if (quote ? buf[i] == quote : buf[i] == '"' || buf[i] == '\'')
					quote = quote ? 0 : buf[i];
				if (i - at > XLPT_LV_MAX_TAG)
					return refuse(file, buf, at, diag,
						      "a tag longer than 16 KiB");
			}
		}
	}
	return 0;
}

int xlpt_lv_parse(const char *buf, size_t len, const char *file, struct xlpt_lv_doc *out,
		  struct xlpt_diag *diag)
{
	xmlStructuredErrorFunc old_handler;
	struct state st = { 0 };
	xmlParserCtxt *c;
	void *old_ctx;
	xmlDoc *doc;
	bool ok;
	int rc;

	*out = (struct xlpt_lv_doc){ .file = file, .text = buf, .len = len, .line = 1 };
	rc = check_bytes(buf, len, file, diag);
	if (rc == 0)
		rc = xlpt_libxml_load(diag);
	if (rc)
		return rc;
	old_handler = xmlStructuredError;
	old_ctx = xmlStructuredErrorContext;
	xmlSetStructuredErrorFunc(&st, on_stray_error);
	c = xmlCreateMemoryParserCtxt(buf, (int)len);
	if (!c) {
		xmlSetStructuredErrorFunc(old_ctx, old_handler);
		free(st.error);
		return refuse(file, buf, 0, diag, "libxml2 cannot take the input");
	}
	/* Neither XML_PARSE_NOENT nor XML_PARSE_DTDLOAD nor XML_PARSE_HUGE. */
	xmlCtxtUseOptions(c, XML_PARSE_NONET | XML_PARSE_NOCDATA);
	c->_private = &st;
	c->sax->serror = on_error;
	c->sax->startElementNs = start_element;
	c->sax->endElementNs = end_element;
	c->sax->entityDecl = entity_decl;
	c->sax->unparsedEntityDecl = unparsed_decl;
	c->sax->elementDecl = element_decl;
	c->sax->attributeDecl = attribute_decl;
	c->sax->notationDecl = notation_decl;
	c->sax->externalSubset = external_subset;
	xmlParseDocument(c);
	doc = XLPT_TAKE(c->myDoc);
	ok = c->wellFormed && !st.why && !st.error && doc && xmlDocGetRootElement(doc);
	xmlFreeParserCtxt(c);
	xmlSetStructuredErrorFunc(old_ctx, old_handler);
	if (!ok) {
		xmlFreeDoc(doc);
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s",
			      st.why	 ? st.why
			      : st.error ? st.error
					 : "malformed XML");
		xlpt_diag_at(diag, file, st.line ? st.line : 1, st.column ? st.column : 1);
		if (st.hint)
			xlpt_diag_hint(diag, "%s", st.hint);
		free(st.error);
		return XLPT_ERR_SYNTAX;
	}
	free(st.error);
	out->xml = doc;
	doc->_private = out;
	return 0;
}

void xlpt_lv_dispose(struct xlpt_lv_doc *doc)
{
	if (doc->xml)
		xmlFreeDoc(doc->xml);
	doc->xml = NULL;
}

/* The offset of an attribute's name inside the tag at start, or start itself. */
static size_t attr_offset(const struct xlpt_lv_doc *doc, size_t start, const char *attr)
{
	size_t n = strlen(attr);
	char quote = 0;

	for (size_t i = start + 1; i + n < doc->len && (quote || doc->text[i] != '>'); i++) {
		char ch = doc->text[i];

		if (quote) {
			quote = ch == quote ? 0 : quote;
		} else if (ch == '"' || ch == '\'') {
			quote = ch;
		} else if (strchr(" \t\r\n", doc->text[i - 1]) &&
			   memcmp(doc->text + i, attr, n) == 0 &&
			   strchr("= \t\r\n", doc->text[i + n])) {
			return i;
		}
	}
	return start;
}

void xlpt_lv_where(struct xlpt_lv_doc *doc, const xmlNode *node, const char *attr, unsigned *line,
		   unsigned *column)
{
	size_t at = (size_t)(uintptr_t)node->_private, n = strlen((const char *)node->name);

	/* In another encoding than the input's own the offset means nothing: then the line alone.
	 */
	if (!at || at + n > doc->len || doc->text[at - 1] != '<') {
		long l = xmlGetLineNo(node);

		*line = l > 0 ? (unsigned)l : 0;
		*column = 0;
		return;
	}
	at = attr ? attr_offset(doc, at - 1, attr) : at - 1;
	if (at < doc->seen) {
		doc->seen = doc->bol = 0;
		doc->line = 1;
	}
	for (; doc->seen < at; doc->seen++) {
		if (doc->text[doc->seen] == '\n') {
			doc->line++;
			doc->bol = doc->seen + 1;
		}
	}
	*line = doc->line;
	*column = (unsigned)(at - doc->bol) + 1;
}

int xlpt_lv_bad(struct xlpt_lv_doc *doc, const xmlNode *node, const char *attr,
		struct xlpt_diag *diag, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	unsigned line, column;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_lv_where(doc, node, attr, &line, &column);
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s", what);
	xlpt_diag_at(diag, doc->file, line, column);
	return XLPT_ERR_SYNTAX;
}
