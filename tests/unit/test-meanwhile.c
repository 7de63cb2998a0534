/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What changes while a command waits for a lock: another xlpt, played here, has the
 * lock and does something in the meantime. The command decides on what is there then.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/leaving.h"
#include "tests/unit/pooling.h"

#define AFTER_MS 1000
#define HIDDEN	 "0000:05:00.0"
#define PF	 "0000:01:00.0"
#define VF	 "0000:01:10.0"
#define VF2	 "0000:01:10.2"

struct meanwhile {
	struct world *w;
	void (*change)(struct world *w);
	bool done;
	int fd;
};

static void now(void *arg)
{
	struct meanwhile *m = arg;

	if (m->change)
		m->change(m->w);
	m->done = true;
	close(m->fd);
}

/* Somebody has that lock for a time, and does that. */
static void busy(struct meanwhile *m, struct world *w, const char *lock, int64_t ms,
		 void (*change)(struct world *w))
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *path = xlpt_xasprintf("/run/xlpt/lock/%s", lock);

	*m = (struct meanwhile){ .w = w, .change = change };
	assert_int_equal(xlpt_host_mkdirs(h, "/run/xlpt/lock", 0700), 0);
	m->fd = h->ops->open(h, path, O_RDWR | O_CREAT, 0600);
	assert_true(m->fd >= 0 && flock(m->fd, LOCK_EX | LOCK_NB) == 0);
	fake_clock_in(&w->clock, ms, now, m);
}

/* Waits for it, and then says that. */
static void waits(struct world *w, const char *lock, void (*change)(struct world *w), int want,
		  const char *line, const char *says)
{
	struct meanwhile m;

	busy(&m, w, lock, AFTER_MS, change);
	answers(w, want, line, says);
	if (!m.done)
		fail_msg("xlpt %s did not wait for %s", line, lock);
}

static void give(struct world *w, uint32_t domid, const char *bdf)
{
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);

	assert_int_equal(ts->ops->device_add(
				 ts, domid,
				 &(struct xlpt_spec){ .has_bdf = true, .bdf = B(bdf), .vslot = -1 },
				 NULL),
			 0);
}

/* ---- the device itself ---- */

static void hidden_to_web1(struct world *w)
{
	give(w, 3, HIDDEN);
}

static void test_device(void **state)
{
	static const char *const lines[][2] = {
		{ "attach db1 " HIDDEN, HIDDEN " is in use by web1" },
		{ "unhide " HIDDEN, "web1" },
		{ "reset " HIDDEN, HIDDEN " is in use by web1" },
		{ "detach db1 " HIDDEN, "db1 does not have " HIDDEN },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		struct world *w = world_new();

		waits(w, "device-" HIDDEN, hidden_to_web1, i == 2 ? 3 : 1, lines[i][0],
		      lines[i][1]);
		assert_int_equal(fake_ts_owner(w->ts, B(HIDDEN)), 3);
		assert_int_equal(fake_bus_resets(w->bus, HIDDEN), 0);
		world_free(w);
	}
}

/* ---- whom a reset hits ---- */

#define RESET_PF "reset --force --force-host-device 01:00.0 01:00.0"

static void vf_to_web1(struct world *w)
{
	give(w, 3, VF);
}

static void another_vf(struct world *w)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_bus_add(w->bus, VF2,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .pf = PF,
					 .parent = "0000:00:01.0" });
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", VF2, 12);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", VF2, 12);
}

static void vf2_to_db1(struct world *w)
{
	give(w, 4, VF2);
}

static void test_reset_hits(void **state)
{
	struct world *w = *state;

	ok(w, "hide " VF);
	waits(w, "device-" VF, vf_to_web1, 3, RESET_PF, "would hit " VF " as well");
	assert_non_null(strstr(w->err, VF " is with web1"));
	assert_int_equal(fake_bus_resets(w->bus, PF), 0);
}

/* One that was not there when it was looked for whom the reset hits. */
static void test_reset_hits_new(void **state)
{
	struct world *w = *state;
	struct meanwhile later;

	ok(w, "hide " VF);
	busy(&later, w, "device-" VF2, 2 * AFTER_MS, vf2_to_db1);
	waits(w, "device-" VF, another_vf, 3, RESET_PF, "would hit " VF2 " as well");
	assert_true(later.done);
	assert_int_equal(fake_bus_resets(w->bus, PF), 0);
}

/* ---- isolation sets ---- */

#define ALONE "0000:07:00.0"

static struct world *bridge_without_acs(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_bus_add(w->bus, "0000:00:1c.0",
		     &(struct fake_dev){ .vendor = 0x1b36,
					 .device = 0x000c,
					 .class_code = 0x060400,
					 .no_acs = true });
	fake_bus_add(w->bus, ALONE,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .parent = "0000:00:1c.0" });
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", ALONE, 12);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", ALONE, 12);
	return w;
}

static void mate_comes(struct world *w)
{
	fake_bus_add(w->bus, "0000:08:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:1c.0" });
}

