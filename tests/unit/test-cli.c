/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines: what is understood, what is refused and how. Commands run only on an
 * empty tree (--sysroot), so that no Xen is reached and nothing is changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/clock.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static char tree[] = "/tmp/xlpt-cli.XXXXXX";
static const char *const parts[] = { "sys", "sys/bus", "sys/bus/pci", "sys/bus/pci/devices" };

/* The last run. */
static struct {
	char *out, *err;
	int status, verbose;
	bool json, dry_run;
	const char *sysroot;
} last;

static void forget(void)
{
	free(last.out);
	free(last.err);
	memset(&last, 0, sizeof(last));
}

/* Words are divided at blanks; TREE stands for the tree, '' for an empty word. */
static int run(const char *line)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *argv[16] = { (char[]){ "xlpt" } }, *save = NULL;
	size_t out_len, err_len;
	struct xlpt_env env = { .clock = &xlpt_clock_real };
	struct xlpt_host host;
	int argc = 1;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = !strcmp(w, "TREE") ? tree : !strcmp(w, "''") ? w + 2 : w;
	argv[argc] = NULL;
	forget();
	/* Not this system's /run/xlpt: a command looks there for interrupted operations. */
	assert_int_equal(xlpt_host_open(&host, tree), 0);
	if (!strstr(line, "--sysroot"))
		env.host = &host;
	env.out = open_memstream(&last.out, &out_len);
	env.err = open_memstream(&last.err, &err_len);
	assert_true(env.out && env.err);
	last.status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	xlpt_host_close(&host);
	last.json = env.json;
	last.dry_run = env.dry_run;
	last.verbose = env.verbose;
	last.sysroot = env.sysroot;
	return last.status;
}

static void expect(const char *line, int status, const char *out, const char *err)
{
	if (run(line) != status || (out ? !strstr(last.out, out) : *last.out != '\0') ||
	    (err ? !strstr(last.err, err) : *last.err != '\0'))
		fail_msg("xlpt %s: exit %d\n%s%s", line, last.status, last.out, last.err);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(tree));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, parts[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forget();
	for (size_t i = XLPT_ARRAY_SIZE(parts); i-- > 0;) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, parts[i]);

		rmdir(path);
	}
	return rmdir(tree);
}

/* ---- options before and after the command ---- */

