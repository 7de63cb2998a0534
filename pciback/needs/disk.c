/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From mounts and swap areas down to the functions their blocks come from.
 */
#include "pciback/needs/internal.h"

#include <string.h>

#define BLOCK "/sys/class/block"

struct walk {
	struct xlpt_host *h;
	struct xlpt_behinds *out;
	struct xlpt_needs_seen seen;
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
	_cleanup_free_ char *id = NULL;
	_cleanup_strv_ char **names = NULL;

	if (!sub)
		return;
	sub += strlen("/nvme-subsystem/");
	id = xlpt_xstrndup(sub, strcspn(sub, "/"));
	xlpt_host_list(w->h, &names, "/sys/class/nvme-subsystem/%s", id);
	for (char **c = names; c && *c; c++) {
		struct xlpt_bdf bdf;

		if (xlpt_needs_link_bdf(w->h, "/sys/class/nvme", *c, &bdf))
			xlpt_behinds_add(w->out, bdf, w->top);
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
		xlpt_behinds_add(w->out, bdf, name);
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

void xlpt_behind_block(struct xlpt_host *h, const char *name, struct xlpt_behinds *out)
{
	struct walk w = { .h = h, .out = out, .top = name };

	block(&w, name, 0);
	xlpt_needs_seen_dispose(&w.seen);
}

/* The same, with what belongs to the file system on it. */
static void behind_mount(struct xlpt_host *h, const char *name, struct xlpt_behinds *out)
{
	struct walk w = { .h = h, .out = out, .top = name };

	block(&w, name, 0);
	btrfs_siblings(&w, name);
	xlpt_needs_seen_dispose(&w.seen);
}

char *xlpt_mount_text(const struct xlpt_mount_use *use, const struct xlpt_behind *b)
{
	return strcmp(b->member, use->on)
		       ? xlpt_xasprintf("%s %s over %s", use->use, use->on, b->member)
		       : xlpt_xasprintf("%s %s", use->use, use->on);
}

/* What is mounted, and where it goes to. */
struct each {
	struct xlpt_host *h;
	xlpt_mount_fn *fn;
	void *ctx;
};

static void tell(const struct each *e, const char *point, const char *use, const char *on)
{
	_cleanup_behinds_ struct xlpt_behinds list = { 0 };

	behind_mount(e->h, on, &list);
	e->fn(e->ctx, &(struct xlpt_mount_use){ point, use, on, &list });
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

/* The kernel writes blanks, line breaks and backslashes as \ooo (mangle, fs/proc_namespace.c). */
static void unmangle(char *s)
{
	char *to = s;

	for (; s && *s; s++) {
		unsigned c;

		if (*s == '\\' && strspn(s + 1, "01234567") >= 3 && sscanf(s + 1, "%3o", &c) == 1 &&
		    c && c <= 0xff) {
			*to++ = (char)c;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	if (s)
		*to = '\0';
}

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
	unmangle(m->point);
	unmangle(m->source);
	return m->type != NULL;
}

/*
 * The source of a ZFS mount is a data set, and no file of the kernel tells on
 * which disks its pool is: each one may be.
 */
static void zfs(const struct each *e, const struct mount *m)
{
	_cleanup_free_ char *use = xlpt_xasprintf("%s is on ZFS (%s), perhaps on", m->point,
						  m->source ? m->source : "?");
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(e->h, &names, BLOCK);
	for (char **n = names; n && *n; n++)
		tell(e, m->point, use, *n);
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

static void mount(const struct each *e, const struct mount *m)
{
	_cleanup_free_ char *use = xlpt_xasprintf("%s is on", m->point), *name = NULL;
	static const struct xlpt_behinds none;

	/*
	 * Major 0 is a pseudo file system (proc, tmpfs, nfs), except where one
	 * file system spans disks and has a number of its own (btrfs): there
	 * the source is a device all the same.
	 */
	if (!strcmp(m->type, "zfs")) {
		zfs(e, m);
		return;
	}
	if (m->major)
		xlpt_host_link_name(e->h, &name, "/sys/dev/block/%u:%u", m->major, m->minor);
	else if (m->source && !made_by_user(m))
		name = dev_name(e->h, m->source);
	if (name)
		tell(e, m->point, use, name);
	else
		e->fn(e->ctx, &(struct xlpt_mount_use){ m->point, use,
							m->source ? m->source : m->type, &none });
}

int xlpt_each_mount(struct xlpt_host *h, xlpt_mount_fn *fn, void *ctx)
{
	const struct each e = { h, fn, ctx };
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r;

	/* Process 1 has the host's view; a service's own may hide mounts (PrivateMounts=). */
	r = xlpt_needs_slurp(h, "/proc/1/mountinfo", &text);
	if (r < 0) {
		xlpt_str_dispose(&text);
		r = xlpt_needs_slurp(h, "/proc/self/mountinfo", &text);
	}
	if (r < 0)
		return r;
	/* The root first: of all reasons it is the one to be named. */
	for (int pass = 0; pass < 2; pass++) {
		_cleanup_free_ char *copy = xlpt_xstrdup(xlpt_str_get(&text));
		char *cursor = copy, *line;

		while ((line = xlpt_needs_line(&cursor))) {
			struct mount m;

			if (parse_mount(line, &m) && !strcmp(m.point, "/") == (pass == 0))
				mount(&e, &m);
		}
	}
	return 0;
}

void xlpt_each_swap(struct xlpt_host *h, xlpt_mount_fn *fn, void *ctx)
{
	const struct each e = { h, fn, ctx };
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
			tell(&e, NULL, "swap is on", name);
	}
}
