/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was left half-done, by xlpt or by others, and how the next command or repair ends it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <cmocka.h>

#include "pciback/device/bind.h"
#include "tests/unit/commands.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/hotplug/operation.h"

/* Another tool was killed after asking the guest for a device: asking twice would wedge it. */
static void test_half_out(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	ok(w, "attach --hide web1 02:00.0");
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	refused(w, 1, "attach web1 03:00.0,seize=1", "half-way out");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "0000:05:00.0"));
	ok(w, "attach --hide web1 03:00.0");
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	ok(w, "detach web1 02:00.0");
	ok(w, "detach web1 03:00.0");
	ok(w, "attach web1 05:00.0");
}

/* libxl killed between emptying a backend and removing it. */
static void test_empty_backend(void **state)
{
	struct world *w = *state;

	for (int repair = 0; repair < 2; repair++) {
		ok(w, "attach web1 05:00.0");
		for (const char *const *node = (const char *const[]){ "dev-0", "key-0", "state-0",
								      "vdev-0", "opts-0", NULL };
		     *node; node++)
			fake_store_set(w->store, NULL, "/local/domain/0/backend/pci/3/0/%s", *node);
		fake_store_set(w->store, "0", "/local/domain/0/backend/pci/3/0/num_devs");
		fake_ts_get(w->ts)->ops->revoke(fake_ts_get(w->ts), 3, B("05:00.0"), NULL, 0, 0,
						NULL);
		if (repair) {
			ok(w, "repair");
			assert_non_null(strstr(w->out, "empty PCI backend"));
		}
		ok(w, "attach web1 05:00.0");
		ok(w, "detach web1 05:00.0");
	}
}

/* Ctrl-C: the step under way ends, what was done is undone. */
static void test_interrupted(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w);

	for (unsigned n = 1; n <= 3; n++) {
		_cleanup_free_ char *after = NULL;

		w->stop_at = n;
		assert_int_equal(world_run(w, "attach --hide web1 02:00.0 03:00.0"), 1);
		assert_non_null(strstr(w->err, "stopped by signal"));
		after = world_snapshot(w);
		assert_string_equal(before, after);
	}
}

static bool permissive(struct world *w, const char *bdf)
{
	bool on;

	assert_int_equal(xlpt_pciback_permissive(fake_bus_host(w->bus), B(bdf), &on, NULL), 0);
	return on;
}

/* What one guest was allowed is not the next one's. */
static void test_permissive_ends(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *before = NULL;

	assert_int_equal(
		xlpt_host_write_text(h, "0000:05:00.0", "/sys/bus/pci/drivers/pciback/permissive"),
		0);
	assert_true(permissive(w, "05:00.0"));
	before = world_snapshot(w);
	for (unsigned nth = 1; nth <= 2; nth++) {
		_cleanup_free_ char *after = NULL;

		fake_bus_fail_write(w->bus, nth, EIO);
		assert_int_not_equal(world_run(w, "attach web1 05:00.0"), 0);
		after = world_snapshot(w);
		assert_string_equal(before, after);
	}
	fake_bus_fail_write(w->bus, 0, 0);
	ok(w, "attach web1 05:00.0,permissive=0");
	assert_false(permissive(w, "05:00.0"));
	ok(w, "detach web1 05:00.0");
}