static void test_where_options_stand(void **state)
{
	static const struct {
		const char *line;
		bool json;
		int verbose;
	} cases[] = {
		{ "--sysroot TREE list", false, 0 },
		{ "list --sysroot TREE", false, 0 },
		{ "--json --sysroot TREE list", true, 0 },
		{ "--sysroot TREE --json list", true, 0 },
		{ "--sysroot TREE list --json", true, 0 },
		{ "list --json --sysroot TREE", true, 0 },
		{ "--json list --json --sysroot TREE", true, 0 },
		{ "-v --sysroot TREE list -v", false, 2 },
		{ "-vv list --sysroot TREE --verbose", false, 3 },
		{ "--sysroot TREE -- list", false, 0 },
		/* the command's own options, too, long, short, short together with a common one */
		{ "--all --sysroot TREE list", false, 0 },
		{ "list -a --sysroot TREE", false, 0 },
		{ "-av list --sysroot TREE", false, 1 },
		{ "list -va --sysroot TREE --json", true, 1 },
		/* the last one counts */
		{ "--sysroot /nonexistent list --sysroot TREE", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		/* The tree is empty: that and what to try is said beside it. */
		expect(cases[i].line, 0, cases[i].json ? "\"devices\"" : NULL,
		       cases[i].json ? NULL : "xlpt: there is no such device\n  try: xlpt list");
		assert_int_equal(last.json, cases[i].json);
		assert_int_equal(last.verbose, cases[i].verbose);
		assert_string_equal(last.sysroot, tree);
		assert_false(last.dry_run);
	}
	/* --sysroot's argument is not the command, whatever it looks like */
	expect("--sysroot list", 2, NULL, "no command given");
	expect("--sysroot list list", 1, NULL, "cannot open list: ");
	expect("--sysroot=list list", 1, NULL, "cannot open list: ");
	expect("--sysroot TREE show 09:00.0", 1, NULL, "no PCI device 0000:09:00.0");
	/* what stands behind -- is an argument */
	expect("list -- --json", 1, NULL, "no device is known as \"--json\"");
	expect("show --sysroot TREE -- --json", 2, NULL, "\"--json\"");
	assert_false(last.json);
}

/* ---- refusals ---- */

static const struct {
	const char *line, *says;
} usage[] = {
	{ "", "no command given" },
	{ "-v", "no command given" },
	{ "frobnicate", "there is no command \"frobnicate\"" },
	{ "lis", "there is no command \"lis\"" },
	{ "LIST", "there is no command \"LIST\"" },
	{ "''", "there is no command \"\"" },
	{ "09:00.0", "there is no command \"09:00.0\"" },
	{ "frobnicate --sysroot TREE", "there is no command" },
	{ "list --frobnicate", "list does not know the option --frobnicate" },
	{ "--frobnicate list", "list does not know the option --frobnicate" },
	{ "list -z", "list does not know the option -z" },
	{ "list --to-host", "list does not know the option --to-host" },
	{ "hide --all 09:00.0", "hide does not know the option --all" },
	{ "list --json=yes", "list does not know the option --json=yes" },
	{ "list --version", "list does not know the option --version" },
	{ "list --sysroot", "--sysroot needs an argument" },
	{ "attach web1 09:00.0 --force-host 09:00.0",
	  "cannot be abbreviated; did you mean --force-host-device" },
	{ "attach web1 09:00.0 --force-host=09:00.0",
	  "cannot be abbreviated; did you mean --force-host-device" },
	{ "list --js", "cannot be abbreviated; did you mean --json" },
	{ "attach web1 09:00.0 -t", "-t needs an argument" },
	{ "attach web1 09:00.0 --timeout", "--timeout needs an argument" },
	/* too few, too many */
	{ "show", "show: too few arguments" },
	{ "show 09:00.0 0a:00.0", "show: too many arguments" },
	{ "hide", "hide: too few arguments" },
	{ "unhide", "unhide: too few arguments" },
	{ "attach", "attach: too few arguments" },
	{ "attach web1", "attach: too few arguments" },
	{ "detach web1", "detach: too few arguments" },
	{ "list 09:00", "column 6: expected '.'" },
	/* what was meant */
	{ "lst", "did you mean \"list\"?" },
	{ "LIST", "did you mean \"list\"?" },
	{ "dettach web1 09:00.0", "did you mean \"detach\"?" },
	{ "stauts", "did you mean \"status\"?" },
	{ "list --colums id", "--colums; did you mean --columns?" },
	{ "list --sysrot=TREE", "--sysrot=TREE; did you mean --sysroot?" },
	{ "attach web1 09:00.0 --time-out 3", "--time-out; did you mean --timeout?" },
	{ "list -o device,drivr", "\"drivr\"; did you mean \"driver\"?" },
	{ "list -o bdf", "\"bdf\"; did you mean \"device\"?" },
	{ "list -o bfd", "\"bfd\"; did you mean \"device\"?" },
	{ "list -o vendor_name", "did you mean \"name\"?" },
	/* verbs */
	{ "pool defin", "there is no \"pool defin\"; did you mean \"pool define\"?" },
	{ "pool delete lan", "did you mean \"pool undefine\"?" },
	{ "pool zz", "there is no \"pool zz\"" },
	{ "pool", "pool: too few arguments" },
	{ "vf creat eth0 3", "did you mean \"vf create\"?" },
	{ "vf zz", "there is no \"vf zz\"" },
	{ "boot wirte", "did you mean \"boot write\"?" },
	{ "boot status", "did you mean \"boot verify\"?" },
	{ "guard unistall", "there is no \"guard unistall\"" },
	{ "guard uninstall", "did you mean \"guard remove\"?" },
	{ "pin lst", "there is no \"pin lst\"; did you mean \"pin list\"?" },
	{ "pin list x", "pin wants a name and a device, or list, show or remove" },
	{ "attach web1 poool:lan", "did you mean \"pool:lan\"?" },
	{ "attach web1 pinn:nic0,permissive=1", "did you mean \"pin:nic0\"?" },
	{ "attach web1 zzzz:nic0", "expected the" },
	/* words that every program has */
	{ "helo", "did you mean \"help\"?" },
	{ "verson", "did you mean \"version\"?" },
	{ "--hlep", "does not know the option --hlep; did you mean --help?" },
	{ "-q", "xlpt does not know the option -q" },
	{ "list -o device,grup", "there is no column \"grup\"" },
	{ "status web1 db1", "status: too many arguments" },
	{ "__complete", "__complete: too few arguments" },
	/* what changes nothing has no dry run */
	{ "list --dry-run", "list changes nothing" },
	{ "-n status", "status changes nothing" },
	/* what changes something has no tree */
	{ "--sysroot TREE hide", "hide: too few arguments" },
	{ "--sysroot TREE hide 09:00.0", "hide changes the running system" },
	{ "hide 09:00.0 --sysroot TREE", "hide changes the running system" },
	{ "hide -n 09:00.0 --sysroot TREE", "hide changes the running system" },
	{ "--sysroot / hide 09:00.0", "hide changes the running system" },
	{ "--sysroot TREE unhide 09:00.0", "unhide changes the running system" },
	{ "--sysroot TREE attach web1 09:00.0", "attach changes the running system" },
	{ "--sysroot TREE detach web1 09:00.0", "detach changes the running system" },
	{ "--sysroot TREE repair", "repair changes the running system" },
	/* arguments, before any Xen is looked for */
	{ "attach 09:00.0 web1", "\"09:00.0\" is a device, and the guest comes first" },
	{ "attach web1 09:00.8", "09:00.8: column 7: function 8 is out of range" },
	{ "attach web1 09:00.0 01:00", "01:00: column 6: expected '.'" },
	{ "attach web1 09:00.0,permissive=yes", "permissive must be 0 or 1" },
	{ "show 09:00.8 --sysroot TREE", "column 7: function 8 is out of range" },
	{ "attach -t 0 web1 09:00.0", "--timeout wants whole seconds from 1 to 86400, not \"0\"" },
	{ "attach -t 86401 web1 09:00.0", "not \"86401\"" },
	{ "attach -t 1s web1 09:00.0", "not \"1s\"" },
	{ "attach --timeout=-1 web1 09:00.0", "not \"-1\"" },
	{ "attach --timeout= web1 09:00.0", "not \"\"" },
	{ "attach -t 5 -t x web1 09:00.0", "not \"x\"" },
};

/* The last line of what was said begins with "  try: ". */
static void ends_with_try(const char *line)
{
	const char *at = last.err, *try = NULL;

	while ((at = strstr(at, "\n  try: ")))
		try = ++at;
	if (!try || strchr(try, '\n') != last.err + strlen(last.err) - 1)
		fail_msg("xlpt %s: nothing to try at the end\n%s", line, last.err);
}

/* Exit 2, one message on err, nothing on out, and what to try. */
static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(usage); i++) {
		expect(usage[i].line, 2, NULL, usage[i].says);
		assert_true(xlpt_starts(last.err, "xlpt: "));
		assert_null(strstr(last.err + 1, "xlpt: "));
		ends_with_try(usage[i].line);
	}
}

