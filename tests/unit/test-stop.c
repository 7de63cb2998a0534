/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A signal in the middle, and an output that cannot be written: what is said of what was done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/plan.h"
#include "core/stop.h"
#include "tests/unit/commands.h"
#include "xl-plugin/cli/output.h"

/* ---- a plan ---- */

struct seen {
	int raise_at;	       /* the step that gets the signal */
	unsigned done, undone; /* bit per step */
	bool undo_saw;	       /* an undo saw the flag: its waits would end at once */
};

static int step(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct seen *s = ctx;

	(void)diag;
	s->done |= 1u << i;
	if ((int)i == s->raise_at)
		raise(SIGTERM);
	return 0;
}

static int unstep(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct seen *s = ctx;

	(void)diag;
	s->undone |= 1u << i;
	/* Impatient: the same again. */
	raise(SIGINT);
	s->undo_saw |= xlpt_interrupted != 0;
	return 0;
}

static int run_three(struct seen *s, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };

	for (size_t i = 0; i < 3; i++)
		xlpt_plan_add(&plan, step, unstep, i, xlpt_xstrdup("do"), xlpt_xstrdup("undo"));
	return xlpt_plan_run(&plan, s, NULL, diag);
}

static void test_plan_stops(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct seen s = { .raise_at = 1 };

	(void)state;
	xlpt_stop_reset();
	xlpt_stop_catch();
	assert_int_equal(run_three(&s, &diag), XLPT_ERR_STOPPED);
	assert_int_equal(s.done, 3);
	assert_int_equal(s.undone, 3);
	assert_false(s.undo_saw);
	assert_string_equal(diag.message, "stopped by signal 15 (SIGTERM)");
	assert_string_equal(xlpt_err_word(diag.code), "stopped");
	assert_int_equal(xlpt_err_exit(diag.code), 1);
	/* Whatever follows is to see it as well. */
	assert_int_equal(xlpt_interrupted, SIGINT);
	/* With the last step all is done. */
	s = (struct seen){ .raise_at = 2 };
	xlpt_stop_reset();
	assert_int_equal(run_three(&s, NULL), 0);
	assert_int_equal(s.undone, 0);
	assert_int_equal(xlpt_stop_came(), SIGTERM);
	xlpt_stop_reset();
}

static void test_ignored_stays(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	xlpt_stop_catch();
	raise(SIGHUP);
	assert_int_equal(xlpt_stop_came(), 0);
	signal(SIGHUP, SIG_DFL);
	xlpt_stop_catch();
	raise(SIGHUP);
	assert_int_equal(xlpt_stop_came(), SIGHUP);
	xlpt_stop_reset();
}

