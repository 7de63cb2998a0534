/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From mounts and swap areas down to the functions their blocks come from.
 */
#include "pciback/needs/internal.h"

#include <string.h>

#define BLOCK "/sys/class/block"

struct walk {
	struct xlpt_host *h;
	struct xlpt_needs *needs;
	struct xlpt_needs_seen seen;
	const char *use; /* "/home is on", "swap is on" */
	const char *top; /* the device that is mounted */
};

static void block(struct walk *w, const char *name, unsigned depth);

/* dm, md and bcache list what they are made of; a partition of an md array does so one up. */
static void slaves(struct walk *w, const char *name, unsigned depth)
{
	static const char *const dirs[] = { BLOCK "/%s/slaves", BLOCK "/%s/../slaves" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		_cleanup_strv_ char **names = NULL;

		if (i == 1 && !xlpt_host_has(w->h, BLOCK "/%s/partition", name))
			break;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		xlpt_host_list(w->h, &names, dirs[i], name);
#pragma GCC diagnostic pop
		for (char **s = names; s && *s; s++)
			block(w, *s, depth + 1);
	}
}

/*
 * NVMe with native multipath: the disk is a child of a virtual subsystem, and
 * the controllers that lead to it are links beside it (nvme_mpath_alloc_disk).
 */
static void nvme_paths(struct walk *w, const char *link)
{
	const char *sub = strstr(link, "/nvme-subsystem/");
	_cleanup_free_ char *id = NULL, *what = NULL;
	_cleanup_strv_ char **names = NULL;

	if (!sub)
		return;
	sub += strlen("/nvme-subsystem/");
	id = xlpt_xstrndup(sub, strcspn(sub, "/"));
	what = xlpt_xasprintf("%s %s", w->use, w->top);
	xlpt_host_list(w->h, &names, "/sys/class/nvme-subsystem/%s", id);
	for (char **c = names; c && *c; c++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/sys/class/nvme/%s", *c);
		struct xlpt_bdf bdf;
		char text[1024];

		if (w->h->ops->readlink(w->h, path, text, sizeof(text)) >= 0 &&
		    xlpt_needs_path_bdf(text, &bdf))
			xlpt_needs_add(w->h, w->needs, bdf, XLPT_NEED_DISK, what);
	}
}

/* One block device by its kernel name. */
static void block(struct walk *w, const char *name, unsigned depth)
{
	_cleanup_free_ char *path = xlpt_xasprintf(BLOCK "/%s", name);
	struct xlpt_bdf bdf;
	char link[1024];

	if (depth > XLPT_NEEDS_DEPTH || !xlpt_needs_first(&w->seen, name) ||
	    w->h->ops->readlink(w->h, path, link, sizeof(link)) < 0)
		return;
	if (xlpt_needs_path_bdf(link, &bdf)) {
		_cleanup_free_ char *what = NULL;

		what = strcmp(name, w->top) ? xlpt_xasprintf("%s %s over %s", w->use, w->top, name)
					    : xlpt_xasprintf("%s %s", w->use, name);
		xlpt_needs_add(w->h, w->needs, bdf, XLPT_NEED_DISK, what);
		return;
	}
	nvme_paths(w, link);
	slaves(w, name, depth);
}

/* A file system over several disks shows one of them in mountinfo; btrfs lists all in sysfs. */
static void btrfs_siblings(struct walk *w, const char *name)
{
	_cleanup_strv_ char **uuids = NULL;

	xlpt_host_list(w->h, &uuids, "/sys/fs/btrfs");
	for (char **u = uuids; u && *u; u++) {
		_cleanup_strv_ char **members = NULL;

		if (!xlpt_host_has(w->h, "/sys/fs/btrfs/%s/devices/%s", *u, name))
			continue;
		xlpt_host_list(w->h, &members, "/sys/fs/btrfs/%s/devices", *u);
		for (char **m = members; m && *m; m++)
			block(w, *m, 0);
	}
}

static void top_device(struct xlpt_host *h, struct xlpt_needs *needs, const char *use,
		       const char *name)
{
	struct walk w = { .h = h, .needs = needs, .use = use, .top = name };

	block(&w, name, 0);
	btrfs_siblings(&w, name);
	xlpt_needs_seen_dispose(&w.seen);
}

/* The kernel's name of /dev/X: itself, or what the link says that udev made (/dev/mapper/X). */
static char *dev_name(struct xlpt_host *h, const char *dev)
{
	char *name = NULL;

	if (!xlpt_starts(dev, "/dev/"))
		return NULL;
	if (xlpt_host_link_name(h, &name, "%s", dev) < 0)
		name = xlpt_xstrdup(strrchr(dev, '/') + 1);
	return name;
}

