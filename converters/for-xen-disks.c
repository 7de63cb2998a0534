/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's kernel calls its disks under KVM, and what under Xen. */
#include <string.h>

#include "converters/for-xen.h"

static const char *said_name(const struct xlpt_disk *d)
{
	return d->name ? d->name : d->vdev ? d->vdev : "";
}

static bool is_virtio(const struct xlpt_disk *d)
{
	return d->bus ? xlpt_streq(d->bus, "virtio") : xlpt_starts(said_name(d), "vd");
}

/* Of "sdab" "ab". */
static const char *letters(const char *name)
{
	size_t n = strcspn(name, "d");

	return name[n] ? name + n + 1 : "";
}

/*
 * Before whom a disk is found: libvirt gives it its place on its bus by its name, and the buses are looked
 * through one after the other.
 */
static unsigned place(const struct xlpt_disk *d)
{
	static const char *const buses[] = { "ide", "sata", "scsi", "usb" };
	unsigned n = 0, bus = 0;

	if (!d->bus)
		bus = xlpt_starts(said_name(d), "hd") ? 0 : 2;
	else
		while (bus < XLPT_ARRAY_SIZE(buses) && strcmp(buses[bus], d->bus) != 0)
			bus++;
	for (const char *s = letters(said_name(d)); *s >= 'a' && *s <= 'z' && n < 65536; s++)
		n = n * 26 + (unsigned)(*s - 'a' + 1);
	return is_virtio(d) ? n : bus << 24 | n;
}

/* The kernel calls disks on virtio vdX and those on every other bus sdX, in their order; a CD-ROM is none. */
char *xlpt_for_xen_old_name(const struct xlpt_dom *dom, const struct xlpt_disk *d)
{
	unsigned before = 0;

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *o = &dom->disk[i];

		if (o->dev == XLPT_DISKDEV_CDROM || o->dev == XLPT_DISKDEV_FLOPPY || !o->vdev ||
		    is_virtio(o) != is_virtio(d))
			continue;
		before += place(o) < place(d) || (place(o) == place(d) && o < d);
	}
	if (before >= 26)
		return xlpt_xstrdup(said_name(d));
	return xlpt_xasprintf("%cd%c", is_virtio(d) ? 'v' : 's', 'a' + before);
}

char *xlpt_for_xen_new_name(const struct xlpt_disk *d)
{
	return xlpt_xasprintf("xvd%s", letters(d->vdev));
}

static char *replaced(const char *s, const char *from, const char *to)
{
	struct xlpt_str out = { 0 };
	const char *hit;

	for (; (hit = strstr(s, from)); s = hit + strlen(from)) {
		char next = hit[strlen(from)];

		xlpt_str_addn(&out, s, (size_t)(hit - s));
		xlpt_str_add(&out, next >= 'a' && next <= 'z' ? from : to);
	}
	xlpt_str_add(&out, s);
	return xlpt_str_take(&out);
}

void xlpt_for_xen_roots(struct xlpt_dom *dom)
{
	for (size_t i = 0; dom->cmdline && i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];
		_cleanup_free_ char *from = NULL, *to = NULL, *old = NULL, *new = NULL;

		if (!d->vdev || d->dev == XLPT_DISKDEV_CDROM || d->dev == XLPT_DISKDEV_FLOPPY)
			continue;
		old = xlpt_for_xen_old_name(dom, d);
		new = xlpt_for_xen_new_name(d);
		from = xlpt_xasprintf("/dev/%s", old);
		to = xlpt_xasprintf("/dev/%s", new);
		free(old);
		old = dom->cmdline;
		dom->cmdline = replaced(old, from, to);
	}
}
