/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt check says yes exactly when attach or start succeeds, and else the same exit status: on
 * hosts, guests and command lines that are made up at random, XLPT_CHECK_RUNS of them.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUNS 2500
#endif
#endif
#ifndef RUNS
#define RUNS 10000
#endif
#define PER_WORLD 20

static uint64_t seed;
static char config[] = "/tmp/xlpt-test-agrees-XXXXXX"; /* of the guest to be started */

/* splitmix64: the same on every machine. */
static uint64_t rnd(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(rnd() % n);
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

#define PICK(list) ((list)[below((unsigned)XLPT_ARRAY_SIZE(list))])

static const char *const devices[] = {
	"02:00.0",	"02:00.0",	"03:00.0", "04:00.0", "04:00.1",       "04:00.*", "05:00.0",
	"05:00.0",	"01:10.0",	"01:10.2", "01:10.4", "01:10.0",       "06:00.0", "07:00.0",
	"0001:02:00.0", "0001:05:00.0", "08:00.0", "09:00.0", "09:00.1",       "0a:00.0", "00:02.0",
	"00:1f.2",	"01:00.0",	"00:01.0", "7f:00.0", "10000:01:00.0",
};

static const char *const bindable[] = { "02:00.0",	"03:00.0", "04:00.0", "04:00.1",
					"01:10.0",	"01:10.2", "06:00.0", "0001:02:00.0",
					"0001:05:00.0", "08:00.0", "09:00.0", "09:00.1" };

static const char *const names[] = { "web1", "db1", "win1" };

static void add(struct world *w, const char *bdf, struct fake_dev dev)
{
	dev.vendor = dev.vendor ? dev.vendor : 0x8086;
	dev.device = dev.device ? dev.device : 0x10d3;
	dev.class_code = dev.class_code ? dev.class_code : 0x020000;
	fake_bus_add(w->bus, bdf, &dev);
}

/* One region for 02:00.0 and 08:00.0, behind the root port 00:01.0. */
static void put_dmar(struct world *w)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	uint8_t t[88] = "DMAR";
	int fd;

	t[4] = 88;
	t[48] = 1; /* RMRR */
	t[50] = 40;
	memcpy(t + 56, (uint8_t[]){ 0, 0x50, 0x1e, 0xdc }, 4);
	memcpy(t + 64, (uint8_t[]){ 0xff, 0x4f, 0x1f, 0xdc }, 4);
	for (int i = 0; i < 2; i++) {
		memcpy(t + 72 + 8 * i, (uint8_t[]){ 1, 8, 0, 0, 0, (uint8_t)(i ? 8 : 2), 0, 0 }, 8);
	}
	fake_bus_put(w->bus, "/sys/firmware/acpi/tables/DMAR", "");
	fd = openat(h->rootfd, "sys/firmware/acpi/tables/DMAR", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, t, sizeof(t)), (ssize_t)sizeof(t));
	close(fd);
	fake_ts_shares_reserved(w->ts, B("02:00.0"));
	fake_ts_shares_reserved(w->ts, B("08:00.0"));
}

/* What differs from host to host. */
static struct world *make_world(void)
{
	static uint8_t silent[64];
	struct world *w = pools_world();

	memset(silent, 0xff, sizeof(silent));
	add(w, "0000:06:00.0",
	    (struct fake_dev){ .driver = "e1000e", .irq = one_in(2) ? 255 : 16 });
	add(w, "0000:07:00.0", (struct fake_dev){ .config = silent, .config_len = sizeof(silent) });
	add(w, "0001:02:00.0", (struct fake_dev){ .driver = "e1000e", .irq = 16 });
	add(w, "0001:05:00.0", (struct fake_dev){ .driver = "e1000e" });
	add(w, "0000:08:00.0",
	    (struct fake_dev){
		    .driver = "e1000e", .parent = "0000:00:01.0", .no_reset = one_in(3) });
	add(w, "0000:00:03.0",
	    (struct fake_dev){ .device = 0x000c, .class_code = 0x060400, .no_acs = true });
	add(w, "0000:09:00.0", (struct fake_dev){ .driver = "e1000e", .parent = "0000:00:03.0" });
	add(w, "0000:09:00.1",
	    (struct fake_dev){ .driver = one_in(2) ? "e1000e" : NULL, .parent = "0000:00:03.0" });
	add(w, "0000:0a:00.0",
	    (struct fake_dev){ .driver = "e1000e", .net = "eth1", .parent = "0000:00:03.0" });
	add(w, "0000:00:02.0", (struct fake_dev){ .device = 0x1912, .class_code = 0x030000 });
	if (one_in(3))
		fake_bus_put(w->bus, "/proc/net/route",
			     "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
			     "eth1\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\n");
	if (one_in(3))
		put_dmar(w);
	if (one_in(3))
		ok(w, "pool define lan pf=01:00.0");
	if (one_in(15))
		fake_ts_iommu(w->ts, false);
	if (one_in(4))
		fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf",
			     one_in(3)	 ? "hotplug-limit = 4\n"
			     : one_in(2) ? "reset = required\n"
					 : "allow-split = 09:00.0\n");
	else if (one_in(20))
		fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = many\n");
	return w;
}

