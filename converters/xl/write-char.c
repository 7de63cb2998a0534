/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serial= and channel=, and the commands for what libvirt sets on a VF before the guest starts. */
#include "converters/xl/write-internal.h"

#include <string.h>

static char *serial_text(const struct xlpt_chr *c)
{
	static const char *const words[] = { [XLPT_CHR_PTY] = "pty",
					     [XLPT_CHR_NULL] = "null",
					     [XLPT_CHR_VC] = "vc",
					     [XLPT_CHR_STDIO] = "stdio" };
	struct xlpt_str s = { 0 };

	switch (c->kind) {
	case XLPT_CHR_PTY:
	case XLPT_CHR_NULL:
	case XLPT_CHR_VC:
	case XLPT_CHR_STDIO:
		return xlpt_xstrdup(words[c->kind]);
	case XLPT_CHR_FILE:
		return c->path && *c->path ? xlpt_xasprintf("file:%s", c->path) : NULL;
	case XLPT_CHR_PIPE:
		return c->path && *c->path ? xlpt_xasprintf("pipe:%s", c->path) : NULL;
	case XLPT_CHR_DEV:
		return c->path && *c->path == '/' ? xlpt_xstrdup(c->path) : NULL;
	case XLPT_CHR_UNIX:
		if (!c->path || !*c->path || strchr(c->path, ','))
			return NULL;
		xlpt_str_addf(&s, "unix:%s", c->path);
		break;
	case XLPT_CHR_TCP:
	case XLPT_CHR_TELNET:
		if (!c->service || !*c->service || strpbrk(c->service, ",:") ||
		    (c->host && strchr(c->host, ',')))
			return NULL;
		xlpt_str_addf(&s, "%s:%s:%s", c->kind == XLPT_CHR_TCP ? "tcp" : "telnet",
			      c->host ? c->host : "", c->service);
		break;
	case XLPT_CHR_UDP:
		if (!c->service || !*c->service || strpbrk(c->service, ",:@") ||
		    (c->host && strchr(c->host, '@')))
			return NULL;
		xlpt_str_addf(&s, "udp:%s:%s", c->host ? c->host : "", c->service);
		if (c->bind_host || c->bind_service)
			xlpt_str_addf(&s, "@%s:%s", c->bind_host ? c->bind_host : "",
				      c->bind_service ? c->bind_service : "");
		return xlpt_str_take(&s);
	default:
		return NULL;
	}
	if (c->listen == XLPT_ON)
		xlpt_str_add(&s, ",server");
	if (c->wait != XLPT_UNSET)
		xlpt_str_add(&s, c->wait == XLPT_ON ? ",wait" : ",nowait");
	return xlpt_str_take(&s);
}

static void write_serials(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_serial; i++) {
		_cleanup_free_ char *s = serial_text(&dom->serial[i]);

		if (s)
			xlpt_xlw_item(&list, s);
	}
	/* One port is a string: lists came with Xen 4.6. */
	if (dom->n_serial == 1 && list.n == 1) {
		_cleanup_free_ char *s = serial_text(&dom->serial[0]);

		xlpt_xlw_string(out, "serial", s);
		xlpt_str_dispose(&list.items);
		return;
	}
	xlpt_xlw_list(out, "serial", &list);
}

void xlpt_xlw_chars(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	if (dom->type == XLPT_DOM_HVM)
		write_serials(dom, out);
	for (size_t i = 0; i < dom->n_channel; i++) {
		const struct xlpt_chr *c = &dom->channel[i];
		_cleanup_str_ struct xlpt_str s = { 0 };

		/* xl exits on a channel that is neither, and on a socket without a path. */
		if (c->kind != XLPT_CHR_PTY &&
		    (c->kind != XLPT_CHR_UNIX || !c->path || !xlpt_xlw_option_ok(c->path)))
			continue;
		xlpt_xlw_option(&s, "connection", c->kind == XLPT_CHR_PTY ? "pty" : "socket");
		xlpt_xlw_option(&s, "path", c->path);
		xlpt_xlw_option(&s, "name", c->name);
		xlpt_xlw_option(&s, "backend", c->backend);
		xlpt_xlw_extra(&s, &c->at);
		xlpt_xlw_item(&list, s.s);
	}
	xlpt_xlw_list(out, "channel", &list);
}

/* ---- commands ---- */

/* A word of a shell command: in single quotes when it needs them, and on one line. */
static void add_word(struct xlpt_str *s, const char *key, const char *value)
{
	_cleanup_free_ char *word = xlpt_xasprintf("%s%s", key, value);

	if (!word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "_-+=:.,/@%")]) {
		xlpt_str_addf(s, " %s", word);
		return;
	}
	xlpt_str_add(s, " '");
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			xlpt_str_add(s, "'\\''");
		else if ((unsigned char)*p < ' ')
			xlpt_str_add(s, "?");
		else
			xlpt_str_addn(s, p, 1);
	}
	xlpt_str_add(s, "'");
}

static void vf_command(const struct xlpt_pci *p, struct xlpt_str *out)
{
	const struct xlpt_netid *id = &p->id;
	_cleanup_str_ struct xlpt_str s = { 0 };

	if (id->mac)
		add_word(&s, "mac=", id->mac);
	/* A VF has one VLAN, set by its PF; a trunk it cannot be given (libvirt refuses it, too). */
	if (id->n_vlan == 1 && id->vlan_trunk != XLPT_ON && id->vlan[0].id.has)
		xlpt_str_addf(&s, " vlan=%llu", (unsigned long long)id->vlan[0].id.v);
	if (id->vport == XLPT_VPORT_QBH && id->profileid) {
		add_word(&s, "virtualport=", "802.1Qbh");
		add_word(&s, "profileid=", id->profileid);
	} else if (id->vport == XLPT_VPORT_QBG && id->managerid.has && id->typeid.has &&
		   id->typeidversion.has) {
		xlpt_str_addf(&s,
			      " virtualport=802.1Qbg managerid=%llu typeid=%llu typeidversion=%llu",
			      (unsigned long long)id->managerid.v, (unsigned long long)id->typeid.v,
			      (unsigned long long)id->typeidversion.v);
		if (id->instanceid)
			add_word(&s, "instanceid=", id->instanceid);
	}
	if (s.len)
		xlpt_str_addf(out, "#xlpt-run: xlpt vf set %s%s\n", XLPT_BDF_STR(p->spec.bdf), s.s);
}

/* "lan,mac=52:54:00:6d:90:02,vlan=9": what xlpt attach can say of the function that it takes. */
static char *pooled_text(const struct xlpt_pci *p)
{
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, p->network);
	if (p->id.mac)
		xlpt_str_addf(&s, ",mac=%s", p->id.mac);
	if (p->id.n_vlan == 1 && p->id.vlan_trunk != XLPT_ON && p->id.vlan[0].id.has)
		xlpt_str_addf(&s, ",vlan=%llu", (unsigned long long)p->id.vlan[0].id.v);
	return xlpt_str_take(&s);
}

void xlpt_xlw_commands(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	for (size_t i = 0; i < dom->n_pci; i++) {
		const struct xlpt_pci *p = &dom->pci[i];

		if (p->network && !p->spec.has_bdf) {
			_cleanup_free_ char *pooled = pooled_text(p);

			xlpt_str_add(out, "#xlpt-run: xlpt attach");
			add_word(out, "", dom->name ? dom->name : "GUEST");
			add_word(out, "pool:", pooled);
			xlpt_str_add(out, "\n");
		} else if (p->spec.has_bdf && !p->spec.all_funcs) {
			vf_command(p, out);
		}
	}
}