/* Words of other tools, and what is too far from any word. */
static void test_meant(void **state)
{
	static const struct {
		const char *line, *try;
	} cases[] = {
		{ "pci-attach web1 09:00.0,permissive=1", "xlpt attach web1 09:00.0,permissive=1" },
		{ "pci-attach web1 a;b", "xlpt attach web1 'a;b'" },
		{ "pci-attach", "xlpt attach GUEST SPEC" },
		{ "pci-detach -f web1 09:00.0", "xlpt detach GUEST BDF" },
		{ "pci-list web1", "xlpt status web1" },
		{ "pci-assignable-add 09:00.0", "xlpt hide 09:00.0" },
		{ "pci-assignable-remove -r 09:00.0", "xlpt unhide BDF" },
		{ "pci-assignable-list", "xlpt list --assignable" },
		{ "create web1.cfg", "xlpt start web1.cfg" },
		{ "nodedev-detach pci_0000_09_00_0", "xlpt hide pci_0000_09_00_0" },
		{ "nodedev-reattach", "xlpt unhide BDF" },
		{ "lspci -nn", "xlpt list" },
		{ "helo", "xlpt help" },
		{ "verson", "xlpt version" },
		{ "pool zz",
		  "xlpt pool define|import|export|list|show|undefine|release|admit ..." },
		{ "pool", "xlpt pool define|import|export|list|show|undefine|release|admit ..." },
		{ "vf creat", "xlpt vf --help" },
		{ "09:00.0", "xlpt show 09:00.0" },
		{ "atach web1 09:00.0", "xlpt attach web1 09:00.0" },
		{ "atach", "xlpt attach --help" },
		{ "frobnicate", "xlpt --help lists the commands" },
		{ "x", "xlpt --help lists the commands" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *try = xlpt_xasprintf("\n  try: %s\n", cases[i].try);

		expect(cases[i].line, 2, NULL, try);
	}
	/* Two are equally near: none is told. */
	expect("pit", 2, NULL, "there is no command \"pit\"");
	expect("list --al", 2, NULL, "cannot be abbreviated; did you mean --all?");
}

/* The same with --json: the record on out, nothing on err. */
static void test_refused_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(usage); i++) {
		_cleanup_free_ char *line = xlpt_xasprintf("--json %s", usage[i].line);
		struct json_object *root, *error, *v;
		const char *code;

		expect(line, 2, "\"error\"", NULL);
		root = json_tokener_parse(last.out);
		assert_true(json_object_object_get_ex(root, "error", &error));
		assert_true(json_object_object_get_ex(error, "code", &v));
		code = json_object_get_string(v);
		assert_true(!strcmp(code, "usage") || !strcmp(code, "syntax"));
		assert_true(json_object_object_get_ex(error, "exit", &v));
		assert_int_equal(json_object_get_int(v), 2);
		assert_true(json_object_object_get_ex(error, "message", &v));
		assert_non_null(strstr(json_object_get_string(v), usage[i].says));
		assert_true(json_object_object_get_ex(error, "fact", &v));
		assert_true(json_object_object_get_ex(error, "hint", &v));
		assert_true(json_object_object_get_ex(error, "log", &v));
		assert_true(json_object_is_type(v, json_type_array));
		if (strstr(usage[i].says, "column 7")) {
			assert_true(json_object_object_get_ex(error, "column", &v));
			assert_int_equal(json_object_get_int(v), 7);
		}
		assert_int_equal(json_object_put(root), 1);
	}
}

