/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's kernel calls its disks under KVM, and what under Xen; what is left to do for them. */
#include <stdlib.h>
#include <string.h>

#include "converters/for-xen.h"
#include "converters/xl/xl.h"
#include "core/text.h"

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

/* A part of the XML that is a disk of a type that the model has no place for (nvme, vhostuser, dir, ...). */
static bool is_other_disk(const struct xlpt_carry *c)
{
	_cleanup_free_ char *device = NULL;

	if (c->side != XLPT_SIDE_LIBVIRT || strcmp(c->path, "devices/disk") != 0)
		return false;
	device = xlpt_for_xen_attr(c->text, "disk", "device");
	return !xlpt_streq(device, "cdrom") && !xlpt_streq(device, "floppy");
}

/* How many of these the guest's kernel finds before d. */
static unsigned others_before(const struct xlpt_dom *dom, const struct xlpt_disk *d)
{
	unsigned before = 0;

	for (size_t i = 0; i < dom->extra.n; i++) {
		struct xlpt_disk o = { 0 };

		if (!is_other_disk(&dom->extra.items[i]))
			continue;
		o.name = xlpt_for_xen_attr(dom->extra.items[i].text, "target", "dev");
		o.bus = xlpt_for_xen_attr(dom->extra.items[i].text, "target", "bus");
		before += is_virtio(&o) == is_virtio(d) && place(&o) < place(d);
		free(o.name);
		free(o.bus);
	}
	return before;
}

