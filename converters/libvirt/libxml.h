/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxml2, loaded when it is first needed (core/lazy.h). What includes this calls its functions as
 * the library's headers declare them: xlpt_libxml_load is called where a document is begun, by who reads
 * or writes one; who gets a node need not.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_LIBXML_H
#define XLPT_CONVERTERS_LIBVIRT_LIBXML_H

#include <libxml/SAX2.h>
#include <libxml/globals.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>

#include "core/diag.h"

/* All of its functions that xlpt calls. */
#define XLPT_LIBXML_CALLS(X)           \
	X(__xmlStructuredError)        \
	X(__xmlStructuredErrorContext) \
	X(xmlAddChild)                 \
	X(xmlAddPrevSibling)           \
	X(xmlCreateMemoryParserCtxt)   \
	X(xmlCtxtUseOptions)           \
	X(xmlDocCopyNode)              \
	X(xmlDocGetRootElement)        \
	X(xmlDocSetRootElement)        \
	X(xmlFreeDoc)                  \
	X(xmlFreeEnumeration)          \
	X(xmlFreeNode)                 \
	X(xmlFreeParserCtxt)           \
	X(xmlGetLineNo)                \
	X(xmlNewComment)               \
	X(xmlNewDoc)                   \
	X(xmlNewNode)                  \
	X(xmlNewNs)                    \
	X(xmlNewText)                  \
	X(xmlParseDocument)            \
	X(xmlReadMemory)               \
	X(xmlSAX2StartElementNs)       \
	X(xmlSAX2EndElementNs)         \
	X(xmlSearchNsByHref)           \
	X(xmlSetNs)                    \
	X(xmlSetNsProp)                \
	X(xmlSetProp)                  \
	X(xmlSetStructuredErrorFunc)   \
	X(xmlStopParser)               \
	X(xmlUnlinkNode)               \
	X(xmlUnsetProp)                \
	X(xmlValidateNCName)

struct xlpt_libxml_calls {
#define X(name) __typeof__(name) *name;
	XLPT_LIBXML_CALLS(X)
#undef X
};
extern struct xlpt_libxml_calls xlpt_libxml;

#define __xmlStructuredError	    (*xlpt_libxml.__xmlStructuredError)
#define __xmlStructuredErrorContext (*xlpt_libxml.__xmlStructuredErrorContext)
#define xmlAddChild		    (*xlpt_libxml.xmlAddChild)
#define xmlAddPrevSibling	    (*xlpt_libxml.xmlAddPrevSibling)
#define xmlCreateMemoryParserCtxt   (*xlpt_libxml.xmlCreateMemoryParserCtxt)
#define xmlCtxtUseOptions	    (*xlpt_libxml.xmlCtxtUseOptions)
#define xmlDocCopyNode		    (*xlpt_libxml.xmlDocCopyNode)
#define xmlDocGetRootElement	    (*xlpt_libxml.xmlDocGetRootElement)
#define xmlDocSetRootElement	    (*xlpt_libxml.xmlDocSetRootElement)
#define xmlFreeDoc		    (*xlpt_libxml.xmlFreeDoc)
#define xmlFreeEnumeration	    (*xlpt_libxml.xmlFreeEnumeration)
#define xmlFreeNode		    (*xlpt_libxml.xmlFreeNode)
#define xmlFreeParserCtxt	    (*xlpt_libxml.xmlFreeParserCtxt)
#define xmlGetLineNo		    (*xlpt_libxml.xmlGetLineNo)
#define xmlNewComment		    (*xlpt_libxml.xmlNewComment)
#define xmlNewDoc		    (*xlpt_libxml.xmlNewDoc)
#define xmlNewNode		    (*xlpt_libxml.xmlNewNode)
#define xmlNewNs		    (*xlpt_libxml.xmlNewNs)
#define xmlNewText		    (*xlpt_libxml.xmlNewText)
#define xmlParseDocument	    (*xlpt_libxml.xmlParseDocument)
#define xmlReadMemory		    (*xlpt_libxml.xmlReadMemory)
#define xmlSAX2EndElementNs	    (*xlpt_libxml.xmlSAX2EndElementNs)
#define xmlSAX2StartElementNs	    (*xlpt_libxml.xmlSAX2StartElementNs)
#define xmlSearchNsByHref	    (*xlpt_libxml.xmlSearchNsByHref)
#define xmlSetNs		    (*xlpt_libxml.xmlSetNs)
#define xmlSetNsProp		    (*xlpt_libxml.xmlSetNsProp)
#define xmlSetProp		    (*xlpt_libxml.xmlSetProp)
#define xmlSetStructuredErrorFunc   (*xlpt_libxml.xmlSetStructuredErrorFunc)
#define xmlStopParser		    (*xlpt_libxml.xmlStopParser)
#define xmlUnlinkNode		    (*xlpt_libxml.xmlUnlinkNode)
#define xmlUnsetProp		    (*xlpt_libxml.xmlUnsetProp)
#define xmlValidateNCName	    (*xlpt_libxml.xmlValidateNCName)

int xlpt_libxml_load(struct xlpt_diag *diag);

#endif