/* ---- help ---- */

static void test_help(void **state)
{
	static const char *const forms[] = { "%s --help",
					     "%s -h",
					     "--help %s",
					     "-h %s",
					     "help %s",
					     "%s x y --help z",
					     "--sysroot TREE %s --help",
					     "--json %s --help" };

	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		_cleanup_free_ char *head = xlpt_xasprintf("Usage: xlpt %s ", cmd->name);

		for (size_t k = 0; k < XLPT_ARRAY_SIZE(forms); k++) {
			char line[80];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(line, sizeof(line), forms[k], cmd->name);
#pragma GCC diagnostic pop
			expect(line, 0, cmd->help, NULL);
			if (*cmd->synopsis || cmd->opts)
				assert_true(xlpt_starts(last.out, head));
			assert_non_null(strstr(last.out, cmd->synopsis));
			for (const struct xlpt_opt *o = cmd->opts; o && o->name; o++)
				assert_non_null(strstr(last.out, o->help));
			assert_non_null(strstr(last.out, "--sysroot DIR"));
			/* only where it is understood */
			assert_int_equal(!!strstr(last.out, "--dry-run"),
					 !!(cmd->flags & XLPT_CMD_DRY_RUN));
		}
	}
}

static void test_program_help(void **state)
{
	static const char *const lines[] = { "--help", "-h", "help", "--json --help", "--help -v" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		expect(lines[i], 0, "Usage: xlpt COMMAND", NULL);
		for (size_t k = 0; xlpt_program.commands[k]; k++)
			assert_int_equal(!!strstr(last.out, xlpt_program.commands[k]->help),
					 !(xlpt_program.commands[k]->flags & XLPT_CMD_HIDDEN));
		for (const struct xlpt_opt *o = xlpt_common_opts; o->name; o++)
			assert_non_null(strstr(last.out, o->help));
	}
	expect("-V", 0, "xlpt " XLPT_VERSION "\n", NULL);
	expect("version", 0, "xlpt " XLPT_VERSION "\n", NULL);
	expect("version --json", 0, "\"version\": \"" XLPT_VERSION "\"", NULL);
	expect("--version", 0, "xlpt " XLPT_VERSION "\n", NULL);
	assert_string_equal(last.out, "xlpt " XLPT_VERSION "\n");
}

