/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boot write, boot remove, guard install and guard remove, killed (or told to stop) before and
 * after every write to files and every line of the journal. After a kill the files are
 * mended by repair, which is killed once as well, or by the next command: all as they
 * were or all as wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pciback/boot/boot.h"
#include "tests/fake/bus-internal.h"
#include "tests/fake/system.h"
#include "tests/unit/acls.h"
#include "tests/unit/commands.h"

#define NIC    "02:00.0"
#define XENDOM "/etc/default/xendomains"
#define LINK   "/usr/local/sbin/xl"
#define OLDER  "/usr/lib/xlpt/guard/xl"

struct scene {
	const char *prepare; /* commands, ';' between them */
	const char *command;
	const char *
		fail; /* a file of that name cannot be written: the kill comes into the undo, too */
	bool older;   /* the link leads to the guard of another prefix */
};

/* clang-format off */
static const struct scene scenes[] = {
	{"status", "boot write " NIC, NULL, false},
	{"pin nic " NIC ";boot write 03:00.0", "boot write pin:nic 04:00.0", NULL, false},
	{"boot write 03:00.0", "boot write --cmdline " NIC, NULL, false},
	{"pin nic " NIC ";boot write --cmdline pin:nic", "boot remove", NULL, false},
	{"boot write --cmdline 03:00.0", "boot write --cmdline " NIC, "grub.d", false},
	{"status", "guard install", NULL, false},
	{"guard install", "guard remove", NULL, false},
	{"status", "guard install", NULL, true},
	{"status", "guard install", "default", true},
	{"status", "vf persist --apply enp1s0", NULL, false},
};
/* clang-format on */

/* ---- the tree ---- */

/* Somebody has made them others' or narrower: a file that comes back is what it was. */
static void make_odd(struct world *w)
{
	static const char *const paths[] = {
		XLPT_MODPROBE_CONF,
		XLPT_GRUB_CFG,
		"/etc/systemd/system/libvirtd.service.d/xlpt-guard.conf",
		"/etc/apparmor.d/local/usr.sbin.libvirtd",
	};
	static const struct acl_entry list[] = {
		ACL_OWNER(6), { 2, 6, 1000 }, ACL_OWN_GROUP(0), ACL_LIMIT(6), ACL_REST(0),
	};
	struct xlpt_host *h = fake_bus_host(w->bus);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int fd = h->ops->open(h, paths[i], O_RDONLY, 0);
		char self[32];

		if (fd < 0)
			continue;
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		assert_int_equal(fchmod(fd, 0600), 0);
		if (geteuid() == 0)
			assert_int_equal(fchown(fd, 0, 4), 0);
		/* Not each file system has lists. */
		acl_give(self, list, XLPT_ARRAY_SIZE(list));
	}
}

static struct world *prepared(const struct scene *s)
{
	struct world *w = world_new();
	struct xlpt_host *h = fake_bus_host(w->bus);

	world_system(w, SYSTEM_KERNEL);
	world_program(w, OLDER);
	fake_bus_put(w->bus, "/etc/systemd/network/10-pf.link",
		     "[Match]\nDriver=igb\n[Link]\nSR-IOVVirtualFunctions=7\n");
	fake_bus_put(w->bus, "/etc/netplan/50.yaml",
		     "network:\n  ethernets:\n    enp1s0:\n      virtual-function-count: 7\n");
	fake_bus_put(w->bus, "/usr/lib/systemd/system/libvirtd.service", "");
	fake_bus_put(w->bus, "/etc/apparmor.d/usr.sbin.libvirtd", "profile");
	fake_bus_put(w->bus, "/etc/apparmor.d/local/.keep", "");
	world_file(w, XENDOM, "# mine \\n\r\nXENDOMAINS_SAVE=/var/lib/xen/save", 0640);
	if (s->older)
		assert_int_equal(h->ops->symlink(h, OLDER, LINK), 0);
	ok_lines(w, s->prepare);
	make_odd(w);
	return w;
}

static char *all(struct world *w)
{
	static const char *const roots[] = { "/etc", "/usr", XLPT_BOOT_STAMP,
					     "/var/lib/xlpt/pins" };
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(roots); i++)
		world_files(w, &s, roots[i]);
	return xlpt_str_take(&s);
}

/* Copies of the old texts stay; what is half-written does not. */
static bool unfinished(struct world *w)
{
	_cleanup_str_ struct xlpt_str s = { 0 };

	world_files(w, &s, XLPT_BACKUP_DIR);
	return strstr(xlpt_str_get(&s), ".xlpt-");
}

/* ---- the points ---- */

static unsigned signal_at;
static int signal_is;
static const char *fail_name;
static struct xlpt_host_ops bus_ops, ops;

