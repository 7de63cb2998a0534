/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/rbd.h"

#include <ctype.h>
#include <string.h>

#include "converters/libvirt/words.h"

static const char auth[] = ":auth_supported=none";
static const char hosts[] = ":mon_host=";

char *xlpt_lv_rbd_read(const xmlNode *source)
{
	const char *name = xlpt_lv_peek(source, "name");
	_cleanup_str_ struct xlpt_str out = { 0 };
	bool first = true;

	if (!xlpt_streq(xlpt_lv_peek(source, "protocol"), "rbd") || !name || !*name ||
	    strpbrk(name, ":\\;,"))
		return NULL;
	for (const xmlAttr *a = source->properties; a; a = a->next)
		/* index is of the running domain. */
		if (a->ns || (strcmp((const char *)a->name, "protocol") &&
			      strcmp((const char *)a->name, "name") &&
			      strcmp((const char *)a->name, "index")))
			return NULL;
	xlpt_str_addf(&out, "rbd:%s%s", name, auth);
	for (xmlNode *h = xlpt_lv_next((xmlNode *)source, NULL); h;
	     h = xlpt_lv_next((xmlNode *)source, h)) {
		const char *host = xlpt_lv_peek(h, "name"), *port = xlpt_lv_peek(h, "port");

		if (!xlpt_lv_is(h, "host") || !xlpt_lv_only(h, "name", "port", NULL) ||
		    !xlpt_lv_is_host(host) ||
		    (port && (!*port || strspn(port, "0123456789") != strlen(port))))
			return NULL;
		xlpt_str_add(&out, first ? hosts : "\\;");
		first = false;
		if (strchr(host, ':')) { /* IPv6: brackets, and its colons escaped */
			xlpt_str_add(&out, "[");
			for (const char *c = host; *c; c++)
				xlpt_str_addf(&out, "%s%c", *c == ':' ? "\\" : "", *c);
			xlpt_str_add(&out, "]");
		} else {
			xlpt_str_add(&out, host);
		}
		if (port)
			xlpt_str_addf(&out, "\\:%s", port);
	}
	return xlpt_str_take(&out);
}

/* One HOST[\:PORT], NUL-terminated; false when it has another form. */
static bool write_host(xmlNode *source, char *text)
{
	const char *port = NULL;
	char *w = text, *close;
	xmlNode *h;

	if (*text == '[') {
		close = strchr(text, ']');
		if (!close)
			return false;
		*close = '\0';
		if (close[1]) {
			if (close[1] != '\\' || close[2] != ':')
				return false;
			port = close + 3;
		}
		for (char *c = ++text; *c; c++)
			if (*c != '\\')
				*w++ = *c;
		*w = '\0';
		text--;
	} else if ((close = strstr(text, "\\:"))) {
		*close = '\0';
		port = close + 2;
	}
	if (!xlpt_lv_is_host(text) ||
	    (port && (!*port || strspn(port, "0123456789") != strlen(port))))
		return false;
	h = xlpt_lv_add(source, "host");
	xlpt_lv_set(h, "name", text);
	xlpt_lv_set(h, "port", port);
	return true;
}

bool xlpt_lv_rbd_write(xmlNode *source, const char *target)
{
	_cleanup_free_ char *copy = NULL, *back = NULL;
	char *name, *rest, *next;

	if (!target || !xlpt_starts(target, "rbd:"))
		return false;
	copy = xlpt_xstrdup(target);
	name = copy + 4;
	rest = strstr(name, auth);
	if (!rest)
		return false;
	*rest = '\0';
	rest += strlen(auth);
	if (*rest && !xlpt_starts(rest, hosts))
		return false;
	xlpt_lv_set(source, "protocol", "rbd");
	xlpt_lv_set(source, "name", name);
	rest += *rest ? strlen(hosts) : 0;
	for (; rest && *rest; rest = next) {
		next = strstr(rest, "\\;");
		if (next) {
			*next = '\0';
			next += 2;
		}
		if (!write_host(source, rest))
			break;
	}
	/* What does not read back the same had another form after all. */
	back = xlpt_lv_rbd_read(source);
	if (xlpt_streq(back, target))
		return true;
	while (source->children) {
		xmlNode *n = source->children;

		xmlUnlinkNode(n);
		xmlFreeNode(n);
	}
	xmlUnsetProp(source, (const xmlChar *)"protocol");
	xmlUnsetProp(source, (const xmlChar *)"name");
	return false;
}
