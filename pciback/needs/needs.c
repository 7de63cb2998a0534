/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/needs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

#define DEVICES	  "/sys/bus/pci/devices"
#define SLURP_MAX (32u << 20) /* mountinfo of a host with many containers */

void xlpt_needs_dispose(struct xlpt_needs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		free(needs->items[i].what);
	free(needs->items);
	*needs = (struct xlpt_needs){ 0 };
}

int xlpt_needs_slurp(struct xlpt_host *h, const char *path, struct xlpt_str *out)
{
	return xlpt_file_read(h, path, SLURP_MAX, out);
}

char *xlpt_needs_line(char **cursor)
{
	return xlpt_file_line(cursor);
}

bool xlpt_needs_first(struct xlpt_needs_seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++)
		if (!strcmp(seen->names[i], name))
			return false;
	XLPT_GROW(seen->names, seen->n, seen->alloc);
	seen->names[seen->n++] = xlpt_xstrdup(name);
	return true;
}

void xlpt_needs_seen_dispose(struct xlpt_needs_seen *seen)
{
	for (size_t i = 0; i < seen->n; i++)
		free(seen->names[i]);
	free(seen->names);
	*seen = (struct xlpt_needs_seen){ 0 };
}

/* The components of a path that name PCI functions, from the root down; returns their number. */
static size_t path_bdfs(const char *path, struct xlpt_bdf *out, size_t max)
{
	size_t n = 0;

	while (*path && n < max) {
		size_t len = strcspn(path, "/");
		char name[16];

		if (len < sizeof(name)) {
			memcpy(name, path, len);
			name[len] = '\0';
			n += xlpt_bdf_from_sysfs_name(name, &out[n]);
		}
		path += len + (path[len] == '/');
	}
	return n;
}

bool xlpt_needs_path_bdf(const char *path, struct xlpt_bdf *bdf)
{
	struct xlpt_bdf all[32];
	size_t n = path_bdfs(path, all, XLPT_ARRAY_SIZE(all));

	if (n)
		*bdf = all[n - 1];
	return n > 0;
}

bool xlpt_needs_link_bdf(struct xlpt_host *h, const char *dir, const char *name,
			 struct xlpt_bdf *bdf)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);
	char link[1024];

	return h->ops->readlink(h, path, link, sizeof(link)) >= 0 && xlpt_needs_path_bdf(link, bdf);
}

void xlpt_behinds_add(struct xlpt_behinds *list, struct xlpt_bdf bdf, const char *member)
{
	XLPT_GROW(list->items, list->n, list->alloc);
	list->items[list->n++] = (struct xlpt_behind){ bdf, xlpt_xstrdup(member) };
}

void xlpt_behinds_dispose(struct xlpt_behinds *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].member);
	free(list->items);
	*list = (struct xlpt_behinds){ 0 };
}

static bool known(const struct xlpt_needs *needs, struct xlpt_bdf bdf, enum xlpt_need why)
{
	for (size_t i = 0; i < needs->n; i++)
		if (xlpt_bdf_eq(needs->items[i].bdf, bdf) && needs->items[i].why == why)
			return true;
	return false;
}

static void note(struct xlpt_needs *needs, struct xlpt_bdf bdf, enum xlpt_need why, char *what)
{
	if (known(needs, bdf, why)) {
		free(what);
		return;
	}
	XLPT_GROW(needs->items, needs->n, needs->alloc);
	needs->items[needs->n++] = (struct xlpt_needed){ .bdf = bdf, .why = why, .what = what };
}

static void note_bridges(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_bdf bdf,
			 const char *what)
{
	_cleanup_free_ char *path = xlpt_xasprintf(DEVICES "/%s", XLPT_BDF_STR(bdf));
	struct xlpt_bdf all[32];
	char link[1024];
	size_t n;

	if (h->ops->readlink(h, path, link, sizeof(link)) < 0)
		return;
	n = path_bdfs(link, all, XLPT_ARRAY_SIZE(all));
	for (size_t i = 0; i + 1 < n; i++)
		note(needs, all[i], XLPT_NEED_BRIDGE,
		     xlpt_xasprintf("%s is behind it: %s", XLPT_BDF_STR(bdf), what));
}

void xlpt_needs_add(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_bdf bdf,
		    enum xlpt_need why, const char *what)
{
	_cleanup_free_ char *pf_name = NULL;
	struct xlpt_bdf pf;

