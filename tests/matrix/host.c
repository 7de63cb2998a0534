/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/matrix/host.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/fake/bus.h"

struct host {
	struct fake_bus *bus;
	char *top;	   /* a file system of our own */
	char *root, *kept; /* below it: the host, and what a reset brings back */
};

/* What commands write to. */
static const char *const places[] = { "etc", "run", "var", "boot", "root", "tmp", "usr/local" };

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "matrix: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static char *join(const char *a, const char *b)
{
	return xlpt_xasprintf("%s/%s", a, b);
}

/* ---- copying and removing ---- */

static struct {
	const char *from, *to;
} copying;

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	_cleanup_free_ char *to = xlpt_xasprintf("%s%s", copying.to, path + strlen(copying.from));
	struct xlpt_str text = { 0 };
	char link[512] = "";
	int fd, out;

	(void)ftw;
	if (type == FTW_D) {
		if (mkdir(to, st->st_mode & 07777) && errno != EEXIST)
			fail("cannot make", to);
		return 0;
	}
	if (type == FTW_SL) {
		if (readlink(path, link, sizeof(link) - 1) < 0 || symlink(link, to))
			fail("cannot link", to);
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || out < 0 || xlpt_file_read_fd(fd, 64 << 20, &text) ||
	    xlpt_file_write_all(out, xlpt_str_get(&text), text.len) ||
	    fchmod(out, st->st_mode & 07777))
		fail("cannot copy", path);
	close(fd);
	close(out);
	xlpt_str_dispose(&text);
	return 0;
}

static void copy(const char *from, const char *to)
{
	copying.from = from;
	copying.to = to;
	if (access(from, F_OK) == 0)
		nftw(from, copy_one, 16, FTW_PHYS);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

static void move_places(const char *from, const char *to)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *a = join(from, places[i]), *b = join(to, places[i]);

		if (access(b, F_OK) == 0 && nftw(b, remove_one, 16, FTW_PHYS | FTW_DEPTH))
			fail("cannot remove", b);
		copy(a, b);
	}
}

void host_keep(struct host *h)
{
	move_places(h->root, h->kept);
}

void host_reset(struct host *h)
{
	move_places(h->kept, h->root);
}

void host_forget(struct host *h)
{
	move_places(fake_bus_host(h->bus)->root, h->kept);
	host_reset(h);
}

/* ---- making it ---- */

static void mkdirs(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			fail("cannot make", path);
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		fail("cannot make", path);
}

static void bind(const struct host *h, const char *from, const char *to, bool whole)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s%s", h->root, to), *dir = xlpt_xstrdup(path);
	struct stat st;
	int fd;

	if (stat(from, &st))
		fail("there is no", from);
	if (!S_ISDIR(st.st_mode))
		*strrchr(dir, '/') = '\0';
	mkdirs(dir);
	fd = S_ISDIR(st.st_mode) ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd >= 0)
		close(fd);
	if (mount(from, path, NULL, MS_BIND | (whole ? MS_REC : 0), NULL))
		fail("cannot mount", path);
}

/* The libraries of a program of this machine, and the loader. */
static void libraries(const struct host *h, const char *of)
{
	_cleanup_free_ char *ldd = xlpt_xasprintf("ldd %s 2>/dev/null", of);
	FILE *f = popen(ldd, "r");
	char line[512], path[256];

	while (f && fgets(line, sizeof(line), f)) {
		const char *slash = strchr(line, '/');
		_cleanup_free_ char *there = NULL;

		if (!slash || sscanf(slash, "%255[^ ]", path) != 1)
			continue;
		there = xlpt_xasprintf("%s%s", h->root, path);
		if (access(there, F_OK))
			bind(h, path, path, false);
	}
	if (f)
		pclose(f);
}

static void program(const struct host *h, const char *from, const char *to)
{
	bind(h, from, to, false);
	libraries(h, from);
}

static void put_mode(struct fake_bus *bus, const char *path, const char *text, mode_t mode)
{
	struct xlpt_host *host = fake_bus_host(bus);
	_cleanup_free_ char *whole = xlpt_xasprintf("%s%s", host->root, path);

	fake_bus_put(bus, path, text);
	if (chmod(whole, mode))
		fail("chmod", whole);
}

static struct fake_bus *make_bus(void)
{
	struct fake_bus *bus = fake_bus_new();
	struct fake_dev nic = { .vendor = 0x8086,
				.device = 0x10d3,
				.class_code = 0x020000,
				.driver = "e1000e",
				.parent = "0000:00:01.0" };
	_cleanup_free_ char *dep = NULL, *config = NULL;
	struct utsname u;