static void point(void)
{
	if (signal_at && --signal_at == 0)
		raise(signal_is);
}

/* The journal's, and the files'. */
int fdatasync(int fd)
{
	(void)fd;
	point();
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	point();
	return 0;
}

static bool no_tmpfile; /* a file system that has no files without a name */

static int k_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	int r;

	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	if (!(flags & O_CREAT))
		return bus_ops.open(h, path, flags, mode);
	point();
	r = bus_ops.open(h, path, flags, mode);
	point();
	return r;
}

static bool no_proc; /* as in a chroot */

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (no_proc && xlpt_starts(from, "/proc/")) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

static int k_mkdir(struct xlpt_host *h, const char *path, mode_t mode)
{
	int r = bus_ops.mkdir(h, path, mode);

	point();
	return r;
}

static int k_unlink(struct xlpt_host *h, const char *path)
{
	int r;

	point();
	r = bus_ops.unlink(h, path);
	point();
	return r;
}

static int k_rename(struct xlpt_host *h, const char *from, const char *to)
{
	int r;

	if (fail_name && strstr(h->root, fail_name))
		return -EROFS;
	point();
	r = bus_ops.rename(h, from, to);
	point();
	return r;
}

static int k_symlink(struct xlpt_host *h, const char *target, const char *path)
{
	int r = bus_ops.symlink(h, target, path);

	point();
	return r;
}

static int k_rmdir(struct xlpt_host *h, const char *path)
{
	point();
	return bus_ops.rmdir(h, path);
}

static void arm(struct world *w)
{
	if (w->bus->ops.open == k_open)
		return;
	bus_ops = ops = w->bus->ops;
	ops.open = k_open;
	ops.mkdir = k_mkdir;
	ops.unlink = k_unlink;
	ops.rename = k_rename;
	ops.symlink = k_symlink;
	ops.rmdir = k_rmdir;
	w->bus->ops = ops;
}

/* The command in a process of its own that gets the signal at its nth point; how it ended. */
static int in_child(struct world *w, const char *command, const char *fail, int sig, unsigned nth)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* Only that signal is for the command. */
		setpgid(0, 0);
		world_hold_signals(false);
		arm(w);
		fail_name = fail;
		signal_is = sig;
		signal_at = nth;
		status = world_run(w, "%s", command);
		if (status > 1)
			fputs(w->err, stderr);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- what is left ---- */

struct want {
	const struct scene *s;
	bool (*one)(const void *arg, unsigned nth);
	char *before, *after;
};

static void either(struct world *w, const struct want *want, unsigned nth, bool only_after)
{
	_cleanup_free_ char *now = all(w);

	if (strcmp(now, want->after) != 0 && (only_after || strcmp(now, want->before) != 0))
		fail_msg("%s, at %u: neither as it was nor as wanted:\n%s\n--- was\n%s\n--- "
			 "wanted\n%s",
			 want->s->command, nth, now, want->before, want->after);
	if (world_journals(w) || unfinished(w))
		fail_msg("%s, at %u: something is left:\n%s%s", want->s->command, nth, w->out,
			 w->err);
}

static void by_repair(struct world *w, const struct want *want, unsigned nth)
{
	if (world_journals(w)) {
		answers(w, 0, "repair -n", "would mend an interrupted ");
		answers(w, 0, "status", "interrupted ");
		in_child(w, "repair", NULL, SIGKILL, 1 + nth % 13);
	}
	ok(w, "repair");
	either(w, want, nth, false);
	answers(w, 0, "repair", "nothing to mend");
}

static void by_next_command(struct world *w, const struct want *want, unsigned nth)
{
	if (world_journals(w)) {
		ok(w, "list");
		assert_non_null(strstr(w->err, "xlpt repair mends it"));
	}
	ok(w, want->s->command);
	either(w, want, nth, true);
}

/* Points come in pairs, before a write and after it: each way sees half of them. */
static bool kill_one(const void *arg, unsigned nth)
{
	const struct want *want = arg;
	struct world *w = prepared(want->s);
	int status = in_child(w, want->s->command, want->s->fail, SIGKILL, nth);

	if (!WIFSIGNALED(status) && WEXITSTATUS(status) != (want->s->fail ? 1 : 0))
		fail_msg("%s: exit %d", want->s->command, WEXITSTATUS(status));
	if (nth / 2 % 2)
		by_repair(w, want, nth);
	else
		by_next_command(w, want, nth);
	world_free(w);
	return WIFSIGNALED(status);
}

