/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serial = (what QEMU's -serial takes) and channel = [ ... ] (xl.cfg(5)). */
#include "converters/xl/read-internal.h"

#include <string.h>

/* "tcp:HOST:PORT,server,nowait" */
static bool read_tcp(char *s, struct xlpt_chr *c)
{
	char *opts = strchr(s, ','), *colon;

	if (opts)
		*opts++ = '\0';
	colon = strrchr(s, ':');
	if (!colon || !colon[1])
		return false;
	*colon = '\0';
	c->host = *s ? xlpt_xstrdup(s) : NULL;
	c->service = xlpt_xstrdup(colon + 1);
	while (opts && *opts) {
		char *end = strchrnul(opts, ',');

		if (*end)
			*end++ = '\0';
		if (!strcmp(opts, "server") || !strcmp(opts, "server=on"))
			c->listen = XLPT_ON;
		else if (!strcmp(opts, "nowait") || !strcmp(opts, "wait=off"))
			c->wait = XLPT_OFF;
		else if (!strcmp(opts, "wait") || !strcmp(opts, "wait=on"))
			c->wait = XLPT_ON;
		else
			return false;
		opts = end;
	}
	return true;
}

/* "unix:PATH,server,nowait" */
static bool read_unix(char *s, struct xlpt_chr *c)
{
	/* clang-format off */
	static const struct { const char *opts; enum xlpt_tri listen, wait; } forms[] = {
		{ "", XLPT_UNSET, XLPT_UNSET }, { ",server", XLPT_ON, XLPT_UNSET },
		{ ",server,nowait", XLPT_ON, XLPT_OFF }, { ",server,wait", XLPT_ON, XLPT_ON },
		{ ",nowait", XLPT_UNSET, XLPT_OFF },
	};
	/* clang-format on */
	size_t n = strcspn(s, ",");

	for (size_t i = 0; n && i < XLPT_ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].opts, s + n)) {
			c->path = xlpt_xstrndup(s, n);
			c->listen = forms[i].listen;
			c->wait = forms[i].wait;
			return true;
		}
	return false;
}

/* "udp:HOST:PORT@BINDHOST:BINDPORT" */
static bool read_udp(char *s, struct xlpt_chr *c)
{
	char *at = strchr(s, '@'), *colon;

	if (at)
		*at++ = '\0';
	colon = strrchr(s, ':');
	if (!colon || !colon[1])
		return false;
	*colon = '\0';
	c->host = *s ? xlpt_xstrdup(s) : NULL;
	c->service = xlpt_xstrdup(colon + 1);
	if (at) {
		colon = strrchr(at, ':');
		if (!colon)
			return false;
		*colon = '\0';
		c->bind_host = *at ? xlpt_xstrdup(at) : NULL;
		c->bind_service = colon[1] ? xlpt_xstrdup(colon + 1) : NULL;
		if (!c->bind_host && !c->bind_service)
			return false;
	}
	return true;
}

static bool read_one(char *s, struct xlpt_chr *c)
{
	/* clang-format off */
	static const struct { const char *word; int kind; } words[] = {
		{ "pty", XLPT_CHR_PTY }, { "null", XLPT_CHR_NULL }, { "vc", XLPT_CHR_VC },
		{ "stdio", XLPT_CHR_STDIO },
	};
	static const struct { const char *prefix; int kind; } prefixes[] = {
		{ "file:", XLPT_CHR_FILE }, { "pipe:", XLPT_CHR_PIPE }, { "tcp:", XLPT_CHR_TCP },
		{ "telnet:", XLPT_CHR_TELNET }, { "udp:", XLPT_CHR_UDP }, { "unix:", XLPT_CHR_UNIX },
	};
	/* clang-format on */

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, s)) {
			c->kind = words[i].kind;
			return true;
		}
	if (*s == '/') {
		c->kind = XLPT_CHR_DEV;
		c->path = xlpt_xstrdup(s);
		return true;
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(prefixes); i++) {
		if (!xlpt_starts(s, prefixes[i].prefix))
			continue;
		s += strlen(prefixes[i].prefix);
		c->kind = prefixes[i].kind;
		switch (c->kind) {
		case XLPT_CHR_FILE:
		case XLPT_CHR_PIPE:
			c->path = xlpt_xstrdup(s);
			return *s;
		case XLPT_CHR_UNIX:
			return read_unix(s, c);
		case XLPT_CHR_UDP:
			return read_udp(s, c);
		default:
			return read_tcp(s, c);
		}
	}
	return false;
}

static void read_serials(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "serial", &values))
		return;
	/* A guest has none unless it is told; libvirt's own conversion writes "none". */
	if (values.n == 1 && xlpt_streq(values.v[0].text, "none"))
		return;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_chr *c = XLPT_DOM_ADD(r->dom, serial);

		xlpt_xl_at(r, values.v[i].off, &c->at);
		if (!values.v[i].text || !read_one(values.v[i].text, c)) {
			/* Their order counts: if the model has no word for one, all are carried. */
			xlpt_dom_set(r->dom, "serial", NULL);
			xlpt_xl_unuse(r, "serial");
			return;
		}
	}
}

static int read_channels(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "channel", &values))
		return 0;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_chr *c;
		char *s = values.v[i].text, *key, *value;

		if (!s)
			return xlpt_xl_bad(r->scan, values.v[i].off, r->diag,
					   "a channel is a string, not a list");
		c = XLPT_DOM_ADD(r->dom, channel);
		xlpt_xl_at(r, values.v[i].off, &c->at);
		while (xlpt_xl_pair(&s, &key, &value)) {
			if (value && !strcmp(key, "name") && !c->name)
				c->name = xlpt_xstrdup(value);
			else if (value && !strcmp(key, "path") && !c->path)
				c->path = xlpt_xstrdup(value);
			else if (value && !strcmp(key, "backend") && !c->backend)
				c->backend = xlpt_xstrdup(value);
			else if (value && !strcmp(key, "connection") && !strcmp(value, "pty"))
				c->kind = XLPT_CHR_PTY;
			else if (value && !strcmp(key, "connection") && !strcmp(value, "socket"))
				c->kind = XLPT_CHR_UNIX;
			else
				xlpt_xl_option(&c->at, key, value);
		}
		/* QEMU is the server ("-chardev socket,...,server=on", libxl_dm.c). */
		if (c->kind == XLPT_CHR_UNIX)
			c->listen = XLPT_ON;
	}
	return 0;
}

int xlpt_xl_read_chars(struct xlpt_xl_reader *r)
{
	/* xl reads serial= of HVM guests only. */
	if (r->dom->type == XLPT_DOM_HVM)
		read_serials(r);
	if (!xlpt_streq(xlpt_xl_string(r, "parallel"), "none"))
		xlpt_xl_unuse(r, "parallel");
	return read_channels(r);
}