/* Killed after the guest had taken it: kept. Killed while it was being taken back: taken back. */
static void test_journal_kept_or_not(void **state)
{
	static const char head[] =
		"xlpt 1\nop attach\nguest 3 00000000-0000-4000-8000-000000000003 "
		"web1\ndevice 0000:05:00.0 keep -\nbegin add 0000:05:00.0 to web1\n";
	struct world *w = *state;
	_cleanup_free_ char *undone =
		xlpt_xasprintf("%sdone\nundo take 0000:05:00.0 from web1\n", head);

	ok(w, "attach web1 05:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", head);
	ok(w, "status");
	assert_non_null(strstr(w->out, "interrupted attach"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "kept"));
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", undone);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "taken back"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* Unfinished files of killed ones go; what is not xlpt's stays. */
static void test_left_behind(void **state)
{
	static const char *const left[] = {
		"/etc/initramfs-tools/hooks/xlpt.4194305.tmp",
		"/var/lib/xlpt/pins/nic0.4194305.tmp",
		"/var/lib/xlpt/pools/.xlpt-0123456789abcdef~",
		"/etc/systemd/system/xlpt-vf-eth0.service.4194305.tmp"
	};
	static const char other[] = "/etc/systemd/system/other.service.4194305.tmp";
	struct world *w = *state;

	fake_bus_put(w->bus, other, "x");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(left); i++)
		fake_bus_put(w->bus, left[i], "x");
	ok(w, "repair --dry-run");
	assert_non_null(strstr(w->out, "would take away 4 files that a killed xlpt"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "took away 4 files that a killed xlpt"));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(left); i++)
		assert_false(xlpt_host_has(fake_bus_host(w->bus), "%s", left[i]));
	assert_true(xlpt_host_has(fake_bus_host(w->bus), "%s", other));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* Nobody but root opens what xlpt keeps: who can open a file can lock it. */
static void test_kept_for_root(void **state)
{
	static const char *const dirs[] = { "/run/xlpt", "/run/xlpt/lock", "/run/xlpt/journal",
					    "/var/lib/xlpt", "/var/lib/xlpt/pins" };
	static const char *const files[] = { "/var/lib/xlpt/pins/nic0", "/run/xlpt/ledger" };
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	mode_t mask = umask(0);
	struct stat st;

	/* As an older xlpt made them. */
	assert_int_equal(xlpt_host_mkdirs(h, "/run/xlpt/lock", 0755), 0);
	assert_int_equal(xlpt_host_mkdirs(h, "/run/xlpt/journal", 0755), 0);
	assert_int_equal(xlpt_host_mkdirs(h, "/var/lib/xlpt/pins", 0755), 0);
	ok(w, "pin nic0 02:00.0");
	ok(w, "attach web1 05:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		_cleanup_close_ int fd = h->ops->open(h, dirs[i], O_RDONLY | O_DIRECTORY, 0);

		assert_int_equal(fstat(fd, &st), 0);
		if ((st.st_mode & 07777) != 0700)
			fail_msg("%s has mode %o", dirs[i], st.st_mode & 07777);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		_cleanup_close_ int fd = h->ops->open(h, files[i], O_RDONLY, 0);

		assert_int_equal(fstat(fd, &st), 0);
		if ((st.st_mode & 07777) != 0600)
			fail_msg("%s has mode %o", files[i], st.st_mode & 07777);
	}
	umask(mask);
}

/* Two who look at a journal do not keep each other from seeing it; one takes it over. */
static void test_journal_adopt(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .host = fake_bus_host(w->bus),
				.clock = &w->clock.clock,
				.err = stderr };
	struct xlpt_journal *a, *b;
	size_t na, nb;

	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop hide\ndevice 0000:02:00.0 hide -\n");
	assert_int_equal(xlpt_journal_interrupted(&env, &a, &na, NULL), 0);
	assert_int_equal(xlpt_journal_interrupted(&env, &b, &nb, NULL), 0);
	assert_int_equal(na, 1);
	assert_int_equal(nb, 1);
	assert_int_equal(xlpt_journal_adopt(&env, &a[0], NULL), 1);
	assert_int_equal(xlpt_journal_adopt(&env, &b[0], NULL), XLPT_ERR_IN_USE);
	xlpt_journal_end(&env, &a[0]);
	xlpt_closep(&b[0].fd);
	assert_int_equal(xlpt_journal_adopt(&env, &b[0], NULL), 0);
	xlpt_journal_dispose(&a[0]);
	xlpt_journal_dispose(&b[0]);
	free(a);
	free(b);
}