/* It ends by itself: all as it was and exit 1, or it was too late. */
static bool stop_one(const void *arg, unsigned nth)
{
	const struct want *want = arg;
	struct world *w = prepared(want->s);
	int status = in_child(w, want->s->command, NULL, nth % 2 ? SIGTERM : SIGINT, nth);
	_cleanup_free_ char *now = all(w);

	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) > 1 ||
	    strcmp(now, WEXITSTATUS(status) ? want->before : want->after) != 0)
		fail_msg("%s, stopped at %u: exit %d, and:\n%s", want->s->command, nth,
			 WEXITSTATUS(status), now);
	either(w, want, nth, false);
	world_free(w);
	return WEXITSTATUS(status) == 1;
}

/* Who ends the test ends it between two of them, and not the commands that it runs. */
static bool held(const void *arg, unsigned nth)
{
	const struct want *want = arg;
	bool hit;

	world_hold_signals(true);
	hit = want->one(want, nth);
	world_hold_signals(false);
	return hit;
}

static char *reference(const struct scene *s, bool after)
{
	struct world *w;
	char *text;

	world_hold_signals(true);
	w = prepared(s);
	if (after)
		ok(w, s->command);
	text = all(w);
	world_free(w);
	world_hold_signals(false);
	return text;
}

static unsigned each(bool (*one)(const void *, unsigned), bool kills)
{
	unsigned n = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++) {
		struct want want = { .s = &scenes[i] };

		/* Of the stops, which are many alike, every second scene. */
		if ((scenes[i].fail || i % 2) && !kills)
			continue;
		want.one = one;
		want.before = reference(&scenes[i], false);
		want.after = reference(&scenes[i], true);
		n += world_each_point(i, held, &want);
		free(want.before);
		free(want.after);
	}
	return n;
}

static void test_killed(void **state)
{
	unsigned n = each(kill_one, true);

	(void)state;
	print_message("%u kills\n", n);
	assert_true(n > (world_stride() > 1 ? 4 : 150));
}

static void test_stopped(void **state)
{
	unsigned n = each(stop_one, false);

	(void)state;
	print_message("stopped %u times\n", n);
	assert_true(n > (world_stride() > 1 ? 2 : 50));
}

#define LEFT                                                                         \
	"xlpt 1\nop guard install\n"                                                 \
	"note file text 0640 0:0 " XENDOM "\nnote was =a\\\\n\\r\\n\nnote want =b\n" \
	"note file link 0644 - " LINK "\nnote was -\nnote want =" SYSTEM_GUARD "\n"

/* What somebody has edited since the kill stays; and when all was done, all does. */
static void test_edited(void **state)
{
	struct world *w = prepared(&scenes[0]);
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *text = NULL, *same = NULL;

	(void)state;
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", LEFT "note files done\n");
	fake_bus_put(w->bus, XENDOM, "mine");
	assert_int_equal(h->ops->symlink(h, SYSTEM_GUARD, LINK), 0);
	answers(w, 0, "repair", "the guard install had changed all its files: kept");
	assert_true(xlpt_host_has(h, LINK));

	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", LEFT);
	answers(w, 0, "repair", XENDOM " was changed since, and is left as it is");
	assert_false(xlpt_host_has(h, LINK));
	assert_int_equal(xlpt_host_read_text(h, &text, XENDOM), 0);
	assert_string_equal(text, "mine");

	/* Not by a dry run, and not by commands of the other kind. */
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", LEFT);
	fake_bus_put(w->bus, XENDOM, "b");
	ok(w, "guard install -n");
	ok(w, "boot write " NIC);
	assert_true(world_journals(w));
	answers(w, 0, "guard remove", "the guard install is taken back");
	assert_int_equal(xlpt_host_read_text(h, &same, XENDOM), 0);
	assert_string_equal(same, "a\\n\r");

	/* One that cannot be read is named, with what to do. */
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", "xlpt 1\nop boot write\nnote file text x\n");
	answers(w, 5, "repair", "the journal /run/xlpt/journal/1-1 is damaged");
	world_free(w);
}

/* What boot write and guard install need of a system in which an image is made. */
static void test_chroot(void **state)
{
	struct world *w = prepared(&scenes[0]);

	(void)state;
	no_proc = geteuid() == 0;
	ok(w, "boot write " NIC);
	no_proc = false;
	/* And what a kill there leaves. */
	arm(w);
	no_tmpfile = true;
	ok(w, "boot write 03:00.0");
	assert_true(WIFSIGNALED(in_child(w, "boot write 04:00.0", NULL, SIGKILL, 24)));
	assert_true(world_journals(w));
	answers(w, 0, "repair", "the boot write is taken back");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", "");
	answers(w, 0, "repair", "nothing to mend");
	no_tmpfile = false;
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edited),
		cmocka_unit_test(test_chroot),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
