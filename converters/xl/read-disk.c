/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk = [ ... ] as xl-disk-configuration(5) has it. libxlutil reads each entry; a scan of our own
 * beside it tells what was said from what libxlutil fills in, and finds what the model has no word for.
 */
#include "converters/xl/read-internal.h"

#include <string.h>

struct disk_reader {
	struct xlpt_xl_reader *r;
	struct xlpt_disk *d;
	bool access_set, prefix;
};

static void set(char **p, const char *s)
{
	if (*s) { /* libxlutil lets an empty one stand for nothing */
		free(*p);
		*p = xlpt_xstrdup(s);
	}
}

static void access_mode(struct xlpt_disk *d, const char *s)
{
	d->readonly = *s == 'r' && strcmp(s, "rw") != 0 ? XLPT_ON : XLPT_OFF;
}

/* "hdc:cdrom" */
static bool vdev_and_type(struct xlpt_disk *d, char *s)
{
	char *colon = strrchr(s, ':');

	if (!colon)
		return false;
	*colon++ = '\0';
	set(&d->vdev, s);
	d->dev = !strcmp(colon, "cdrom") ? XLPT_DISKDEV_CDROM : XLPT_DISKDEV_DISK;
	return true;
}

static void positional(struct disk_reader *dr, char *s)
{
	struct xlpt_disk *d = dr->d;

	if (!d->target) {
		d->target = xlpt_xstrdup(s);
	} else if (!dr->prefix && !d->format) {
		if (!*d->target && vdev_and_type(d, s))
			d->format = XLPT_FMT_EMPTY;
		else
			d->format = *s ? xlpt_xl_word(xlpt_xl_formats, s) : XLPT_FMT_RAW;
	} else if (!d->vdev) {
		if (!vdev_and_type(d, s))
			set(&d->vdev, s);
	} else if (!dr->access_set) {
		dr->access_set = true;
		access_mode(d, s);
	}
}

/*
 * "file:/x", "tap:qcow2:/x", "drbd:x": forms of xend's time. They stand in front of the target, or of
 * the name ("ioemu:hda"), or behind other keys. Returns what is left of s.
 */
static char *prefixes(struct disk_reader *dr, char *s)
{
	static const char *const plain[] = {
		"tapdisk", "tap2", "tap", "aio", "ioemu", "file", "phy"
	};
	static const char *const formats[] = { "raw", "qcow2", "qcow", "vhd" };
	static const char *const scripts[] = { "iscsi", "enbd", "nbd", "drbd" };

	for (;;) {
		size_t n = strcspn(s, ":,=/"), i;
		bool hit = false;

		if (s[n] != ':')
			return s;
#define IS(list) (strlen((list)[i]) == n && !strncmp((list)[i], s, n))
		for (i = 0; !hit && i < XLPT_ARRAY_SIZE(plain); i++)
			hit = IS(plain);
		for (i = 0; !hit && i < XLPT_ARRAY_SIZE(formats); i++)
			if ((hit = IS(formats)))
				dr->d->format = xlpt_xl_word(xlpt_xl_formats, formats[i]);
		for (i = 0; !hit && i < XLPT_ARRAY_SIZE(scripts); i++)
			if ((hit = IS(scripts))) {
				free(dr->d->script);
				dr->d->script = xlpt_xasprintf("block-%s", scripts[i]);
			}
#undef IS
		if (!hit)
			return s;
		dr->prefix = true;
		s += n + 1;
	}
}

static bool flag(struct disk_reader *dr, const char *s)
{
	struct xlpt_disk *d = dr->d;

	if (!strcmp(s, "cdrom"))
		d->dev = XLPT_DISKDEV_CDROM;
	else if (!strcmp(s, "discard") || !strcmp(s, "no-discard"))
		d->discard = *s == 'd' ? XLPT_ON : XLPT_OFF;
	else if (!strcmp(s, "direct-io-safe"))
		d->direct_io_safe = XLPT_ON;
	else if (!strcmp(s, "colo") || !strcmp(s, "no-colo") || !strcmp(s, "trusted") ||
		 !strcmp(s, "untrusted"))
		xlpt_xl_option(&d->at, s, NULL);
	else
		return false;
	return true;
}

static void option(struct disk_reader *dr, const char *key, const char *value)
{
	struct xlpt_disk *d = dr->d;

	if (!strcmp(key, "format"))
		d->format = *value ? xlpt_xl_word(xlpt_xl_formats, value) : XLPT_FMT_RAW;
	else if (!strcmp(key, "vdev"))
		set(&d->vdev, value);
	else if (!strcmp(key, "access"))
		access_mode(d, value);
	else if (!strcmp(key, "devtype"))
		d->dev = !strcmp(value, "cdrom") ? XLPT_DISKDEV_CDROM : XLPT_DISKDEV_DISK;
	else if (!strcmp(key, "backend"))
		set(&d->backend, value);
	else if (!strcmp(key, "script"))
		set(&d->script, value);
	else if (!strcmp(key, "backendtype") && xlpt_xl_word(xlpt_xl_drivers, value))
		d->driver = xlpt_xl_word(xlpt_xl_drivers, value);
	else
		xlpt_xl_option(&d->at, key, value);
}

