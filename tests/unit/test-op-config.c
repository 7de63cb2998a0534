/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach --config and detach --config on a fake host: the file follows what happened, and with
 * every single thing failing once it says what the host is left with.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/file.h"
#include "tests/unit/commands.h"

#define CFG  "/etc/xen/web1.cfg"
#define BARE "# web1, mind the cables\nname = \"web1\"\nmemory=512	# MiB\nkernel = '/boot/k'\n"
#define TWO  BARE "pci = [ '0000:02:00.0', # the left one\n\t'05:00.0,permissive=1' ]\nvcpus = 1\n"

static char *text_of(struct world *w, const char *path)
{
	char *text = xlpt_xcalloc(1, 4096);

	if (xlpt_host_real_ops.read(fake_bus_host(w->bus), path, text, 4095) < 0)
		fail_msg("no %s", path);
	return text;
}

static void says(struct world *w, const char *want)
{
	_cleanup_free_ char *text = text_of(w, CFG);

	assert_string_equal(text, want);
}

static char *host_and_file(struct world *w)
{
	_cleanup_free_ char *host = world_snapshot(w), *text = text_of(w, CFG);

	return xlpt_xasprintf("%s%s", host, text);
}

static int setup(void **state)
{
	struct world *w = world_new();

	w->snapshot = host_and_file;
	fake_bus_put(w->bus, CFG, TWO);
	*state = w;
	return 0;
}

/* The other name has the old text now: that is said, also when the change is taken back. */
static void test_hard_link(void **state)
{
	struct world *w = *state;
	_cleanup_close_ int dir = xlpt_host_real_ops.open(fake_bus_host(w->bus), "/etc/xen",
							  O_RDONLY | O_DIRECTORY, 0);
	_cleanup_free_ char *other = NULL;

	fake_bus_put(w->bus, CFG, BARE);
	assert_int_equal(linkat(dir, "web1.cfg", dir, "auto.cfg", 0), 0);
	ok(w, "attach web1 --config " CFG " --hide 02:00.0");
	assert_non_null(strstr(w->err, "/etc/xen/web1.cfg had other names (hard links)"));
	assert_non_null(strstr(w->err, "to mend: "));
	says(w, BARE "pci = [ \"0000:02:00.0\" ]\n");
	other = text_of(w, "/etc/xen/auto.cfg");
	assert_string_equal(other, BARE);
	ok(w, "detach web1 02:00.0 --config " CFG);
	assert_null(strstr(w->err, "hard links"));
}