/* Out of descriptors, what is there is taken for absent: nothing is decided on that. */
static void test_starved(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct rlimit old, none;
	struct xlpt_host h;
	struct seen s = { .raise_at = -1 };

	(void)state;
	xlpt_stop_reset();
	assert_int_equal(xlpt_host_open(&h, "/"), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ (rlim_t)h.rootfd + 1, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(xlpt_host_has(&h, "/etc/passwd"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(run_three(&s, &diag), XLPT_ERR_IO);
	assert_int_equal(s.done, 0);
	assert_non_null(strstr(diag.message, "as many files open as it may"));
	xlpt_stop_reset();
	assert_int_equal(run_three(&s, NULL), 0);
	xlpt_host_close(&h);
}

/* ---- commands ---- */

/* The word for programs, too: a script tries again after a time-out. */
static void test_word(void **state)
{
	struct world *w = *state;
	struct json_object *root, *e, *code;
	unsigned stopped = 0;

	for (unsigned at = 1; at < 20; at++) {
		w->stop_at = at;
		if (world_run(w, "--json hide 02:00.0") == 0) {
			w->stop_at = 0;
			ok(w, "unhide 02:00.0");
			continue;
		}
		root = json_tokener_parse(w->out);
		assert_true(json_object_object_get_ex(root, "error", &e) &&
			    json_object_object_get_ex(e, "code", &code));
		assert_string_equal(json_object_get_string(code), "stopped");
		json_object_put(root);
		stopped++;
	}
	assert_true(stopped > 1);
}

static void raise_now(void *arg)
{
	(void)arg;
	raise(SIGTERM);
}

/* A wait for the guest ends by the signal, and says nothing of what the guest does. */
static void test_settling(void **state)
{
	struct world *w = *state;

	/* Another tool gives it a device, which its kernel never takes. */
	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
	fake_libxl_pci_add(w->store, 3, B("05:00.0"));
	fake_clock_in(&w->clock, 500, raise_now, NULL);
	assert_int_equal(world_run(w, "detach web1 05:00.0"), 1);
	assert_non_null(strstr(w->err, "stopped by signal 15 (SIGTERM)"));
	assert_null(strstr(w->err, "in the middle of a change"));
}

/* ---- the output ---- */

static int run_to(struct world *w, const char *line, const char *out, char **err)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *argv[16] = { (char[]){ "xlpt" } }, *save = NULL;
	struct xlpt_env env = {
		.out = fopen(out, "w"),
		.clock = &w->clock.clock,
		.host = fake_bus_host(w->bus),
		.store = fake_store_get(w->store),
		.ts = fake_ts_get(w->ts),
		.rtnl = fake_rtnl_get(w->rtnl),
	};
	int argc = 1, status;
	size_t len;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	argv[argc] = NULL;
	env.err = open_memstream(err, &len);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static void test_output_full(void **state)
{
	static const struct {
		const char *command;
		int status;
	} lines[] = {
		{ "list", 1 },
		{ "--json list", 1 },
		{ "status", 1 },
		{ "attach --dry-run web1 05:00.0", 1 },
		{ "hide 02:00.0", 5 },
		{ "attach web1 02:00.0", 5 },
		{ "--json attach web1 05:00.0", 5 },
		{ "detach web1 02:00.0 --to-host", 5 },
		{ "detach web1 02:00.0", 1 },
		{ "vf create 01:00.0 4", 5 },
		{ "vf set 01:10.2 vlan=3", 5 },
		{ "vf list", 1 },
		{ "pin nic0 02:00.0", 5 },
		{ "pin list", 1 },
		{ "pin remove nic0", 5 },
		{ "pool define lan pf=01:00.0", 5 },
		{ "pool list", 1 },
		{ "pool undefine lan", 5 },
		{ "budget --reset --yes", 5 },
		{ "budget", 1 },
		{ "repair", 5 },
		{ "repair --dry-run", 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *err = NULL;
		int status = run_to(w, lines[i].command, "/dev/full", &err);
		const char *says = lines[i].status == 5 ? "everything was done" : "";

		if (status != lines[i].status || !strstr(err, says))
			fail_msg("%s: exit %d, want %d: %s", lines[i].command, status,
				 lines[i].status, err);
		if (!strstr(err, "No space left on device") && !strstr(err, "does not have"))
			fail_msg("%s: the reason is not said: %s", lines[i].command, err);
	}
}

/* What was printed before an error stands before it, where both go into one log. */
static void test_order(void **state)
{
	struct world *w = *state;
	char path[] = "/tmp/xlpt-order-XXXXXX", text[8192] = "";
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "a+"), *err = fopen(path, "a");
	struct xlpt_env env = { .out = out, .err = err, .clock = &w->clock.clock };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_true(out && err);
	setvbuf(err, NULL, _IONBF, 0);
	fputs("the table\n", out);
	xlpt_diag_set(&diag, XLPT_ERR_IO, "the verdict");
	xlpt_diag_hint(&diag, "mend it");
	xlpt_print_diag(&env, &diag);
	rewind(out);
	assert_true(fread(text, 1, sizeof(text) - 1, out) > 0);
	assert_string_equal(text, "the table\nxlpt: the verdict\n  to mend: mend it\n");
	fclose(out);
	fclose(err);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_stops),
		cmocka_unit_test(test_ignored_stays),
		cmocka_unit_test(test_starved),
		world_test(test_word),
		world_test(test_settling),
		world_test(test_output_full),
		world_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