/* The kernel calls disks on virtio vdX and those on every other bus sdX, in their order; a CD-ROM is none. */
char *xlpt_for_xen_old_name(const struct xlpt_dom *dom, const struct xlpt_disk *d)
{
	unsigned before = others_before(dom, d);

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

/* ---- what is left to do ---- */

/* The image that takes the place of one that xl cannot read. False: the disk is left out. */
static bool list_image(const struct xlpt_disk *d, const char *name, const char *strange,
		       struct xlpt_losses *losses)
{
	_cleanup_free_ char *made = xlpt_xl_made_image(d), *command = NULL;

	if (made)
		command = xlpt_xl_image_command(d->target, made, strange);
	if (made)
		xlpt_todo_add(losses, "host: disk %s: xl has no images of type %s: %s", name,
			      strange, command);
	else
		xlpt_todo_add(
			losses,
			"host: disk %s: xl has no images of type %s, and it is not in the "
			"configuration: qemu-img convert it to qcow2 or raw, and add it to disk=",
			name, strange);
	return made;
}

/* now: the name that it would have under xl, or NULL. */
static void list_missing_disk(const char *name, const char *now, struct xlpt_losses *losses)
{
	xlpt_todo_add(losses,
		      "host: disk %s is not in the configuration: make its source a file or a "
		      "device of the host (iscsiadm, nbd-client, ...) and add it to disk=%s%s",
		      name, now ? " as " : "", now ? now : "");
}

/* A volume is a file or a device, and libvirt knows which one. False: it is none. */
static bool list_volume(const struct xlpt_disk *d, const char *name, struct xlpt_losses *losses)
{
	const char *source = xlpt_for_xen_part(&d->at, "source");
	_cleanup_free_ char *pool = source ? xlpt_for_xen_attr(source, "source", "pool") : NULL;
	_cleanup_free_ char *volume = source ? xlpt_for_xen_attr(source, "source", "volume") : NULL;

	if (d->kind != XLPT_DISK_VOLUME || !pool || !volume)
		return false;
	xlpt_todo_add(losses,
		      "host: %s %s is a volume of libvirt's: name what virsh vol-path --pool %s %s "
		      "prints in disk=, as %s",
		      d->dev == XLPT_DISKDEV_CDROM ? "CD-ROM" : "disk", name, XLPT_WORD(pool),
		      XLPT_WORD(volume), d->vdev ? d->vdev : name);
	return true;
}

/* What xl writes no disk for, or not as it is. */
static bool lacks(const struct xlpt_dom *dom, const struct xlpt_disk *d, struct xlpt_losses *losses)
{
	const char *name = d->name ? d->name : d->vdev;
	const char *strange = d->target && *d->target ? xlpt_xl_strange_image(dom, d) : NULL;
	bool left_out = false;

	if (xlpt_for_xen_part(&d->at, "source/encryption") ||
	    xlpt_for_xen_part(&d->at, "encryption")) {
		_cleanup_free_ char *made = strange ? xlpt_xl_made_image(d) : NULL;

		left_out = strange && !made;
		xlpt_todo_add(losses,
			      "host: disk %s is encrypted: open it on the host (cryptsetup), "
			      "or qemu-img convert it, and name what is open in disk=",
			      name);
	} else if (strange) {
		left_out = !list_image(d, name, strange, losses);
	}
	if (d->dev == XLPT_DISKDEV_FLOPPY) {
		xlpt_todo_add(losses, "floppy drive %s: xl has none", name);
		return true;
	}
	if (d->target && *d->target) {
		if (xlpt_for_xen_part(&d->at, "auth") && xlpt_starts(d->target, "rbd:"))
			xlpt_todo_add(losses,
				      "host: disk %s: xl has no secret for its server, which "
				      "refuses the guest: map the image (rbd map) and name its "
				      "device in disk=",
				      name);
		return left_out;
	}
	if (list_volume(d, name, losses))
		return true;
	if (d->dev != XLPT_DISKDEV_CDROM)
		list_missing_disk(name, d->vdev, losses);
	else if (xlpt_for_xen_part(&d->at, "source"))
		xlpt_todo_add(losses,
			      "host: CD-ROM %s is empty, as xl cannot reach its medium: make it a "
			      "file of the host and name it in disk=",
			      name);
	return true;
}

/* Of a drive that KVM's QEMU uses by itself. */
static bool nvme_address(const char *xml, struct xlpt_bdf *out)
{
	static const char *const parts[] = { "domain", "bus", "slot", "function" };
	const char *source = strstr(xml, "<source ");
	_cleanup_str_ struct xlpt_str s = { 0 };

	for (size_t i = 0; source && i < XLPT_ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *n = xlpt_for_xen_attr(source, "address", parts[i]);

		xlpt_str_addf(&s, "%s%lx",
			      !i      ? ""
			      : i < 3 ? ":"
				      : ".",
			      n ? strtoul(n, NULL, 0) : 0);
	}
	return s.len && xlpt_bdf_parse(s.s, s.len, out, NULL) == 0;
}

static void list_other_disk(const char *xml, struct xlpt_losses *losses)
{
	_cleanup_free_ char *name = xlpt_for_xen_attr(xml, "target", "dev");
	_cleanup_free_ char *type = xlpt_for_xen_attr(xml, "disk", "type");
	struct xlpt_bdf bdf;

	if (xlpt_streq(type, "nvme") && nvme_address(xml, &bdf))
		xlpt_todo_add(losses,
			      "host: disk %s is an NVMe drive that KVM's QEMU uses by itself: pass "
			      "it on, with \"%s\" in pci=, or name its block device in disk=",
			      name ? name : "", XLPT_BDF_STR(bdf));
	else
		list_missing_disk(name ? name : "", NULL, losses);
}

void xlpt_for_xen_list_disks(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	_cleanup_str_ struct xlpt_str names = { 0 };

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];
		_cleanup_free_ char *from = NULL, *to = NULL;

		if (!d->vdev || lacks(dom, d, losses) || d->dev == XLPT_DISKDEV_CDROM)
			continue;
		from = xlpt_for_xen_old_name(dom, d);
		to = xlpt_for_xen_new_name(d);
		xlpt_str_addf(&names, "%s%s is %s", names.len ? ", " : "", from, to);
	}
	for (size_t i = 0; i < dom->extra.n; i++)
		if (is_other_disk(&dom->extra.items[i]))
			list_other_disk(dom->extra.items[i].text, losses);
	if (names.len)
		xlpt_todo_add(losses,
			      "fstab, crypttab, boot loader: UUID= or LABEL= instead of names of "
			      "disks (%s)",
			      names.s);
}
