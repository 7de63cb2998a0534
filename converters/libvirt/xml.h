/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML underneath the libvirt reader and writer; private to converters/libvirt.
 *
 * Reading keeps book of what was understood. A function that fetches an element
 * or an attribute marks it; what is unmarked when a device, or the whole
 * document, has been read is the rest, and the rest is carried. So an element
 * nobody thought of cannot be lost.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_XML_H
#define XLPT_CONVERTERS_LIBVIRT_XML_H

#include "converters/libvirt/libxml.h"
#include "core/bdf.h"
#include "core/diag.h"

/*
 * What a document may be. A domain with hundreds of devices has about 100 KiB; the depth is three
 * times what libvirt's schema can reach. The tag limit bounds libxml2's search for duplicate
 * attributes, which takes the square of their number.
 */
#define XLPT_LV_MAX_BYTES    (8u << 20)
#define XLPT_LV_MAX_WIDE     (1u << 20) /* UTF-16 and the like, which the tag check cannot read */
#define XLPT_LV_MAX_TAG	     (16u << 10)
#define XLPT_LV_MAX_DEPTH    64
#define XLPT_LV_MAX_ELEMENTS 100000

struct xlpt_lv_doc {
	xmlDoc *xml;
	const char *file; /* for messages; may be NULL */
	const char *text; /* the input, as long as the document lives */
	size_t len;
	size_t seen;	      /* lines are counted up to here, */
	unsigned line;	      /* it lies in this line, */
	size_t bol;	      /* which begins here */
	const xmlNode *twice; /* the first element that should have stood once */
};

/* buf and file must outlive the document, and *out must stay where it is. */
int xlpt_lv_parse(const char *buf, size_t len, const char *file, struct xlpt_lv_doc *out,
		  struct xlpt_diag *diag);
void xlpt_lv_dispose(struct xlpt_lv_doc *doc);
#define _cleanup_lv_doc_ XLPT_CLEANUP(xlpt_lv_dispose)

/* Where an element, or its attribute when attr is not NULL, stands in the input. */
void xlpt_lv_where(struct xlpt_lv_doc *doc, const xmlNode *node, const char *attr, unsigned *line,
		   unsigned *column);

/* A malformed value: SYNTAX with file:line:column. attr may be NULL. Returns the code. */
int xlpt_lv_bad(struct xlpt_lv_doc *doc, const xmlNode *node, const char *attr,
		struct xlpt_diag *diag, const char *fmt, ...) XLPT_PRINTF(5, 6);

/* ---- reading; names are without namespace, and elements that have one do not match */

bool xlpt_lv_is(const xmlNode *node, const char *name);
/* The child of that name, NULL when there is none or node is NULL. Marks it; a second one is noted. */
xmlNode *xlpt_lv_child(xmlNode *node, const char *name);
/*
 * Refuses a document in which such a second one was noted: libvirt reads the first and its schema
 * has no place for the other, so what is meant is anybody's guess.
 */
int xlpt_lv_check_once(struct xlpt_lv_doc *doc, struct xlpt_diag *diag);
/* The first child of a name that may stand several times. Marks nothing. */
xmlNode *xlpt_lv_first(xmlNode *node, const char *name);
/* For loops: the next element after *at (NULL: the first) whatever its name; marks nothing. */
xmlNode *xlpt_lv_next(xmlNode *parent, xmlNode *at);
/* An attribute's value, NULL when it is not there. Marks it. Lives as long as the document. */
const char *xlpt_lv_attr(xmlNode *node, const char *name);
/* The same without a mark: to look before deciding. */
const char *xlpt_lv_peek(const xmlNode *node, const char *name);
/* The text of an element without child elements, NULL otherwise. Marks. */
char *xlpt_lv_raw(xmlNode *node);
char *xlpt_lv_said(xmlNode *node);	  /* the same; an empty one says nothing (virXPathString) */
char *xlpt_lv_text(xmlNode *node);	  /* without the blanks around it */
void xlpt_lv_mark(xmlNode *node);	  /* understood; its contents decide for themselves */
void xlpt_lv_mark_whole(xmlNode *node);	  /* with everything in it */
void xlpt_lv_unmark_whole(xmlNode *node); /* taken back: it becomes part of the rest */
/* True when the element has no attribute but those named (NULL ends the list) and no child. */
bool xlpt_lv_only(const xmlNode *node, ...) __attribute__((sentinel));

/*
 * A number as libvirt reads it, strtoul with base 0: 0x and leading-zero octal mean what they mean
 * in C. Returns 0 with *has false when the attribute is missing.
 */
int xlpt_lv_uint(struct xlpt_lv_doc *doc, xmlNode *node, const char *attr, uint64_t max,
		 uint64_t *out, bool *has, struct xlpt_diag *diag);
bool xlpt_lv_number(const char *s, uint64_t max, uint64_t *out);

/* <… domain= bus= slot= function=>, each missing one 0. */
int xlpt_lv_pci_address(struct xlpt_lv_doc *doc, xmlNode *node, struct xlpt_bdf *out,
			struct xlpt_diag *diag);

/*
 * Tells every part of the rest below top: path is relative to top ("driver/@cache", "memtune"),
 * text the value of the attribute or the element as one line of XML.
 */
typedef void xlpt_lv_rest_fn(void *ctx, const char *path, const char *text, unsigned line,
			     unsigned column);
void xlpt_lv_rest(struct xlpt_lv_doc *doc, xmlNode *top, xlpt_lv_rest_fn *fn, void *ctx);

/* ---- writing */

xmlNode *xlpt_lv_add(xmlNode *parent, const char *name);
/* An element with text; a text that is NULL or not sayable adds nothing and returns NULL. */
xmlNode *xlpt_lv_add_text(xmlNode *parent, const char *name, const char *text);
/* A value that is NULL or not sayable sets nothing. */
void xlpt_lv_set(xmlNode *node, const char *attr, const char *value);
void xlpt_lv_setf(xmlNode *node, const char *attr, const char *fmt, ...) XLPT_PRINTF(3, 4);
/* The child of that name, made when it is not there yet. */
xmlNode *xlpt_lv_need(xmlNode *parent, const char *name);
/* domain=, bus=, slot=, function= in libvirt's own spelling. */
void xlpt_lv_set_pci(xmlNode *node, struct xlpt_bdf bdf);

/* Puts a part of the rest back; false when the text is no XML or the path is malformed. */
bool xlpt_lv_restore(xmlNode *top, const char *path, const char *text);

/* True when XML can carry the text: UTF-8 without control characters. */
bool xlpt_lv_sayable(const char *text);

/* The element as text: indented as libvirt does it, or (line) as one line. */
void xlpt_lv_save(const xmlNode *node, bool line, struct xlpt_str *out);

#endif
