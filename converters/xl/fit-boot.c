/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <boot order=> of libvirt's devices as xl's boot=, which has classes of devices. */
#include <fnmatch.h>

#include "converters/xl/xl.h"

enum { FLOPPY, DISK, CDROM, NET, CLASSES };

static const char letters[] = "acdn";

struct classes {
	uint64_t least[CLASSES]; /* order; 0 = none */
	unsigned n[CLASSES];	 /* devices so far */
	bool exact;		 /* each order is that of the device which boot= means */
};

/* first: it may be the device that the BIOS takes of its class. */
static void add(struct classes *c, struct xlpt_num order, int class, bool first)
{
	first &= !c->n[class]++;
	if (!order.has)
		return;
	c->exact &= first && order.v != 0;
	if (order.v && (!c->least[class] || order.v < c->least[class]))
		c->least[class] = order.v;
}

/* The classes in the order of their first devices. */
static void sort(struct classes *c, char *boot)
{
	for (;;) {
		int next = CLASSES;

		for (int i = 0; i < CLASSES; i++) {
			if (!c->least[i])
				continue;
			/* Not the same twice (virDomainDeviceBootParseXML). */
			if (next < CLASSES && c->least[i] == c->least[next])
				c->exact = false;
			if (next == CLASSES || c->least[i] < c->least[next])
				next = i;
		}
		if (next == CLASSES)
			return;
		*boot++ = letters[next];
		c->least[next] = 0;
	}
}

char *xlpt_xl_boot_by_devices(const struct xlpt_dom *dom, bool *exact)
{
	struct classes c = { .exact = true };
	char boot[CLASSES + 1] = { 0 };

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];
		int class = d->dev == XLPT_DISKDEV_CDROM    ? CDROM
			    : d->dev == XLPT_DISKDEV_FLOPPY ? FLOPPY
							    : DISK;

		add(&c, d->boot_order, class,
		    class != DISK || (d->vdev && fnmatch("*da", d->vdev, 0) == 0));
	}
	for (size_t i = 0; i < dom->n_net; i++)
		add(&c, dom->net[i].boot_order, NET, true);
	for (size_t i = 0; i < dom->n_pci; i++)
		c.exact &= !dom->pci[i].boot_order.has;
	sort(&c, boot);
	if (exact)
		*exact = c.exact;
	return *boot ? xlpt_xstrdup(boot) : NULL;
}

void xlpt_xl_fit_boot(struct xlpt_dom *dom)
{
	if (dom->type == XLPT_DOM_HVM && !dom->boot)
		dom->boot = xlpt_xl_boot_by_devices(dom, NULL);
}
