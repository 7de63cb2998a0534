/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configurations in /etc/xen, and libvirt's of its guests: whether the devices that they name are there,
 * and a guest may have them.
 */
#include <errno.h>
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/xl/entries.h"
#include "converters/xl/xl.h"
#include "core/file.h"
#include "core/text.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/check/doctor.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/pool/pools.h"

#define GROUP	    XLPT_DOCTOR_CONFIGURATIONS
#define DIR	    "/etc/xen"
#define AUTO	    DIR "/auto"		 /* what xendomains starts */
#define LIBVIRT	    "/etc/libvirt/libxl" /* its persistent guests; in autostart are links to these */
#define XML_MAX	    (1u << 20)
#define FILES_MAX   1000
#define ENTRIES_MAX 4096 /* of guests that start at boot: a host has no more devices */

/* Files that were read: a link in auto leads to one of the others. */
struct seen {
	dev_t dev;
	ino_t ino;
};

struct look {
	struct xlpt_doctor *d;
	struct seen *seen;
	size_t n, alloc;
	struct seen *at_boot; /* what xendomains starts */
	size_t n_boot, alloc_boot;
	size_t named; /* devices of all files */
	bool too_many;
	bool starts, seizes; /* of the file that is looked at */
};

static bool slot_there(const struct xlpt_doctor *d, struct xlpt_bdf bdf)
{
	for (bdf.func = 0; bdf.func < 8; bdf.func++)
		if (xlpt_devices_find(&d->devs, bdf))
			return true;
	return false;
}

/* guest: of libvirt's XML. */
static void absent(struct xlpt_doctor *d, const char *path, unsigned line, const char *guest,
		   const struct xlpt_spec *spec)
{
	_cleanup_free_ char *where = xlpt_spec_where(spec), *fact = NULL, *way = NULL;

	if (!spec->all_funcs)
		xlpt_vf_absent(d->env->host, &d->places, spec->bdf, &fact, &way);
	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "absent-device", "%s:%u: names %s, and %s",
			path, line, where, fact ? fact : "this host has no such device");
	if (way)
		xlpt_doctor_mend(d, "%s", way);
	else if (guest)
		xlpt_doctor_mend(d,
				 "xlpt list shows what there is; correct it (virsh edit %s), or "
				 "put the card back",
				 XLPT_WORD(guest));
	else
		xlpt_doctor_mend(
			d,
			"xlpt list shows what there is; correct the entry, or put the card "
			"back; if it does not come back: xlpt convert --edit %s --remove %s",
			XLPT_WORD(path), XLPT_WORD(where));
	xlpt_doctor_device(d, spec->bdf);
}

/* A name that stands for a device: the pin's device or the pool is there. */
static int named(struct xlpt_doctor *d, const struct xlpt_spec *spec, struct xlpt_diag *diag)
{
	struct xlpt_pool_def def = { 0 };
	struct xlpt_pin pin = { 0 };
	struct xlpt_pin_match match;
	int rc;

	if (spec->pool) {
		rc = xlpt_pool_load(d->env, spec->pool, &def, diag);
		xlpt_pool_def_dispose(&def);
		return rc;
	}
	rc = xlpt_pin_load(d->env, spec->pin, &pin, diag);
	if (rc == 0)
		rc = xlpt_pin_set_find(d->env, &d->pin_set, spec->pin, &pin, &match, diag);
	xlpt_pin_dispose(&pin);
	return rc;
}