/* Between looking the guest up and its lock, another one got its number. */
static void test_guest_replaced(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .host = fake_bus_host(w->bus),
				.clock = &w->clock.clock,
				.store = fake_store_get(w->store),
				.ts = fake_ts_get(w->ts),
				.err = stderr };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_op_ struct xlpt_op op;

	xlpt_op_init(&op, &env);
	op.has_guest = true;
	assert_int_equal(env.ts->ops->guest_find(env.ts, "web1", &op.guest, NULL), 0);
	op.guest.uuid[0] = 'f';
	assert_int_equal(xlpt_op_add_spec(&op, "05:00.0", NULL), 0);
	assert_int_equal(xlpt_op_attach(&op, &(struct xlpt_attach_options){ 0 }, &diag),
			 XLPT_ERR_NO_GUEST);
	assert_non_null(strstr(diag.message, "web1 is gone"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -1);
}

/* The hypervisor has it, no backend names it: with libxl's note of the owner and without. */
static void test_hypervisor_only(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct xlpt_spec spec;

	ok(w, "attach web1 05:00.0");
	ok(w, "detach web1 05:00.0");
	before = world_snapshot(w);
	assert_int_equal(xlpt_spec_parse("05:00.0", &spec, NULL), 0);
	for (int how = 0; how < 4; how++) {
		_cleanup_free_ char *now = NULL;
		bool noted = how & 1;

		fake_ts_no_owners(w->ts, how & 2);
		fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_ASSIGN);
		fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 4, &spec, NULL);
		if (noted)
			fake_store_set(w->store, "4", "/libxl/pci/0000-05-00-0/domid");
		refused(w, 1, "attach web1 05:00.0", "assigned to a guest by the hypervisor");
		ok(w, "--dry-run repair");
		assert_non_null(strstr(w->out, "would take 0000:05:00.0"));
		ok(w, "repair");
		assert_non_null(strstr(w->out, "was with domain 4 in the hypervisor only"));
		now = world_snapshot(w);
		assert_string_equal(before, now);
	}
	xlpt_spec_dispose(&spec);
	fake_store_set(w->store, "4", "/libxl/pci/0000-05-00-0/domid");
	ok(w, "repair --json");
	assert_non_null(strstr(w->out, "the note is removed"));
	assert_non_null(strstr(w->out, "\"mended\": 1"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* A count that does not fit the devices, as libxl killed between its writes leaves it. */
static void test_books(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_store_set(w->store, "3", "/local/domain/0/backend/pci/3/0/num_devs");
	fake_store_set(w->store, "1", "/local/domain/0/backend/pci/3/0/state-1");
	assert_int_equal(world_run(w, "attach --hide web1 02:00.0"), 1);
	assert_non_null(strstr(w->err, "xlpt repair"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "mended num_devs of domain 3"));
	assert_string_equal(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/num_devs"),
			    "1");
	ok(w, "attach --hide web1 02:00.0");
	ok(w, "detach web1 05:00.0 02:00.0");
}

/* As long as it may be: a whole card's virtual functions, and each with its steps. */
static void test_long_journal(void **state)
{
	struct world *w = *state;
	_cleanup_str_ struct xlpt_str text = { 0 };

	ok(w, "hide 02:00.0");
	xlpt_str_add(&text, "xlpt 1\nop hide\ndevice 0000:02:00.0 hide e1000e\n");
	for (int i = 0; text.len < 200000; i++)
		xlpt_str_addf(&text, "note %d of what was to be done\nbegin step %d\ndone\n", i, i);
	fake_bus_put(w->bus, "/run/xlpt/journal/1000-1", text.s);
	ok(w, "repair");
	assert_null(strstr(w->err, "not a journal"));
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:02:00.0"), "e1000e");
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/run/xlpt/journal/1000-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_half_out),
		world_test(test_empty_backend),
		world_test(test_interrupted),
		world_test(test_permissive_ends),
		world_test(test_journal_kept_or_not),
		world_test(test_left_behind),
		world_test(test_kept_for_root),
		world_test(test_journal_adopt),
		world_test(test_guest_replaced),
		world_test(test_hypervisor_only),
		world_test(test_books),
		world_test(test_long_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
