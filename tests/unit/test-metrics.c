/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt doctor --metrics: Prometheus' own tools take it, and the alerts of docs/prometheus fire on what
 * the program prints, not on what somebody believes that it prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/run.h"
#include "core/tempdir.h"
#include "tests/fake/broken.h"
#include "tests/fake/system.h"
#include "tests/unit/pooling.h"

#define RULES "docs/prometheus/xlpt.rules.yml"

static int sound_setup(void **state)
{
	struct world *w = pools_world();

	world_sound(w);
	*state = w;
	return 0;
}

#define sound_test(f) cmocka_unit_test_setup_teardown(f, sound_setup, world_teardown)

/* The tool of Prometheus itself, where it is; feed may be NULL. */
static void promtool(const char *const *argv, const char *feed)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);

	if (access("/usr/bin/promtool", X_OK)) {
		print_message("no promtool: not checked by it\n");
		return;
	}
	if (feed) {
		run.feed = xlpt_xstrdup(feed);
		run.feed_len = strlen(feed);
	}
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	free(XLPT_TAKE(run.feed));
	if (run.status)
		fail_msg("promtool %s %s: %s%s", argv[1], argv[2], xlpt_str_get(&run.out),
			 xlpt_str_get(&run.err));
}

static void check_metrics(const char *text)
{
	promtool((const char *[]){ "promtool", "check", "metrics", NULL }, text);
}

static void test_metrics(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 7, "a\"b\\c\nd\xff", XLPT_GUEST_PV);
	struct xlpt_spec spec;

	ok(w, "doctor --metrics");
	assert_non_null(strstr(w->out, "\nxlpt_doctor_sound 1\n"));
	assert_non_null(strstr(w->out, "xlpt_doctor_checks{group=\"xen\",state=\"bad\"} 0\n"));
	assert_non_null(strstr(w->out, "xlpt_devices_hidden 1\n"));
	assert_null(strstr(w->out, "xlpt_pool_vfs"));
	check_metrics(w->out);
	g->passthrough = XLPT_OFF;
	assert_int_equal(xlpt_spec_parse("02:00.0", &spec, NULL), 0);
	fake_ts_configure(w->ts, 7, &spec);
	xlpt_spec_dispose(&spec);
	assert_int_equal(world_run(w, "doctor --metrics"), 1);
	assert_non_null(strstr(w->out, "\nxlpt_doctor_sound 0\n"));
	assert_non_null(strstr(
		w->out, "xlpt_doctor_trouble{group=\"guests\",check=\"without-passthrough\","
			"state=\"bad\",device=\"\",guest=\"a\\\"b\\\\c\\\\nd\\\\xff\"} 1\n"));
	check_metrics(w->out);
}

/* ---- pools ---- */

static void test_pools(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=enp1s0");
	ok(w, "pool define one dev=01:11.4");
	ok(w, "attach web1 pool:one");
	ok(w, "doctor --metrics");
	said(w, "xlpt_pool_vfs{pool=\"lan\",state=\"free\"} 6\n");
	said(w, "xlpt_pool_vfs{pool=\"lan\",state=\"leased\"} 1\n");
	said(w, "xlpt_pool_vfs{pool=\"one\",state=\"free\"} 0\n");
	said(w, "xlpt_pool_vfs{pool=\"one\",state=\"leased\"} 1\n");
	said(w, "xlpt_pool_vfs{pool=\"one\",state=\"dom0\"} 0\n");
	check_metrics(w->out);
	ok(w, "doctor");
	said(w, "\nPools\n  ok       pool lan: 6 of 7 virtual functions are free\n"
		"  ok       pool one: 0 of 1 virtual functions are free\n");
	/* Nothing to give out of, and a file that cannot be read: each is told, and hides no other. */
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/none", "name = none\npf = enp77s0\n");
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/odd", "name = \n");
	assert_int_equal(world_run(w, "doctor"), 0);
	said(w, "  warning  pool none has no virtual functions: nothing can be given out of it\n"
		"           to mend: xlpt pool show none\n");
	said(w, "  warning  /var/lib/xlpt/pools/odd:1: ");
	said(w, "  ok       pool lan: 6 of 7");
	ok(w, "doctor --metrics");
	said(w, "xlpt_pool_vfs{pool=\"none\",state=\"free\"} 0\n");
	assert_null(strstr(w->out, "pool=\"odd\""));
	said(w, "xlpt_doctor_trouble{group=\"pools\",check=\"definition\"");
	check_metrics(w->out);
}