/* A bridge: xl create takes it for a device, and libxl fails over it. */
static void judge_there(struct look *l, const char *path, unsigned line,
			const struct xlpt_spec *spec)
{
	struct xlpt_doctor *d = l->d;
	const struct xlpt_device *dev =
		spec->all_funcs ? NULL : xlpt_devices_find(&d->devs, spec->bdf);

	if (dev && dev->header == XLPT_HEADER_BRIDGE) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "bridge",
				"%s:%u: names %s, which is a bridge: no guest can have it", path,
				line, XLPT_BDF_STR(dev->bdf));
		xlpt_doctor_mend(d, "name the functions behind it; xlpt topology shows them");
		xlpt_doctor_device(d, dev->bdf);
		return;
	}
	if (!l->starts || d->n_entries >= ENTRIES_MAX)
		return;
	XLPT_GROW(d->entries, d->n_entries, d->alloc_entries);
	d->entries[d->n_entries++] = (struct xlpt_doctor_entry){
		.path = xlpt_xstrdup(path),
		.line = line,
		.bdf = spec->bdf,
		.all_funcs = spec->all_funcs,
		.seize = spec->seize == XLPT_UNSET ? l->seizes : spec->seize == XLPT_ON
	};
}

static void entry(struct look *l, const char *path, const struct xlpt_xl_entry *e)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_spec_ struct xlpt_spec spec;
	struct xlpt_doctor *d = l->d;
	int rc = xlpt_spec_parse(e->text, &spec, &diag);

	l->named++;
	if (rc == 0 && (spec.pool || spec.pin))
		rc = named(d, &spec, &diag);
	if (rc) {
		xlpt_diag_at(&diag, path, e->line, 0);
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_WARNING, "entry", &diag);
	} else if (spec.has_bdf && d->scanned &&
		   (spec.all_funcs ? !slot_there(d, spec.bdf)
				   : !xlpt_devices_find(&d->devs, spec.bdf))) {
		absent(d, path, e->line, NULL, &spec);
	} else if (spec.has_bdf) {
		judge_there(l, path, e->line, &spec);
	}
}

static void keep(struct xlpt_doctor *d, const char *path, const char *guest, bool libvirt)
{
	XLPT_GROW(d->configs, d->n_configs, d->alloc_configs);
	d->configs[d->n_configs++] = (struct xlpt_doctor_config){ .path = xlpt_xstrdup(path),
								  .guest = xlpt_xstrdup(guest),
								  .libvirt = libvirt };
}

static bool seen_before(struct look *l, const struct stat *st)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i].dev == st->st_dev && l->seen[i].ino == st->st_ino)
			return true;
	XLPT_GROW(l->seen, l->n, l->alloc);
	l->seen[l->n++] = (struct seen){ st->st_dev, st->st_ino };
	return false;
}

static bool is_at_boot(const struct look *l, const struct stat *st)
{
	for (size_t i = 0; i < l->n_boot; i++)
		if (l->at_boot[i].dev == st->st_dev && l->at_boot[i].ino == st->st_ino)
			return true;
	return false;
}

/* Which files are in auto, by whatever name they are read below. */
static void find_at_boot(struct look *l)
{
	_cleanup_strv_ char **names = NULL;

	if (xlpt_host_list(l->d->env->host, &names, AUTO) < 0)
		return;
	for (char **n = names; *n && l->n_boot < FILES_MAX; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf(AUTO "/%s", *n);
		struct stat st;
		_cleanup_close_ int fd =
			**n == '.' ? -1 : xlpt_file_open(l->d->env->host, path, 0, &st);

		if (fd < 0)
			continue;
		XLPT_GROW(l->at_boot, l->n_boot, l->alloc_boot);
		l->at_boot[l->n_boot++] = (struct seen){ st.st_dev, st.st_ino };
	}
}

struct judged {
	struct xlpt_doctor *d;
	const char *path;
};

static void creation(void *ctx, const char *guest, struct xlpt_diag *why)
{
	const struct judged *j = ctx;

	xlpt_diag_at(why, j->path, 0, 0);
	xlpt_doctor_failed(j->d, GROUP, XLPT_HEALTH_WARNING, "creation", why);
	if (guest)
		xlpt_doctor_guest(j->d, guest);
}