/* ---- the records themselves ---- */

/* Each command is in one group of the help text. */
static void test_groups(void **state)
{
	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		_cleanup_free_ char *word = xlpt_xasprintf(" %s ", cmd->name);
		unsigned n = 0;

		for (const struct xlpt_group *g = xlpt_program.groups; g->title; g++) {
			_cleanup_free_ char *names = xlpt_xasprintf(" %s ", g->commands);

			n += strstr(names, word) != NULL;
		}
		if (n != !(cmd->flags & XLPT_CMD_HIDDEN))
			fail_msg("%s is in %u groups of xl-plugin/commands.c", cmd->name, n);
	}
	expect("--help", 0, "\nVirtual functions:\n  vf ", NULL);
}

/* That it is not root comes before that there is no Xen. */
static void test_not_root(void **state)
{
	static const char *const lines[] = { "hide 09:00.0", "attach web1 09:00.0", "repair",
					     "start x.cfg", "save web1 /tmp/x" };

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *copy = xlpt_xasprintf("xlpt %s", lines[i]);
		char *argv[8] = { 0 }, *save = NULL, *err = NULL;
		struct xlpt_env env = { .clock = &xlpt_clock_real };
		size_t len;
		int argc = 0, status;

		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
			argv[argc++] = w;
		env.out = env.err = open_memstream(&err, &len);
		assert_int_equal(seteuid(65534), 0);
		status = xlpt_run(argc, argv, &env);
		assert_int_equal(seteuid(0), 0);
		fclose(env.out);
		if (status != 1 || !strstr(err, "xlpt: this must be run as root\n"))
			fail_msg("xlpt %s: exit %d\n%s", lines[i], status, err);
		free(err);
	}
}

/* What only root can read: that is said, and what to do. */
static void test_unreadable(void **state)
{
	static const char *const made[] = { "var", "var/lib", "var/lib/xlpt", "var/lib/xlpt/pins" };
	_cleanup_free_ char *pins = xlpt_xasprintf("%s/%s", tree, made[3]);

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(made); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, made[i]);

		mkdir(path, 0755);
	}
	assert_int_equal(chmod(tree, 0755), 0);
	assert_int_equal(chmod(pins, 0700), 0);
	assert_int_equal(seteuid(65534), 0);
	run("pin list --sysroot TREE");
	assert_int_equal(seteuid(0), 0);
	if (last.status != 1 || !strstr(last.err, "/var/lib/xlpt/pins") ||
	    !strstr(last.err, "to mend: the same line as root"))
		fail_msg("exit %d\n%s%s", last.status, last.out, last.err);
	for (size_t i = XLPT_ARRAY_SIZE(made); i-- > 0;) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, made[i]);

		rmdir(path);
	}
}