/* What happens on a host between two commands. */
static void stir(struct world *w)
{
	const char *bdf = PICK(bindable), *name = PICK(names);
	struct xlpt_guest *g = fake_ts_find(w->ts, 0, name);

	switch (below(12)) {
	case 0:
	case 1:
		world_run(w, "hide %s", bdf);
		break;
	case 2:
		world_run(w, "unhide %s", bdf);
		break;
	case 3:
		world_run(w, "attach %s %s --hide", name, bdf);
		break;
	case 4:
		if (g)
			g->paused = !g->paused && one_in(4);
		break;
	case 5:
		if (g)
			g->passthrough = one_in(5) ? XLPT_OFF : XLPT_ON;
		break;
	case 6:
		if (g)
			g->e820_host = one_in(5) ? XLPT_OFF : XLPT_ON;
		break;
	case 7:
		if (g && one_in(2))
			g->has_stubdom = !g->has_stubdom && one_in(2);
		break;
	case 8: /* libxl's own note, of a domain that lives or is gone */
		if (one_in(3))
			fake_store_set(w->store, one_in(2) ? "4" : "44",
				       "/libxl/pci/0000-03-00-0/domid");
		break;
	case 9: /* ... which leaves its devices in its backend */
		if (one_in(3) && fake_ts_find(w->ts, 4, NULL)) {
			fake_ts_ended(w->ts, 4);
		}
		break;
	case 10:
		if (g && one_in(20)) {
			g->dying = true;
			g->shut_down = one_in(2);
			g->suspended = !g->shut_down && one_in(2);
		}
		break;
	default:
		world_run(w, "detach %s %s", name, bdf);
	}
}

static void add_words(struct xlpt_str *s, bool start)
{
	static const char *const with[] = {
		"",
		"",
		"",
		"",
		"@5",
		"@6",
		"@3",
		"@0",
		"@1f",
		",permissive=1",
		",rdm_policy=relaxed",
		",seize=1",
		",msitranslate=1",
		"@6,power_mgmt=1",
	};
	const char *bdf = PICK(devices);

	if (one_in(12))
		xlpt_str_addf(s, one_in(2) ? "pool:lan" : "01:10.2,pool=lan");
	else if (!strncmp(bdf, "01:1", 4) && one_in(3))
		xlpt_str_addf(s, "%s,mac=52:54:00:6d:90:02", bdf);
	else
		xlpt_str_addf(s, "%s%s", bdf, PICK(with));
	if (start && one_in(2) && !strchr(s->s, ','))
		xlpt_str_add(s, ",seize=1");
}

static void add_options(struct xlpt_str *s, bool start)
{
	if (!one_in(4))
		xlpt_str_add(s, " --hide");
	if (!start && one_in(4))
		xlpt_str_add(s, " --without-e820");
	for (const char *const *o =
		     (const char *const[]){ "--allow-split", "--force-host-device", NULL };
	     *o; o++)
		if (one_in(5))
			xlpt_str_addf(s, " %s %s", *o, PICK(devices));
}