static void test_attach_detach(void **state)
{
	struct world *w = *state;
	struct stat st;
	_cleanup_close_ int fd = -1;

	fake_bus_put(w->bus, CFG, BARE);
	fd = xlpt_host_real_ops.open(fake_bus_host(w->bus), CFG, O_RDWR, 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	ok(w, "attach web1 --config " CFG " --hide 02:00.0,seize=1 04:00.*");
	assert_non_null(strstr(w->out, CFG " is changed\n"));
	says(w, BARE "pci = [ \"0000:02:00.0,seize=1\", \"0000:04:00.0\", \"0000:04:00.1\" ]\n");
	xlpt_closep(&fd);
	fd = xlpt_host_real_ops.open(fake_bus_host(w->bus), CFG, O_RDONLY, 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	ok(w, "detach web1 04:00.0 --config " CFG);
	says(w, BARE "pci = [ \"0000:02:00.0,seize=1\", \"0000:04:00.1\" ]\n");
	/* Not listed is what a detach wants; listed already what an attach wants. */
	ok(w, "attach web1 04:00.0");
	ok(w, "detach web1 04:00.0 --config " CFG);
	assert_non_null(strstr(w->out, "needs no change"));
	ok(w, "detach web1 04:00.1");
	ok(w, "attach web1 04:00.1 --config=" CFG " --json");
	assert_non_null(strstr(w->out, "\"config\": \"" CFG "\""));
	says(w, BARE "pci = [ \"0000:02:00.0,seize=1\", \"0000:04:00.1\" ]\n");
}

static void test_keeps_the_rest(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 03:00.0 --config " CFG);
	says(w, BARE "pci = [ '0000:02:00.0', # the left one\n\t'05:00.0,permissive=1',\n\t"
		     "'0000:03:00.0' ]\nvcpus = 1\n");
	ok(w, "detach web1 --to-host 03:00.0 --config " CFG);
	says(w, TWO);
}

static void test_link(void **state)
{
	struct world *w = *state;
	char target[64];

	fake_bus_link(w->bus, "/etc/xen/auto/web1", "../web1.cfg");
	ok(w, "attach web1 --hide 03:00.0 --config /etc/xen/auto/web1");
	assert_non_null(strstr(w->out, "web1.cfg is changed"));
	assert_true(xlpt_host_real_ops.readlink(fake_bus_host(w->bus), "/etc/xen/auto/web1", target,
						sizeof(target)) > 0);
}

static void test_refused(void **state)
{
	struct world *w = *state;

	changes_nothing(w, 1, "attach web1 05:00.0 --config /etc/xen/nosuch",
			"cannot open /etc/xen/nosuch");
	changes_nothing(w, 1, "attach web1 05:00.0 --config /etc/xen", "cannot read /etc/xen");
	changes_nothing(w, 2, "attach web1 05:00.0 --config", "config");
	fake_bus_put(w->bus, CFG, "name = 'web1'\npci = [ '02:00.9' ]\n");
	changes_nothing(w, 2, "attach web1 05:00.0 --config " CFG, CFG ":2:");
	changes_nothing(w, 2, "attach web1 05:00.0 --dry-run --config " CFG, CFG ":2:");
	fake_bus_put(w->bus, CFG, "name = 'web1\n");
	changes_nothing(w, 2, "attach web1 05:00.0 --config " CFG, CFG ":1:");
	/* One function of an entry for all of them is no small edit. */
	fake_bus_put(w->bus, CFG, "pci = [ '04:00.*' ]\n");
	ok(w, "attach web1 --hide 04:00.*");
	changes_nothing(w, 1, "detach web1 04:00.0 --config " CFG, "04:00.*");
}

/* In a directory of another user: that user's links lead root nowhere else, and he keeps his file. */
static void test_users_directory(void **state)
{
	struct world *w = *state;
	struct xlpt_host *host = fake_bus_host(w->bus);
	_cleanup_close_ int root = xlpt_host_real_ops.open(host, "/", O_RDONLY | O_DIRECTORY, 0);
	_cleanup_free_ char *shadow = NULL;
	struct stat st;

	fake_bus_put(w->bus, "/etc/shadow", BARE);
	fake_bus_put(w->bus, "/home/u/vm.cfg", BARE);
	for (int pid = getpid(); pid < getpid() + 3; pid++) {
		_cleanup_free_ char *name = xlpt_xasprintf("home/u/vm.cfg.%d.tmp", pid);

		assert_int_equal(symlinkat("../../etc/shadow", root, name), 0);
	}
	assert_int_equal(symlinkat("../../etc/shadow", root, "home/u/link.cfg"), 0);
	assert_int_equal(fchmodat(root, "home/u/vm.cfg", 0640, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(root, "home/u/vm.cfg", 65534, 65534, 0), 0);
		assert_int_equal(
			fchownat(root, "home/u/link.cfg", 65534, 65534, AT_SYMLINK_NOFOLLOW), 0);
		changes_nothing(w, 1, "attach web1 --hide 02:00.0 --config /home/u/link.cfg",
				"another user");
	}
	ok(w, "attach web1 --hide 02:00.0 --config /home/u/vm.cfg");
	shadow = text_of(w, "/etc/shadow");
	assert_string_equal(shadow, BARE);
	assert_int_equal(fstatat(root, "home/u/vm.cfg", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, geteuid() ? geteuid() : 65534);
	assert_int_equal(fstatat(root, "etc/shadow", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, geteuid());
}

static void test_dry_run(void **state)
{
	struct world *w = *state;

	changes_nothing(w, 0, "attach web1 --hide 03:00.0 --dry-run --config " CFG, "");
	assert_non_null(strstr(w->out, "would add 0000:03:00.0 to pci in " CFG "\n"));
	/* It has the device, with other options than asked for. */
	changes_nothing(w, 0, "attach web1 05:00.0 --dry-run --config " CFG, "");
	assert_non_null(strstr(w->out, "would add 0000:05:00.0 to pci in"));
	changes_nothing(w, 0, "attach web1 05:00.0,permissive=1 --dry-run --config " CFG, "");
	assert_null(strstr(w->out, "pci in"));
}

/* Killed between the guest's answer and the file: repair does what was left to do. */
static void test_repair(void **state)
{
	struct world *w = *state;
	static const char head[] = "device 0000:03:00.0 hide nvme\nspec 0000:03:00.0,permissive=1\n"
				   "config " CFG "\nbegin add\n";
	_cleanup_free_ char *attach = xlpt_xasprintf("xlpt 1\nop attach\nguest 3 - web1\n%s", head);
	_cleanup_free_ char *detach = xlpt_xasprintf("xlpt 1\nop detach\nguest 3 - web1\n%s", head);

	ok(w, "attach web1 --hide 03:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", attach);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "kept"));
	says(w, BARE "pci = [ '0000:02:00.0', # the left one\n\t'05:00.0,permissive=1',\n\t"
		     "'0000:03:00.0,permissive=1' ]\nvcpus = 1\n");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", detach);
	ok(w, "repair");
	says(w, TWO);
	/* Taken back: the file is not told of it. */
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", attach);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "taken back"));
	says(w, TWO);
	/* A broken file does not keep the devices from being mended. */
	ok(w, "attach web1 --hide 03:00.0");
	fake_bus_put(w->bus, CFG, "pci = [\n");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", attach);
	ok(w, "repair");
	assert_non_null(strstr(w->err, "is not changed"));
	ok(w, "detach web1 03:00.0");
}

/* ---- everything fails once ---- */

static struct xlpt_host_ops ops;
static unsigned fail_rename, fail_open;

static int rename_hook(struct xlpt_host *h, const char *from, const char *to)
{
	return fail_rename && !--fail_rename ? -ENOSPC : xlpt_host_real_ops.rename(h, from, to);
}

static int open_hook(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	bool config =
		strstr(path, "web1.cfg") || (flags & O_CREAT && xlpt_file_is_unfinished(path + 1));

	if (config && fail_open && !--fail_open)
		return -EROFS;
	return xlpt_host_real_ops.open(h, path, flags, mode);
}

enum { RENAME, OPEN, BUS, STORE, STORE_READ, HYP, ADD, N_KINDS };

static void inject(struct world *w, int kind, unsigned nth)
{
	fail_rename = kind == RENAME ? nth : 0;
	fail_open = kind == OPEN ? nth : 0;
	fake_bus_fail_write(w->bus, kind == BUS ? nth : 0, EIO);
	fake_store_fail(w->store, FAKE_STORE_WRITE, kind == STORE ? nth : 0, EIO);
	fake_store_fail(w->store, FAKE_STORE_READ, kind == STORE_READ ? nth : 0, EIO);
	fake_ts_fail(w->ts, FAKE_TS_HYP, kind == HYP ? nth : 0, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_ADD, kind == ADD ? nth : 0, FAKE_TS_AFTER_NODES);
}

static bool listed(struct world *w)
{
	_cleanup_free_ char *text = text_of(w, CFG);

	return strstr(text, "03:00.0") != NULL;
}

static bool held(struct world *w)
{
	struct xlpt_bdf bdf;

	xlpt_bdf_parse("0000:03:00.0", 12, &bdf, NULL);
	return fake_ts_owner(w->ts, bdf) == 3;
}

/* Returns whether the failure was met. */
struct point {
	bool attach;
	int kind;
};

static bool try_one(const void *arg, unsigned nth)
{
	bool attach = ((const struct point *)arg)->attach;
	int kind = ((const struct point *)arg)->kind;
	const char *line = attach ? "attach web1 --hide 03:00.0 --config " CFG
				  : "detach web1 --to-host 03:00.0 --config " CFG;
	struct world *w = world_new();
	struct xlpt_host *host = fake_bus_host(w->bus);
	const struct xlpt_host_ops *own = host->ops;
	_cleanup_free_ char *before = NULL, *after = NULL, *text = NULL;
	int status;

	fake_bus_put(w->bus, CFG, TWO);
	if (!attach)
		ok(w, "attach web1 --hide 03:00.0 --config " CFG);
	before = world_snapshot(w);
	text = text_of(w, CFG);
	ops = *own;
	ops.rename = rename_hook;
	ops.open = open_hook;
	host->ops = &ops;
	inject(w, kind, nth);
	status = world_run(w, "%s", line);
	inject(w, N_KINDS, 0);
	host->ops = own;
	if (status == 5 && world_run(w, "repair"))
		fail_msg("%s, %d.%u: repair: %s", line, kind, nth, w->err);
	after = world_snapshot(w);
	if ((status == 1 || (status && attach)) && strcmp(before, after) != 0)
		fail_msg("%s, %d.%u: exit %d, the host is not where it began", line, kind, nth,
			 status);
	if (listed(w) != held(w))
		fail_msg("%s, %d.%u: exit %d: %s, and %s", line, kind, nth, status,
			 held(w) ? "the guest has it" : "the guest does not have it",
			 listed(w) ? "the file lists it" : "the file does not");
	if (status == 1)
		says(w, text);
	if (status)
		ok(w, held(w) == attach ? "status" : line);
	assert_true(held(w) == attach && listed(w) == attach);
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0, config = 0;

	(void)state;
	for (int attach = 0; attach < 2; attach++)
		for (int kind = 0; kind < N_KINDS; kind++) {
			unsigned n = world_each_point(0, try_one, &(struct point){ attach, kind });

			met += n;
			config += kind <= OPEN ? n : 0;
		}
	print_message("%u failures met, %u of them at the file\n", met, config);
	/* Of a part of the points too few are met to reckon with. */
	if (world_stride() > 1)
		assert_true(met && config);
	else
		assert_true(met > 30 && config >= 8);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attach_detach, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hard_link, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_keeps_the_rest, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_users_directory, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_repair, setup, world_teardown),
		cmocka_unit_test(test_every_failure),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