/* ---- into a file ---- */

static char *slurp(const char *path)
{
	_cleanup_file_ struct xlpt_file f;
	struct xlpt_str out = { 0 };

	assert_int_equal(xlpt_file_find(NULL, path, 0, &f), 0);
	assert_int_equal(xlpt_file_get(&f, 1 << 20, &out), 0);
	return xlpt_str_take(&out);
}

static void test_output(void **state)
{
	struct world *w = *state;
	_cleanup_tempdir_ struct xlpt_tempdir dir = { .fd = -1 };
	_cleanup_free_ char *path = NULL, *first = NULL, *second = NULL;
	_cleanup_strv_ char **names = NULL;
	struct xlpt_host host;
	struct stat st;
	mode_t mask;

	assert_int_equal(xlpt_tempdir_make(&dir, "xlpt-test-metrics-", NULL), 0);
	path = xlpt_xasprintf("%s/xlpt.prom", dir.path);
	mask = umask(077);
	assert_int_equal(world_run(w, "doctor --metrics --output %s", path), 0);
	umask(mask);
	assert_string_equal(w->out, "");
	first = slurp(path);
	assert_non_null(strstr(first, "\nxlpt_doctor_sound 1\n"));
	/* Another user reads it, whatever this one's umask is. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* What is bad is no failure of writing. */
	fake_ts_iommu(w->ts, false);
	assert_int_equal(world_run(w, "doctor --metrics -o %s", path), 0);
	second = slurp(path);
	assert_non_null(strstr(second, "\nxlpt_doctor_sound 0\n"));
	check_metrics(second);
	/* What cannot be written stays, and says so. */
	assert_int_equal(world_run(w, "doctor --metrics -o %s/none/x.prom", dir.path), 1);
	assert_non_null(strstr(w->err, "cannot write "));
	assert_int_equal(world_run(w, "doctor --metrics -o %s", dir.path), 1);
	/* Nothing but the file is there. */
	assert_int_equal(xlpt_host_open(&host, dir.path), 0);
	assert_int_equal(xlpt_host_list(&host, &names, "/"), 0);
	xlpt_host_close(&host);
	assert_int_equal(xlpt_strv_len(names), 1);
	assert_string_equal(names[0], "xlpt.prom");
	refused(w, 2, "doctor -o /nowhere/x", "--output is the file of --metrics");
	refused(w, 2, "doctor --defects -o /nowhere/x", "--output is the file of --metrics");
}

/* ---- the alerts ---- */

/* Each line of the metrics as a series that stays so for an hour. */
static void add_series(struct xlpt_str *out, const char *metrics)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(metrics);
	char *cursor = copy, *line, *value;

	while ((line = xlpt_file_line(&cursor))) {
		if (*line == '#' || !(value = strrchr(line, ' ')))
			continue;
		*value++ = '\0';
		xlpt_str_add(out, "      - series: '");
		for (const char *p = line; *p; p++)
			xlpt_str_add(out, *p == '\'' ? "''" : (char[]){ *p, 0 });
		xlpt_str_addf(out, "'\n        values: '%s+0x60'\n", value);
	}
}

/* Of what is printed now, exactly these alerts are firing after half an hour (a list ended by NULL). */
static void fires(struct world *w, const char *const *alerts)
{
	_cleanup_str_ struct xlpt_str out = { 0 };
	_cleanup_tempdir_ struct xlpt_tempdir dir = { .fd = -1 };
	_cleanup_free_ char *path = NULL, *here = getcwd(NULL, 0);

	world_run(w, "doctor --metrics");
	xlpt_str_addf(&out,
		      "rule_files: ['%s/" RULES "']\nevaluation_interval: 1m\n"
		      "tests:\n  - interval: 1m\n    input_series:\n",
		      here);
	add_series(&out, w->out);
	/* A file that is written every minute. */
	xlpt_str_add(&out, "      - series: 'node_textfile_mtime_seconds{file=\"/x/xlpt.prom\"}'\n"
			   "        values: '0+60x60'\n    promql_expr_test:\n"
			   "      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n"
			   "        eval_time: 30m\n        exp_samples:\n");
	for (size_t i = 0; alerts[i]; i++)
		xlpt_str_addf(&out,
			      "          - labels: '{alertname=\"%s\"}'\n            value: 1\n",
			      alerts[i]);
	assert_int_equal(xlpt_tempdir_make(&dir, "xlpt-test-alerts-", NULL), 0);
	path = xlpt_xasprintf("%s/test.yml", dir.path);
	assert_int_equal(xlpt_file_replace(NULL, path, out.s, out.len,
					   &(struct xlpt_file_how){ .mode = 0600, .lazy = true }),
			 0);
	promtool((const char *[]){ "promtool", "test", "rules", path, NULL }, NULL);
}

