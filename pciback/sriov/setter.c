/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/sriov/setter.h"

#include <string.h>

#include "pciback/sriov/setter-internal.h"

static void clear(struct xlpt_setter *s)
{
	free(s->file);
	free(s->base);
	free(s->name);
}

void xlpt_setters_dispose(struct xlpt_setters *s)
{
	for (size_t i = 0; i < s->n; i++)
		clear(&s->items[i]);
	free(s->items);
	*s = (struct xlpt_setters){ 0 };
}

struct xlpt_setter *xlpt_setter_add(struct xlpt_setters *out, enum xlpt_setter_kind kind,
				    const char *program, const char *file, unsigned line, int count)
{
	/* More than any host has: one beyond that takes the place of the last. */
	if (out->n == XLPT_SETTERS)
		clear(&out->items[--out->n]);
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n] = (struct xlpt_setter){ .kind = kind,
						   .program = program,
						   .file = xlpt_xstrdup(file),
						   .line = line,
						   .count = count };
	return &out->items[out->n++];
}

/* udev keeps what it found out about an interface in one file, by the interface's number. */
static void read_udev(struct xlpt_pf_names *names)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	long long number;
	char *cursor, *line;

	if (xlpt_host_read_long(names->h, &number, "/sys/class/net/%s/ifindex", names->ifname) < 0)
		return;
	path = xlpt_xasprintf("/run/udev/data/n%lld", number);
	text = xlpt_setter_text(names->h, path);
	for (cursor = text; cursor && (line = xlpt_setter_word(&cursor, "\n"));) {
		if (xlpt_starts(line, "E:ID_NET_LINK_FILE=") && !names->link_file)
			names->link_file = xlpt_xstrdup(strchr(line, '=') + 1);
		else if (xlpt_starts(line, "E:ID_PATH=") && !names->path)
			names->path = xlpt_xstrdup(strchr(line, '=') + 1);
		/* "enx525400000010", only for an address that is the card's own. */
		else if (xlpt_starts(line, "E:ID_NET_NAME_MAC=enx") && strlen(line) == 33 &&
			 !names->burnt_mac)
			names->burnt_mac = xlpt_xasprintf("%.2s:%.2s:%.2s:%.2s:%.2s:%.2s",
							  line + 21, line + 23, line + 25,
							  line + 27, line + 29, line + 31);
	}
}

static void names_read(struct xlpt_host *h, const struct xlpt_pf *pf, struct xlpt_pf_names *names)
{
	*names = (struct xlpt_pf_names){ .h = h, .ifname = pf->ifname, .driver = pf->driver };
	xlpt_bdf_format(pf->bdf, XLPT_BDF_SYSFS, names->bdf);
	if (pf->ifname) {
		xlpt_host_read_text(h, &names->mac, "/sys/class/net/%s/address", pf->ifname);
		read_udev(names);
	}
	if (!names->burnt_mac)
		names->burnt_mac = xlpt_xstrdup(names->mac);
	if (!names->path)
		names->path = xlpt_xasprintf("pci-%s", names->bdf);
}

void xlpt_setters_read(struct xlpt_host *h, const struct xlpt_pf *pf, struct xlpt_setters *out)
{
	struct xlpt_pf_names names;

	*out = (struct xlpt_setters){ 0 };
	names_read(h, pf, &names);
	xlpt_setter_nm(&names, out);
	xlpt_setter_netplan(&names, out);
	xlpt_setter_systemd(&names, out);
	xlpt_setter_rules(&names, out);
	xlpt_setter_lines(&names, out);
	free(names.mac);
	free(names.burnt_mac);
	free(names.path);
	free(names.link_file);
}