	uname(&u);
	dep = xlpt_xasprintf("/usr/lib/modules/%s/modules.dep", u.release);
	config = xlpt_xasprintf("/boot/config-%s", u.release);
	fake_bus_driver(bus, "e1000e", "8086:10d3");
	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_add(bus, "0000:00:01.0", &(struct fake_dev){ .class_code = 0x060400 });
	fake_bus_add(bus, "0000:02:00.0", &nic);
	fake_bus_add(bus, "0000:03:00.0", &nic);
	fake_bus_add(bus, "0000:01:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .parent = "0000:00:01.0",
					 .net = "enp1s0" });
	fake_bus_put(bus, dep, "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(bus, config, "CONFIG_XEN_PCIDEV_BACKEND=m\n");
	put_mode(bus, "/usr/sbin/update-initramfs", "", 0755);
	put_mode(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg", 0755);
	put_mode(bus, "/usr/local/lib/xlpt/guard/xl", "ELF", 0755);
	put_mode(bus, "/usr/sbin/xl", "ELF", 0755);
	fake_bus_put(bus, "/usr/local/sbin/.keep", "");
	fake_bus_put(bus, "/etc/initramfs-tools/hooks/.keep", "");
	fake_bus_put(bus, "/etc/modprobe.d/other.conf", "options other x=1\n");
	fake_bus_put(bus, "/usr/lib/systemd/system/libvirtd.service", "");
	fake_bus_put(bus, "/etc/systemd/system/.keep", "");
	fake_bus_put(bus, "/etc/apparmor.d/usr.sbin.libvirtd", "profile");
	fake_bus_put(bus, "/etc/apparmor.d/local/.keep", "");
	fake_bus_put(bus, "/etc/login.defs", "ENV_SUPATH PATH=/usr/local/sbin:/usr/sbin:/sbin\n");
	put_mode(bus, "/etc/default/xendomains", "XENDOMAINS_SAVE=/var/lib/xen/save\n", 0640);
	fake_bus_put(bus, "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	fake_bus_put(bus, "/root/guest.cfg", "name = \"a\"\nmemory = 256\npci = [ \"02:00.0\" ]\n");
	fake_bus_put(bus, "/var/lib/.keep", "");
	fake_bus_put(bus, "/run/.keep", "");
	fake_bus_put(bus, "/tmp/.keep", "");
	return bus;
}

static void mounts(struct host *h, const char *xlpt)
{
	_cleanup_free_ char *lazy = NULL;
	const char *from = fake_bus_host(h->bus)->root;
	_cleanup_free_ char *sys = join(from, "sys"), *usr = join(from, "usr"),
			    *to = join(h->root, "usr"), *empty = join(from, "var/lib/.keep");

	copy(usr, to);
	move_places(from, h->root);
	for (size_t i = 0; i < 4; i++) {
		static const char *const merged[] = { "bin", "sbin", "lib", "lib64" };
		_cleanup_free_ char *link = join(h->root, merged[i]),
				    *target = join("usr", merged[i]);
		_cleanup_free_ char *dir = join(h->root, target);

		mkdirs(dir);
		if (symlink(target, link))
			fail("cannot link", link);
	}
	bind(h, sys, "/sys", false);
	bind(h, "/proc", "/proc", true);
	bind(h, "/dev", "/dev", true);
	/* Not this machine's: its disks and its command line are none of that host's. */
	bind(h, empty, "/proc/1/mountinfo", false);
	bind(h, empty, "/proc/cmdline", false);
	bind(h, empty, "/proc/swaps", false);
	program(h, xlpt, "/usr/sbin/xlpt");
	/* What it loads when it needs them; the build has a list beside it. */
	lazy = xlpt_xasprintf("%.*s/lazy.so", (int)(strrchr(xlpt, '/') - xlpt), xlpt);
	libraries(h, lazy);
	program(h, "/bin/sh", "/usr/bin/sh");
	program(h, "/bin/tar", "/usr/bin/tar");
	program(h, "/bin/gzip", "/usr/bin/gzip");
	program(h, "/bin/cat", "/usr/bin/cat");
}

static bool tell(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && xlpt_file_write_all(fd, text, strlen(text)) == 0;
}

/* An ordinary user is root in it, and so is the group: files of a group that it does not have cannot be made. */
static bool own_mounts(void)
{
	_cleanup_free_ char *users = xlpt_xasprintf("0 %d 1", (int)getuid()),
			    *groups = xlpt_xasprintf("0 %d 1", (int)getgid());
	bool root = getuid() == 0;

	if (unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)))
		return false;
	if (!root && !(tell("/proc/self/setgroups", "deny") && tell("/proc/self/uid_map", users) &&
		       tell("/proc/self/gid_map", groups)))
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