static void hidden_device_lost(struct world *w)
{
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf",
		     "options xen-pciback hide=(0000:02:00.0)\n");
}

static void hidden_device_absent(struct world *w)
{
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf",
		     "options xen-pciback hide=(0000:77:00.0)\n");
}

static void budget_low(struct world *w)
{
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 10\n");
	for (int i = 0; i < 4; i++) {
		ok(w, "attach web1 05:00.0");
		ok(w, "detach web1 05:00.0");
	}
}

static void budget_half(struct world *w)
{
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 10\n");
	ok(w, "attach web1 05:00.0");
	ok(w, "detach web1 05:00.0");
}

static void pool_empty(struct world *w)
{
	ok(w, "pool define one dev=01:11.4");
	ok(w, "attach web1 pool:one");
}

static void pool_lost(struct world *w)
{
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/none", "name = none\npf = enp77s0\n");
}

static void pool_full(struct world *w)
{
	ok(w, "pool define lan pf=enp1s0");
}

static void not_sound(struct world *w)
{
	fake_ts_iommu(w->ts, false);
}

static void test_alerts(void **state)
{
	static const struct {
		void (*breaks)(struct world *w);
		const char *alerts[4];
	} cases[] = {
		{ NULL, { NULL } },
		{ hidden_device_lost, { "XlptHiddenDeviceLost", "XlptHostNotSound" } },
		{ hidden_device_absent, { "XlptHiddenDeviceLost" } },
		{ budget_low, { "XlptBudgetLow" } },
		{ budget_half, { NULL } },
		{ broken_journal, { "XlptHostNotSound", "XlptOperationInterrupted" } },
		{ broken_mark, { "XlptContradiction", "XlptHostNotSound" } },
		{ pool_empty, { "XlptPoolEmpty" } },
		{ pool_lost, { "XlptPoolEmpty" } },
		{ pool_full, { NULL } },
		{ not_sound, { "XlptHostNotSound" } },
	};

	(void)state;
	promtool((const char *[]){ "promtool", "check", "rules", RULES, NULL }, NULL);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		struct world *w;

		assert_int_equal(sound_setup((void **)&w), 0);
		if (cases[i].breaks)
			cases[i].breaks(w);
		fires(w, cases[i].alerts);
		world_free(w);
	}
}

/* Nothing is printed by a program that does not run: the file's own age tells it. */
static void test_stale(void **state)
{
	_cleanup_tempdir_ struct xlpt_tempdir dir = { .fd = -1 };
	_cleanup_free_ char *path = NULL, *here = getcwd(NULL, 0), *text = NULL;

	(void)state;
	assert_int_equal(xlpt_tempdir_make(&dir, "xlpt-test-stale-", NULL), 0);
	path = xlpt_xasprintf("%s/test.yml", dir.path);
	text = xlpt_xasprintf("rule_files: ['%s/" RULES "']\nevaluation_interval: 1m\ntests:\n"
			      "  - interval: 1m\n    input_series:\n"
			      "      - series: 'node_textfile_mtime_seconds{file=\"%s\"}'\n"
			      "        values: '60+0x60'\n    promql_expr_test:\n"
			      "      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n"
			      "        eval_time: 12m\n        exp_samples: []\n"
			      "      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n"
			      "        eval_time: 30m\n        exp_samples:\n"
			      "          - labels: '{alertname=\"XlptMetricsStale\"}'\n"
			      "            value: 1\n",
			      here, "/var/lib/prometheus/node-exporter/xlpt.prom");
	assert_int_equal(xlpt_file_replace(NULL, path, text, strlen(text),
					   &(struct xlpt_file_how){ .mode = 0600, .lazy = true }),
			 0);
	promtool((const char *[]){ "promtool", "test", "rules", path, NULL }, NULL);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		sound_test(test_metrics),
		sound_test(test_pools),
		sound_test(test_output),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_stale),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