/* On a terminal, after two seconds, and gone when anything else is said. */
static void test_waiting(void **state)
{
	struct fake_clock clock;
	static const char *const want =
		"\rxlpt: waiting for a\\x1bb, 3 s\033[K\r\033[Kxlpt: ready\r\n"
		"\rxlpt: waiting for a\\x1bb, 3 s\033[K\r\033[K";
	struct xlpt_env env = { .out = stdout };
	char *text = NULL, buf[512] = "";
	struct xlpt_waiting w;
	int master, slave;
	size_t len;

	(void)state;
	fake_clock_init(&clock);
	env.clock = &clock.clock;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	env.err = fdopen(slave, "w");
	w = xlpt_waiting_for(&env, "a\033b");
	xlpt_waiting_look(&w);
	clock.clock.sleep_ms(&clock.clock, 3000);
	xlpt_waiting_look(&w);
	xlpt_warn(&env, "ready");
	xlpt_waiting_look(&w);
	xlpt_waiting_end(&w);
	xlpt_waiting_end(&w);
	/* What is written to a terminal may come in pieces. */
	for (size_t n = 0; n < strlen(want);) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t r;

		assert_int_equal(poll(&p, 1, 20000), 1);
		r = read(master, buf + n, sizeof(buf) - 1 - n);
		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_string_equal(buf, want);
	fclose(env.err);
	close(master);
	/* Never elsewhere. */
	env.err = open_memstream(&text, &len);
	xlpt_waiting_look(&w);
	xlpt_waiting_end(&w);
	fclose(env.err);
	assert_string_equal(text, "");
	free(text);
	fake_clock_dispose(&clock);
}

/* A letter or name used twice would silently take the first; every text is one clean line. */
static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		const struct xlpt_opt *all[32];
		size_t n = 0;

		for (const struct xlpt_opt *o = xlpt_common_opts; o->name; o++)
			all[n++] = o;
		for (const struct xlpt_opt *o = cmd->opts; o && o->name; o++)
			all[n++] = o;
		assert_in_range(n, 1, 31); /* cli.c's table for getopt */
		for (size_t a = 0; a < n; a++)
			for (size_t b = 0; b < a; b++)
				if (!strcmp(all[a]->name, all[b]->name) ||
				    (all[a]->letter && all[a]->letter == all[b]->letter))
					fail_msg("%s: --%s and --%s", cmd->name, all[a]->name,
						 all[b]->name);
		assert_non_null(cmd->run);
		assert_true(cmd->min_args <= cmd->max_args);
		assert_true(*cmd->help && !strchr(cmd->help, '\n'));
		assert_int_not_equal(cmd->help[strlen(cmd->help) - 1], '.');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(cmd->name, xlpt_program.commands[k]->name);
	}
}

/* What a command sees of its options. */
static void test_values(void **state)
{
	/* clang-format off */
	static const struct xlpt_opt opts[] = { { "all", 'a', NULL, "" }, { "to", 't', "X", "" },
						{ 0 } };
	/* clang-format on */
	static const struct xlpt_command cmd = { .name = "test", .opts = opts };
	char *to[] = { (char[]){ "7" }, (char[]){ "12" }, NULL };
	char **values[] = { NULL, to, NULL };
	struct xlpt_args args = { .cmd = &cmd, .values = values };
	int64_t ms;

	(void)state;
	assert_false(xlpt_args_has(&args, "all"));
	assert_null(xlpt_args_get(&args, "all"));
	assert_true(xlpt_args_has(&args, "to"));
	assert_string_equal(xlpt_args_get(&args, "to"), "12");
	assert_ptr_equal(xlpt_args_all(&args, "to"), to);
	assert_false(xlpt_args_has(&args, "none"));
	assert_int_equal(xlpt_args_seconds(&args, "to", 5, &ms, NULL), 0);
	assert_int_equal(ms, 12000);
	assert_int_equal(xlpt_args_seconds(&args, "all", 5, &ms, NULL), 0);
	assert_int_equal(ms, 5);
}

/* An output that cannot be written is not a success. */
static void test_output_lost(void **state)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "--version" }, NULL }, *err = NULL;
	size_t len;
	struct xlpt_env env = { .clock = &xlpt_clock_real,
				.out = fopen("/dev/full", "w"),
				.err = open_memstream(&err, &len) };

	(void)state;
	assert_true(env.out && env.err);
	assert_int_equal(xlpt_run(2, argv, &env), 1);
	fclose(env.out);
	fclose(env.err);
	assert_string_equal(
		err, "xlpt: cannot write the output: No space left on device\n"
		     "  to mend: see where standard output goes: a full disk, a closed pipe\n");
	free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_options_stand),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_json),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_program_help),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_meant),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_not_root),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_output_lost),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