static void test_mate_comes(void **state)
{
	struct world *w = bridge_without_acs(state);

	waits(w, "device-" ALONE, mate_comes, 3, "attach web1 " ALONE,
	      "while dom0 uses 0000:08:00.0");
	assert_null(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/dev-0"));
}

/* ---- virtual functions ---- */

/* The other xlpt has made a VF and attaches it: its lock is had, and nothing is to be seen yet. */
static void test_vf_remove(void **state)
{
	struct world *w = *state;
	struct meanwhile later;

	busy(&later, w, "device-" VF2, 2 * AFTER_MS, vf2_to_db1);
	waits(w, "device-" PF, another_vf, 3, "vf remove " PF, VF2 " is with db1");
	assert_true(later.done);
	assert_int_equal(fake_ts_owner(w->ts, B(VF2)), 4);
}

static void no_vf(struct world *w)
{
	fake_bus_remove(w->bus, VF);
}

static void test_vf_set(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = fake_rtnl_snapshot(w->rtnl), *after = NULL;

	waits(w, "device-" VF, no_vf, 1, "vf set " VF " vlan=42", VF);
	after = fake_rtnl_snapshot(w->rtnl);
	assert_string_equal(before, after);
}

/* ---- the guest's configuration ---- */

#define CFG "/etc/xen/web1.cfg"

static void taken_out(struct world *w)
{
	fake_bus_put(w->bus, CFG, "name = \"web1\"\n");
}

/* It said so already, and does not any more. */
static void test_config(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	fake_bus_put(w->bus, CFG, "name = \"web1\"\npci = [ '05:00.0' ]\n");
	waits(w, "guest-3", taken_out, 0, "attach web1 " HIDDEN " --config " CFG,
	      CFG " is changed");
	assert_int_equal(xlpt_host_read_text(fake_bus_host(w->bus), &text, "%s", CFG), 0);
	assert_non_null(strstr(text, HIDDEN));
}

/* ---- guests ---- */

static void app1_comes(struct world *w)
{
	fake_ts_guest(w->ts, 30, "app1", XLPT_GUEST_PV);
}

static void test_start(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *line = xlpt_xasprintf(
		"start %s", pools_config("name = 'app1'\nmemory = 256\npci = [ '05:00.0' ]\n"));

	waits(w, "device-" HIDDEN, app1_comes, 1, line, "a guest called app1 runs already");
	assert_null(strstr(w->out, "is attached"));
}

/* Two at once: the second waits for the first, and finds its guest. */
static void test_start_twice(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *line = xlpt_xasprintf(
		"start %s", pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:lan' ]\n"));

	ok(w, "pool define lan pf=01:00.0");
	/* Of the name's hash: a guest may be called anything. */
	waits(w, "name-76dcac8433fdda27", app1_comes, 1, line, "a guest called app1 runs already");
	free_is(w, 7);
}

/* What another xl gives it before its lock is had goes along. */
static void test_save(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 " HIDDEN);
	ok(w, "hide " VF);
	{
		_cleanup_free_ char *line = with_dir("save --detach-first web1 DIR/a");

		waits(w, "guest-3", vf_to_web1, 0, line, "");
	}
	assert_false(has(w, 3, VF));
	assert_true(there("a"));
	okf(w, "restore DIR/a");
	assert_true(has(w, running(w, "web1"), VF));
	assert_true(has(w, running(w, "web1"), HIDDEN));
}

static void web1_ends(struct world *w)
{
	fake_ts_down(w->ts, 3);
}

static void test_save_ends(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *line = with_dir("save --detach-first web1 DIR/a");

	waits(w, "guest-3", web1_ends, 1, line, "web1 is not running");
	assert_false(there("a"));
	no_journal(w);
}

static void web1_comes(struct world *w)
{
	struct xlpt_guest *g = fake_ts_guest(w->ts, 40, "web1", XLPT_GUEST_PV);

	snprintf(g->uuid, sizeof(g->uuid), "%s", "01234567-2222-4333-8444-555555555555");
}

static void test_restore(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 " HIDDEN);
	okf(w, "save --detach-first web1 DIR/a");
	{
		_cleanup_free_ char *line = with_dir("restore DIR/a");

		waits(w, "device-" HIDDEN, web1_comes, 1, line, "web1 is there already");
	}
}

static int leave_setup(void **state)
{
	*state = pools_world();
	return 0;
}

#define leave_test(f) cmocka_unit_test_setup_teardown(f, leave_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),	 world_test(test_reset_hits),
		world_test(test_reset_hits_new), world_test(test_mate_comes),
		world_test(test_vf_remove),	 world_test(test_vf_set),
		world_test(test_config),	 leave_test(test_start),
		leave_test(test_start_twice),	 leave_test(test_save),
		leave_test(test_save_ends),	 leave_test(test_restore),
	};
	int failed;

	assert_int_equal(leaving_setup(NULL), 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
