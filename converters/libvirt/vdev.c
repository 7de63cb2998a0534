/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of disks that libvirt takes and libxl does not: each disk gets one that libxl knows, and
 * keeps libvirt's beside it.
 */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/reader.h"
#include "converters/xl/words.h"

#define IDE_DISKS 4

static bool taken(const struct xlpt_dom *dom, const struct xlpt_disk *but, const char *vdev)
{
	for (size_t i = 0; i < dom->n_disk; i++)
		if (&dom->disk[i] != but && xlpt_streq(dom->disk[i].vdev, vdev))
			return true;
	return false;
}

static void rename_disk(struct xlpt_disk *d, const char *vdev)
{
	if (!d->name)
		d->name = XLPT_TAKE(d->vdev);
	free(d->vdev);
	d->vdev = xlpt_xstrdup(vdev);
}

/* The place on IDE that the disk has under that name, or -1. */
static int place_as(const struct xlpt_disk *d, const char *vdev)
{
	int disk;

	if (!vdev || !xlpt_xl_vdev(vdev, &disk) ||
	    (d->dev != XLPT_DISKDEV_CDROM && xlpt_starts(vdev, "sd")))
		return -1;
	return disk;
}

static int ide_place(const struct xlpt_disk *d)
{
	return place_as(d, d->vdev);
}

static bool place_taken(const struct xlpt_dom *dom, const struct xlpt_disk *but, int place)
{
	for (size_t i = 0; i < dom->n_disk; i++)
		if (&dom->disk[i] != but && ide_place(&dom->disk[i]) == place)
			return true;
	return false;
}

/*
 * Free as a name, and of an HVM guest also as the place on IDE that QEMU gives such a disk. own: the name is
 * the disk's own; a CD-ROM moves out of the way of the first disk, which the guest may start from.
 */
static bool is_free(const struct xlpt_dom *dom, const struct xlpt_disk *d, const char *vdev,
		    bool own)
{
	int place = dom->type == XLPT_DOM_HVM ? place_as(d, vdev) : -1;

	if (taken(dom, d, vdev))
		return false;
	if (place < 0 || place >= IDE_DISKS)
		return true;
	/* A CD-ROM on SATA moves out of the way; see move_cdrom. */
	for (size_t i = 0; i < dom->n_disk; i++)
		if (&dom->disk[i] != d && ide_place(&dom->disk[i]) == place &&
		    !xlpt_starts(dom->disk[i].vdev, "sd") &&
		    (!own || place || dom->disk[i].dev != XLPT_DISKDEV_CDROM))
			return false;
	/* QEMU has no read-only disks there. */
	return d->readonly != XLPT_ON || d->dev == XLPT_DISKDEV_CDROM;
}

static bool to_free_xvd(struct xlpt_dom *dom, struct xlpt_disk *d, char from)
{
	for (char c = from; c <= 'z'; c++) {
		char vdev[] = { 'x', 'v', 'd', c, '\0' };

		if (is_free(dom, d, vdev, false)) {
			rename_disk(d, vdev);
			return true;
		}
	}
	return false;
}

/* "vdb" is "xvdb", or else the next that is free; the same for "hde" and "sdq", which libxl has not. */
static void rename_unknown(struct xlpt_dom *dom, struct xlpt_disk *d)
{
	static const char *const prefixes[] = { "ioemu:", "vd", "ubd", "hd", "sd" };
	const char *rest = NULL;
	_cleanup_free_ char *same = NULL;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(prefixes) && !rest; i++)
		if (xlpt_starts(d->vdev, prefixes[i]))
			rest = d->vdev + strlen(prefixes[i]);
	if (!rest)
		return;
	if (xlpt_starts(d->vdev, "ioemu:"))
		same = xlpt_xstrdup(rest);
	else
		same = xlpt_xasprintf("xvd%s", rest);
	if (xlpt_xl_vdev(same, NULL) && is_free(dom, d, same, true)) {
		rename_disk(d, same);
		return;
	}
	to_free_xvd(dom, d, 'a');
}

/*
 * The last disk with a place on IDE goes beyond them: it was on virtio or SATA, so its guest needs Xen's
 * driver for it anyway. Not the first, which the firmware boots. False: there is none.
 */
static bool free_place(struct xlpt_dom *dom)
{
	for (int place = IDE_DISKS - 1; place > 0; place--)
		for (size_t i = 0; i < dom->n_disk; i++) {
			struct xlpt_disk *d = &dom->disk[i];

			if (d->name && d->dev != XLPT_DISKDEV_CDROM && d->vdev &&
			    ide_place(d) == place && to_free_xvd(dom, d, 'a' + IDE_DISKS))
				return true;
		}
	return false;
}

/*
 * An HVM guest's first four disks, whatever they are called, and its CD-ROMs share four places of
 * IDE (libxl_dm.c): a CD-ROM moves out of a disk's way. False: there is no place more.
 */
static bool move_cdrom(struct xlpt_dom *dom, struct xlpt_disk *d)
{
	static const char *const places[] = { "hdc", "hdd", "hdb", "hda" };
	int place = ide_place(d);

	if (place >= 0 && place < IDE_DISKS && !place_taken(dom, d, place))
		return true;
	for (int second = 0; second < 2; second++) {
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++)
			if (!place_taken(dom, d, places[i][2] - 'a') && !taken(dom, d, places[i])) {
				rename_disk(d, places[i]);
				return true;
			}
		if (!free_place(dom))
			return false;
	}
	return false;
}

static void move_cdroms(struct xlpt_dom *dom)
{
	for (size_t i = 0; dom->type == XLPT_DOM_HVM && i < dom->n_disk; i++)
		if (dom->disk[i].dev == XLPT_DISKDEV_CDROM && dom->disk[i].vdev &&
		    !move_cdrom(dom, &dom->disk[i]))
			return;
}

void xlpt_lv_name_disks(struct xlpt_dom *dom)
{
	/* More than a configuration of xl can list, and each name is looked for among all. */
	if (dom->n_disk > XLPT_DOM_MOST)
		return;
	for (size_t i = 0; i < dom->n_disk; i++)
		if (dom->disk[i].vdev && !xlpt_xl_vdev(dom->disk[i].vdev, NULL))
			rename_unknown(dom, &dom->disk[i]);
	move_cdroms(dom);
}

void xlpt_libvirt_pv_disks(struct xlpt_dom *dom)
{
	if (dom->n_disk > XLPT_DOM_MOST)
		return;
	for (size_t i = 0; i < dom->n_disk; i++)
		if (dom->disk[i].dev != XLPT_DISKDEV_CDROM && dom->disk[i].vdev &&
		    xlpt_starts(dom->disk[i].vdev, "sd"))
			rename_unknown(dom, &dom->disk[i]);
	move_cdroms(dom);
}

void xlpt_libvirt_own_disks(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_disk; i++) {
		struct xlpt_disk *d = &dom->disk[i];

		if (!xlpt_lv_is_vdev(d->name))
			continue;
		free(d->vdev);
		d->vdev = XLPT_TAKE(d->name);
	}
	xlpt_lv_name_disks(dom);
}