struct host *host_new(const char *xlpt)
{
	char top[] = "/tmp/xlpt-matrix-XXXXXX";
	struct host *h = xlpt_xcalloc(1, sizeof(*h));

	h->bus = make_bus();
	h->top = mkdtemp(top) ? xlpt_xstrdup(top) : NULL;
	if (!h->top || !own_mounts() ||
	    mount("xlpt-matrix", h->top, "tmpfs", 0, "mode=755,size=256m")) {
		fprintf(stderr, "matrix: no mount namespace of its own (%s)\n", strerror(errno));
		host_free(h);
		return NULL;
	}
	h->root = join(h->top, "root");
	h->kept = join(h->top, "kept");
	if (mkdir(h->root, 0755) || mkdir(h->kept, 0755))
		fail("cannot make", h->root);
	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *usr = join(i ? h->kept : h->root, "usr");

		mkdirs(usr);
	}
	mounts(h, xlpt);
	host_keep(h);
	return h;
}

void host_free(struct host *h)
{
	fake_bus_free(h->bus);
	if (h->top) {
		/* The mounts end with their namespace, which is ours alone. */
		umount2(h->top, MNT_DETACH);
		rmdir(h->top);
	}
	free(h->top);
	free(h->root);
	free(h->kept);
	free(h);
}

const char *host_root(const struct host *h)
{
	return h->root;
}

/* ---- its state ---- */

static struct {
	size_t root_len;
	char **lines;
	size_t n, alloc;
	unsigned unfinished;
} state;

static char *archive(const char *path)
{
	_cleanup_free_ char *test = xlpt_xasprintf("tar tzf '%s' >/dev/null 2>&1", path);

	return xlpt_xstrdup(system(test) ? "torn" : "whole");
}

static int note_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + ftw->base, *shown = path + state.root_len;
	_cleanup_str_ struct xlpt_str text = { 0 };
	char link[512] = "";
	int fd;

	if (xlpt_file_is_unfinished(name)) {
		state.unfinished++;
		return 0;
	}
	/* Locks stay; a backup is one of what was there, whether it was then changed or not. */
	if (xlpt_starts(shown, "/run/xlpt/lock") || xlpt_starts(shown, "/var/lib/xlpt/backup/") ||
	    !strcmp(shown, "/run/xlpt/boot-changed"))
		return 0;
	if (type == FTW_D) {
		if (xlpt_starts(shown, "/run/xlpt") || xlpt_starts(shown, "/var/lib/xlpt") ||
		    !strcmp(name, "libvirtd.service.d"))
			return 0;
		XLPT_GROW(state.lines, state.n, state.alloc);
		state.lines[state.n++] = xlpt_xasprintf("%s/ %o\n", shown, st->st_mode & 07777);
		return 0;
	}
	if (type == FTW_SL) {
		if (readlink(path, link, sizeof(link) - 1) < 0)
			fail("readlink", path);
	} else if (strstr(name, ".tar.gz")) {
		_cleanup_free_ char *word = archive(path);

		xlpt_str_add(&text, word);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || xlpt_file_read_fd(fd, 64 << 20, &text))
			fail("cannot read", path);
		close(fd);
	}
	/* A line for each, so that two states can be compared by lines. */
	for (char *p = text.s; p && (p = strchr(p, '\n')); p++)
		*p = '\\';
	XLPT_GROW(state.lines, state.n, state.alloc);
	state.lines[state.n++] = xlpt_xasprintf("%s %o %s%s|%s|\n", shown, st->st_mode & 07777,
						*link ? "-> " : "", link, xlpt_str_get(&text));
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *host_state(const struct host *h, unsigned *unfinished)
{
	struct xlpt_str s = { 0 };

	state.root_len = strlen(h->root);
	state.n = 0;
	state.unfinished = 0;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *path = join(h->root, places[i]);

		if (access(path, F_OK) == 0)
			nftw(path, note_one, 16, FTW_PHYS);
	}
	if (state.n)
		qsort(state.lines, state.n, sizeof(*state.lines), by_text);
	for (size_t i = 0; i < state.n; i++) {
		xlpt_str_add(&s, state.lines[i]);
		free(state.lines[i]);
	}
	if (unfinished)
		*unfinished = state.unfinished;
	return xlpt_str_take(&s);
}