static bool slurp(struct look *l, const char *path, size_t max, struct xlpt_str *text)
{
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(l->d->env->host, path, 0, &st);
	int r = fd;

	/* A folder is none, and what is no file xl does not read either. */
	if (fd == -EISDIR || fd == -EMEDIUMTYPE || (fd >= 0 && seen_before(l, &st)))
		return false;
	if (fd >= 0) {
		l->starts = is_at_boot(l, &st);
		r = xlpt_file_read_fd(fd, max, text);
	}
	if (r < 0)
		xlpt_doctor_add(l->d, GROUP, XLPT_HEALTH_UNKNOWN, "file", "%s cannot be read: %s",
				path, xlpt_strerror(-r));
	return r >= 0;
}

static void libvirt_file(struct look *l, const char *path)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_dom_ struct xlpt_dom dom;
	struct xlpt_doctor *d = l->d;

	xlpt_dom_init(&dom);
	if (!slurp(l, path, XML_MAX, &text))
		return;
	if (xlpt_libvirt_read(xlpt_str_get(&text), text.len, path, &dom, NULL, NULL, &diag)) {
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_UNKNOWN, "file", &diag);
		return;
	}
	for (size_t i = 0; i < dom.n_pci; i++) {
		const struct xlpt_pci *p = &dom.pci[i];

		l->named++;
		/* One of a network's has no address. */
		if (p->spec.has_bdf && d->scanned && !xlpt_devices_find(&d->devs, p->spec.bdf))
			absent(d, path, p->at.line, dom.name ? dom.name : "GUEST", &p->spec);
		else if (p->spec.has_bdf)
			judge_there(l, path, p->at.line, &p->spec);
	}
	if (dom.n_pci)
		xlpt_libvirt_judge_creation(&dom, creation, &(struct judged){ d, path });
	if (dom.n_pci && dom.name)
		keep(d, path, dom.name, true);
}

static void file(struct look *l, const char *path)
{
	_cleanup_xl_entries_ struct xlpt_xl_entries entries = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (!slurp(l, path, XLPT_XL_MAX, &text))
		return;
	if (xlpt_xl_entries_read(xlpt_str_get(&text), text.len, path, &entries, &diag)) {
		xlpt_doctor_failed(l->d, GROUP, XLPT_HEALTH_UNKNOWN, "file", &diag);
		return;
	}
	l->seizes = entries.seize;
	for (size_t i = 0; i < entries.n; i++)
		entry(l, path, &entries.items[i]);
	if (entries.n)
		xlpt_xl_judge_creation(xlpt_str_get(&text), text.len, path, creation,
				       &(struct judged){ l->d, path });
	if (entries.n && entries.name)
		keep(l->d, path, entries.name, false);
}

/* end NULL: any. */
static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = end ? strlen(end) : 0;

	return n > m && !strcmp(name + n - m, end ? end : "");
}

static bool folder(struct look *l, const char *dir, const char *end,
		   void (*read)(struct look *, const char *))
{
	_cleanup_strv_ char **names = NULL;

	if (xlpt_host_list(l->d->env->host, &names, "%s", dir) < 0)
		return false;
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);

		if (**n == '.' || !ends(*n, end))
			continue;
		if (l->n >= FILES_MAX) {
			l->too_many = true;
			break;
		}
		read(l, path);
	}
	return true;
}

void xlpt_doctor_configurations(struct xlpt_doctor *d)
{
	struct look l = { .d = d };
	bool there;

	find_at_boot(&l);
	there = folder(&l, DIR, ".cfg", file);
	there |= folder(&l, AUTO, NULL, file);
	there |= folder(&l, LIBVIRT, ".xml", libvirt_file);
	xlpt_doctor_autostart(d);
	if (l.too_many)
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "files",
				"only the first %d files were read", FILES_MAX);
	if (!there && d->env->sysroot)
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_UNKNOWN, "files",
			"guests' configurations are not in this tree: a capture takes none");
	else if (!l.n)
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "files",
				"no guest's configuration is in %s and %s", DIR, LIBVIRT);
	else if (!xlpt_doctor_has_trouble(d, GROUP))
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_OK, "files",
			"files that were read in %s and %s: %zu, devices that they name: %zu, and all are there",
			DIR, LIBVIRT, l.n, l.named);
	free(l.seen);
	free(l.at_boot);
}