/*
 * libxlutil's lexer forgives one '=' at the very end of an entry, unless it belongs to a key that
 * takes a value: "/a,raw,xvda,w=" is "/a,raw,xvda,w". (Its error state wants a character to complain of.)
 */
static bool takes_value(const char *key)
{
	static const char *const keys[] = { "format",	   "vdev",	    "access",
					    "devtype",	   "backend",	    "script",
					    "backendtype", "specification", "transport",
					    "colo-host",   "colo-port",	    "colo-export",
					    "active-disk", "hidden-disk" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static void parse(struct disk_reader *dr, char *s)
{
	for (;;) {
		char *end, *eq;

		s += strspn(s, " \t\n");
		if (!*s)
			return;
		if (!strncmp(s, "target=", 7)) {
			/* The target is the whole rest with its commas, but for one at the very end. */
			size_t n = strlen(s);

			if (s[n - 1] == ',')
				s[n - 1] = '\0';
			if (s[7])
				set(&dr->d->target, s + 7);
			else if (!dr->d->target)
				dr->d->target = xlpt_xstrdup("");
			return;
		}
		s = prefixes(dr, s);
		end = s + strcspn(s, ",");
		eq = memchr(s, '=', (size_t)(end - s));
		if (*end)
			*end++ = '\0';
		if (eq)
			*eq = '\0';
		if (eq && (eq[1] || end != eq + 1 || takes_value(s))) {
			option(dr, s, eq + 1);
		} else if (eq && !*s) {
			return;
		} else if (!flag(dr, s)) {
			positional(dr, s);
		}
		s = end;
	}
}

/* ---- what libxlutil makes of it ---- */

static void replace(char **p, const char *s)
{
	free(*p);
	*p = xlpt_xstrdup(s);
}

/* A string for a block script, or one that QEMU takes apart ("rbd:pool/image"), is no path. */
static bool is_relative(const libxl_device_disk *l)
{
	const char *s = l->pdev_path;

	return s && *s && *s != '/' && !l->script && s[strcspn(s, ":/")] != ':';
}

static int format_of(const libxl_device_disk *l)
{
	switch (l->format) {
	case LIBXL_DISK_FORMAT_RAW:
		return XLPT_FMT_RAW;
	case LIBXL_DISK_FORMAT_QCOW:
		return XLPT_FMT_QCOW;
	case LIBXL_DISK_FORMAT_QCOW2:
		return XLPT_FMT_QCOW2;
	case LIBXL_DISK_FORMAT_VHD:
		return XLPT_FMT_VHD;
	case LIBXL_DISK_FORMAT_QED:
		return XLPT_FMT_QED;
	case LIBXL_DISK_FORMAT_EMPTY:
		return XLPT_FMT_EMPTY;
	default:
		return 0;
	}
}

/*
 * "d1p2" is what "xvdb2" is: the same number, whatever it is called (xen-vbd-interface(7)), and the
 * name that libvirt knows. NULL when it is not of that form. Caller frees.
 */
static char *xvd_name(const char *vdev)
{
	size_t digits = vdev && *vdev == 'd' ? strspn(vdev + 1, "0123456789") : 0;
	const char *part = vdev ? vdev + 1 + digits : NULL;
	char letters[8];
	size_t at = sizeof(letters) - 1;
	uint64_t disk, number;

	if (!digits || !xlpt_parse_uint(vdev + 1, digits, 10, (1u << 20) - 1, &disk) ||
	    (*part &&
	     (*part != 'p' || !xlpt_parse_uint(part + 1, strlen(part + 1), 10, 255, &number))))
		return NULL;
	letters[at] = '\0';
	for (disk++; disk; disk = (disk - 1) / 26)
		letters[--at] = (char)('a' + (disk - 1) % 26);
	return *part && number ? xlpt_xasprintf("xvd%s%u", letters + at, (unsigned)number)
			       : xlpt_xasprintf("xvd%s", letters + at);
}

/*
 * "51713" is "xvda1": a PV guest's disk by its number, in the forms that have names (xen-vbd-interface(7)).
 * To an HVM guest QEMU shows disks by name alone, so there it stays a number. NULL: none of these.
 */
static char *numbered(const char *vdev)
{
	const char *prefix = NULL;
	unsigned disk = 0, part = 0, v;
	struct xlpt_num n;

	if (!vdev || !xlpt_xl_num(vdev, INT32_MAX, &n))
		return NULL;
	v = (unsigned)n.v;
	if (v >> 8 == 202 || v >> 8 == 8) {
		prefix = v >> 8 == 8 ? "sd" : "xvd";
		disk = v >> 4 & 15;
		part = v & 15;
	} else if ((v >> 8 == 3 || v >> 8 == 22) && (v & 0xff) < 128) {
		prefix = "hd";
		disk = (v >> 8 == 22 ? 2 : 0) + (v >> 6 & 1);
		part = v & 63;
	} else if (v >> 28 == 1 && ((v >> 8 & 0xfffff) > 15 || (v & 0xff) > 15)) {
		_cleanup_free_ char *name = xlpt_xasprintf("d%up%u", v >> 8 & 0xfffff, v & 0xff);

		return xvd_name(name);
	}
	if (!prefix)
		return NULL;
	return part ? xlpt_xasprintf("%s%c%u", prefix, 'a' + disk, part)
		    : xlpt_xasprintf("%s%c", prefix, 'a' + disk);
}

/* The values are those of libxlutil, but only where the scan found that somebody said them. */
static void settle(struct xlpt_disk *d, const libxl_device_disk *l, int type)
{
	_cleanup_free_ char *xvd = xvd_name(l->vdev);
	int format = format_of(l);

	if (!xvd && type != XLPT_DOM_HVM)
		xvd = numbered(l->vdev);
	replace(&d->vdev, xvd ? xvd : l->vdev);
	replace(&d->script, l->script);
	replace(&d->backend, l->backend_domname);
	/* xl-disk-configuration(5): a path that does not begin with '/' is below /dev. */
	free(d->target);
	d->target = is_relative(l) ? xlpt_xasprintf("/dev/%s", l->pdev_path)
				   : xlpt_xstrdup(l->pdev_path);
	if (d->format || (format != XLPT_FMT_RAW && format != XLPT_FMT_EMPTY))
		d->format = format;
	if (l->is_cdrom)
		d->dev = XLPT_DISKDEV_CDROM;
	else if (d->dev)
		d->dev = XLPT_DISKDEV_DISK;
	if (!l->is_cdrom && !l->readwrite)
		d->readonly = XLPT_ON;
	else if (!l->is_cdrom && d->readonly)
		d->readonly = XLPT_OFF;
	if (!libxl_defbool_is_default(l->discard_enable))
		d->discard = libxl_defbool_val(l->discard_enable) ? XLPT_ON : XLPT_OFF;
	d->direct_io_safe = l->direct_io_safe ? XLPT_ON : XLPT_UNSET;
}

/*
 * xl-disk-configuration(5) has such a path below /dev, but libxl itself looks in the folder in which it
 * was started. For what is no device the two are not the same.
 */
static void tell_relative(struct xlpt_xl_reader *r, const struct xlpt_disk *d,
			  const libxl_device_disk *l)
{
	_cleanup_free_ char *what = NULL;
	const char *slash;
	bool image;

	if (!is_relative(l))
		return;
	slash = strrchr(l->pdev_path, '/');
	image = l->is_cdrom || format_of(l) != XLPT_FMT_RAW ||
		strchr(slash ? slash : l->pdev_path, '.');
	what = xlpt_xasprintf("disk[%s].target", d->vdev);
	xlpt_loss_add(
		r->losses, image ? XLPT_LOSS_CHANGED : XLPT_LOSS_NOTE, r->scan->file, d->at.line, 0,
		what,
		"a relative path: taken as below /dev, as in xl-disk-configuration(5); xl itself "
		"looks in the folder in which it is started");
}

static int read_disk(struct xlpt_xl_reader *r, struct xlpt_xl_value *v)
{
	struct disk_reader dr = { .r = r };
	libxl_device_disk disk;
	const char *text = v->text;
	int rc = 0;

	libxl_device_disk_init(&disk);
	xlpt_xl_forget_words(r);
	if (xlu_disk_parse(r->cfg, 1, &text, &disk)) {
		rc = xlpt_xl_refused(r, v->off, "libxlutil does not accept this disk");
	} else {
		dr.d = XLPT_DOM_ADD(r->dom, disk);
		xlpt_xl_at(r, v->off, &dr.d->at);
		parse(&dr, v->text);
		settle(dr.d, &disk, r->dom->type);
		tell_relative(r, dr.d, &disk);
	}
	libxl_device_disk_dispose(&disk);
	return rc;
}

int xlpt_xl_read_disks(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "disk", &values))
		return 0;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_xl_value *v = &values.v[i];
		int rc;

		if (!v->text)
			return xlpt_xl_bad(r->scan, v->off, r->diag,
					   "a disk is a string, not a list");
		rc = read_disk(r, v);
		if (rc)
			return rc;
	}
	return 0;
}