struct mount {
	unsigned major, minor;
	char *point, *type, *source, *options;
};

/* "36 35 8:2 / /boot rw,noatime shared:1 - ext4 /dev/sda2 rw"; fields are separated by one blank.
 */
static bool parse_mount(char *line, struct mount *m)
{
	char *tail = strstr(line, " - "), *save = NULL;
	char *field[5];

	if (!tail)
		return false;
	*tail = '\0';
	tail += 3;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return false;
	}
	if (sscanf(field[2], "%u:%u", &m->major, &m->minor) != 2)
		return false;
	m->point = field[4];
	m->type = strtok_r(tail, " ", &save);
	m->source = m->type ? strtok_r(NULL, " ", &save) : NULL;
	m->options = m->source ? strtok_r(NULL, " ", &save) : NULL;
	return true;
}

/*
 * The source of a ZFS mount is a data set, and no file of the kernel tells on
 * which disks its pool is: each one may be.
 */
static void zfs(struct xlpt_host *h, struct xlpt_needs *needs, const struct mount *m)
{
	_cleanup_free_ char *use = xlpt_xasprintf("%s is on ZFS (%s), perhaps on", m->point,
						  m->source ? m->source : "?");
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(h, &names, BLOCK);
	for (char **n = names; n && *n; n++) {
		struct walk w = { .h = h, .needs = needs, .use = use, .top = *n };

		block(&w, *n, 0);
		xlpt_needs_seen_dispose(&w.seen);
	}
}

/*
 * What a FUSE mount of a user calls its source is that user's word; a disk he could
 * not open. The kernel says whose it is (fs/fuse/inode.c, fuse_show_options).
 */
static bool made_by_user(const struct mount *m)
{
	return m->options && (!strcmp(m->type, "fuse") || xlpt_starts(m->type, "fuse.")) &&
	       strstr(m->options, "user_id=") && !strstr(m->options, "user_id=0,");
}

static void mount(struct xlpt_host *h, struct xlpt_needs *needs, const struct mount *m)
{
	_cleanup_free_ char *use = xlpt_xasprintf("%s is on", m->point), *name = NULL;

	/*
	 * Major 0 is a pseudo file system (proc, tmpfs, nfs), except where one
	 * file system spans disks and has a number of its own (btrfs): there
	 * the source is a device all the same.
	 */
	if (xlpt_streq(m->type, "zfs")) {
		zfs(h, needs, m);
		return;
	}
	if (m->major)
		xlpt_host_link_name(h, &name, "/sys/dev/block/%u:%u", m->major, m->minor);
	else if (m->source && !made_by_user(m))
		name = dev_name(h, m->source);
	if (name)
		top_device(h, needs, use, name);
}

static int mounts(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r;

	/* Process 1 has the host's view; a service's own may hide mounts (PrivateMounts=). */
	r = xlpt_needs_slurp(h, "/proc/1/mountinfo", &text);
	if (r < 0) {
		xlpt_str_dispose(&text);
		r = xlpt_needs_slurp(h, "/proc/self/mountinfo", &text);
	}
	if (r < 0) {
		/* Not knowing is not the same as nothing being mounted. */
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot tell which disks this host needs");
		xlpt_diag_fact(diag, "/proc/1/mountinfo and /proc/self/mountinfo cannot be read");
		xlpt_diag_hint(diag, "mount -t proc proc /proc");
		return XLPT_ERR_IO;
	}
	/* The root first: of all reasons it is the one to be named. */
	for (int pass = 0; pass < 2; pass++) {
		_cleanup_free_ char *copy = xlpt_xstrdup(xlpt_str_get(&text));
		char *cursor = copy, *line;

		while ((line = xlpt_needs_line(&cursor))) {
			struct mount m;

			if (parse_mount(line, &m) && !strcmp(m.point, "/") == (pass == 0))
				mount(h, needs, &m);
		}
	}
	return 0;
}

static void swaps(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	/* Not there in a kernel without swap; a swap file belongs to a mount that was seen. */
	if (xlpt_needs_slurp(h, "/proc/swaps", &text) < 0)
		return;
	cursor = text.s;
	while ((line = xlpt_needs_line(&cursor))) {
		_cleanup_free_ char *name = NULL;

		line[strcspn(line, " \t")] = '\0';
		name = dev_name(h, line);
		if (name)
			top_device(h, needs, "swap is on", name);
	}
}

int xlpt_needs_disks(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_diag *diag)
{
	int rc = mounts(h, needs, diag);

	if (!rc)
		swaps(h, needs);
	return rc;
}