	note(needs, bdf, why, xlpt_xstrdup(what));
	note_bridges(h, needs, bdf, what);
	/* A virtual function ends when the driver of its physical function is taken away. */
	if (xlpt_host_link_name(h, &pf_name, DEVICES "/%s/physfn", XLPT_BDF_STR(bdf)) < 0 ||
	    !xlpt_bdf_from_sysfs_name(pf_name, &pf))
		return;
	note(needs, pf, why,
	     xlpt_xasprintf("%s is a virtual function of it: %s", XLPT_BDF_STR(bdf), what));
	note_bridges(h, needs, pf, what);
}

/* A class device's link text leads through the function it hangs on. */
static void add_class_device(struct xlpt_host *h, struct xlpt_needs *needs, const char *class,
			     const char *name, const char *what)
{
	struct xlpt_bdf bdf;

	if (xlpt_needs_link_bdf(h, class, name, &bdf))
		xlpt_needs_add(h, needs, bdf, XLPT_NEED_CONSOLE, what);
}

/*
 * What shows the console. A generic framebuffer (efifb, simpledrm) hangs on a
 * platform device; then boot_vga, the firmware's choice, is the only trace.
 */
static void console(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_strv_ char **devices = NULL, **fbs = NULL;
	_cleanup_free_ char *active = NULL;
	char *tty, *save = NULL;

	xlpt_host_list(h, &devices, DEVICES);
	for (char **d = devices; d && *d; d++) {
		struct xlpt_bdf bdf;
		long long on;

		if (xlpt_bdf_from_sysfs_name(*d, &bdf) &&
		    xlpt_host_read_long(h, &on, DEVICES "/%s/boot_vga", *d) >= 0 && on == 1)
			xlpt_needs_add(h, needs, bdf, XLPT_NEED_CONSOLE,
				       "it is the display the firmware chose (boot_vga)");
	}
	xlpt_host_list(h, &fbs, "/sys/class/graphics");
	for (char **fb = fbs; fb && *fb; fb++) {
		_cleanup_free_ char *what = xlpt_xasprintf("%s shows the console", *fb);

		if (xlpt_starts(*fb, "fb") && strcmp(*fb, "fbcon"))
			add_class_device(h, needs, "/sys/class/graphics", *fb, what);
	}
	/* A serial console may sit on a PCI card or on a management controller. */
	if (xlpt_host_read_text(h, &active, "/sys/class/tty/console/active") < 0)
		return;
	for (tty = strtok_r(active, " ", &save); tty; tty = strtok_r(NULL, " ", &save)) {
		_cleanup_free_ char *what = xlpt_xasprintf("%s is a console", tty);

		if (!strchr(tty, '/'))
			add_class_device(h, needs, "/sys/class/tty", tty, what);
	}
}

struct disks {
	struct xlpt_host *h;
	struct xlpt_needs *needs;
};

static void disk(void *ctx, const struct xlpt_mount_use *use)
{
	struct disks *d = ctx;

	for (size_t i = 0; i < use->behind->n; i++) {
		const struct xlpt_behind *b = &use->behind->items[i];
		_cleanup_free_ char *what = xlpt_mount_text(use, b);

		xlpt_needs_add(d->h, d->needs, b->bdf, XLPT_NEED_DISK, what);
	}
}

/* Mounts that cannot be read; r is -errno. */
static int unread(int r, struct xlpt_diag *diag)
{
	/* Not knowing is not the same as nothing being mounted. */
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot tell which disks this host needs");
	xlpt_diag_fact(diag, "/proc/1/mountinfo and /proc/self/mountinfo cannot be read");
	xlpt_diag_hint(diag, "mount -t proc proc /proc");
	return XLPT_ERR_IO;
}

int xlpt_needs_read(struct xlpt_host *h, struct xlpt_needs *out, struct xlpt_diag *diag)
{
	struct disks d = { h, out };
	int r;

	*out = (struct xlpt_needs){ 0 };
	r = xlpt_each_mount(h, disk, &d);
	if (r < 0)
		return unread(r, diag);
	xlpt_each_swap(h, disk, &d);
	xlpt_needs_network(h, out);
	console(h, out);
	xlpt_needs_keyboard(h, out);
	return 0;
}

const struct xlpt_needed *xlpt_needs_find(const struct xlpt_needs *needs, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < needs->n; i++)
		if (xlpt_bdf_eq(needs->items[i].bdf, bdf))
			return &needs->items[i];
	return NULL;
}