/* "GUEST SPEC... [OPTION...]" */
static char *attach_words(void)
{
	struct xlpt_str s = { 0 };
	unsigned n = 1 + (one_in(4) ? below(3) : 0);

	xlpt_str_add(&s, one_in(20) ? "pvh1" : one_in(30) ? "nobody" : PICK(names));
	while (n--) {
		xlpt_str_add(&s, " ");
		add_words(&s, false);
	}
	add_options(&s, false);
	return xlpt_str_take(&s);
}

static void put_config(const char *text)
{
	FILE *f = fopen(config, "w");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(config);
		exit(1);
	}
}

/* "CFG [OPTION...]"; *text is the configuration. Callers free both. */
static char *start_words(char **text)
{
	_cleanup_str_ struct xlpt_str cfg = { 0 };
	struct xlpt_str s = { 0 };
	unsigned n = one_in(4) ? below(4) : 1;

	xlpt_str_addf(&cfg, "name = \"%s\"\ntype = \"%s\"\npci = [ ", one_in(12) ? "web1" : "app1",
		      one_in(12)  ? "pvh"
		      : one_in(2) ? "hvm"
				  : "pv");
	while (n--) {
		_cleanup_str_ struct xlpt_str one = { 0 };

		add_words(&one, true);
		xlpt_str_addf(&cfg, "\"%s\"%s", one.s, n ? ", " : "");
	}
	xlpt_str_add(&cfg, " ]\n");
	if (one_in(20))
		xlpt_str_add(&cfg,
			     one_in(2) ? "gfx_passthru = 1\n" : "passthrough = \"disabled\"\n");
	if (strstr(cfg.s, "00:02.0") && one_in(2))
		xlpt_str_add(&cfg, "gfx_passthru = \"igd\"\n");
	put_config(cfg.s);
	*text = xlpt_str_take(&cfg);
	xlpt_str_add(&s, config);
	add_options(&s, true);
	return xlpt_str_take(&s);
}

static void judge(struct world *w, const char *command, const char *words, const char *text,
		  uint64_t from)
{
	_cleanup_free_ char *before = pools_snapshot(w), *after = NULL, *said = NULL;
	int checked = world_run(w, "check %s", words), done;

	after = pools_snapshot(w);
	said = xlpt_xasprintf("%s%s", w->out, w->err);
	if (strcmp(before, after) != 0) {
		fprintf(stderr, "XLPT_CHECK_SEED=%#llx: xlpt check %s changes\n%s\n%s",
			(unsigned long long)from, words, before, after);
		fail();
	}
	done = world_run(w, "%s %s", command, words);
	if (checked == done)
		return;
	fprintf(stderr,
		"%s\nXLPT_CHECK_SEED=%#llx\n%s\n# xlpt check %s: exit %d\n%s\n"
		"# xlpt %s %s: exit %d\n%s%s",
		before, (unsigned long long)from, text, words, checked, said, command, words, done,
		w->out, w->err);
	fail();
}

static unsigned long runs(void)
{
	const char *n = getenv("XLPT_CHECK_RUNS");
	unsigned long want = n ? strtoul(n, NULL, 10) : RUNS;

	return want / world_stride();
}

static void test_agree(void **state)
{
	unsigned long n = runs(), works = 0, refused_ = 0;
	const char *start = getenv("XLPT_CHECK_SEED");

	(void)state;
	close(mkstemp(config));
	for (unsigned long i = 0; i < n; i += PER_WORLD) {
		uint64_t from = start ? strtoull(start, NULL, 0) : 0x1000 + i;
		struct world *w;

		seed = from;
		w = make_world();
		for (unsigned k = 0; k < PER_WORLD; k++) {
			_cleanup_free_ char *words = NULL, *text = NULL;
			struct xlpt_guest *g;

			for (unsigned s = below(5); s > 0; s--)
				stir(w);
			words = one_in(3) ? start_words(&text) : attach_words();
			judge(w, text ? "start" : "attach", words, text ? text : "", from);
			if (text && (g = fake_ts_find(w->ts, 0, "app1")))
				fake_ts_kill(w->ts, g->domid);
			works += strstr(w->out, "is attached") != NULL;
			refused_ += strstr(w->err, "to mend: ") != NULL;
		}
		world_free(w);
		if (start)
			break;
	}
	unlink(config);
	print_message("%lu worked, %lu were refused\n", works, refused_);
	assert_true(start || works > n / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
