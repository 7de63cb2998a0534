/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines: what is understood, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "tests/unit/lines.h"

/* ---- options before and after the command ---- */

/* With it getopt takes no option behind an argument; the guard's own "guard check --absent-ok" has one there. */
static void test_posixly_correct(void **state)
{
	(void)state;
	setenv("POSIXLY_CORRECT", "1", 1);
	expect("show 09:00.0 --sysroot TREE --json", 1, "no PCI device 0000:09:00.0", NULL);
	assert_true(last.json);
	setenv("POSIXLY_CORRECT", "1", 1);
	expect("guard check web1 --absent-ok --sysroot /nonexistent", 1, NULL,
	       "cannot open /nonexistent");
	unsetenv("POSIXLY_CORRECT");
}

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
	{ "apply -n", "apply has --check and no --dry-run" },
	{ "list -n", "list changes nothing, so it has no --dry-run" },
	{ "detach web1 --allow", "cannot be abbreviated; did you mean --allow-split" },
	{ "detach web1", "detach: too few arguments" },
	{ "detach --all", "detach: too few arguments" },
	{ "detach --all web1 09:00.0", "--all means every device of web1, and 09:00.0 is named" },
	{ "detach --all 09:00.0", "\"09:00.0\" is a device, and the guest comes first" },
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
	/* the empty word, which a script's variable without a value becomes */
	{ "attach '' 09:00.0", "attach: argument 1 is empty" },
	{ "attach web1 09:00.0 ''", "attach: argument 3 is empty" },
	{ "detach --all ''", "detach: argument 1 is empty" },
	{ "find ''", "find: argument 1 is empty" },
	{ "status ''", "status: argument 1 is empty" },
	{ "repair ''", "repair: argument 1 is empty" },
	{ "vf set 01:10.0 ''", "vf: argument 3 is empty" },
	{ "sleep -- ''", "sleep: argument 1 is empty" },
	{ "list --guest=", "--guest wants GUEST, not \"\"" },
	{ "list --driver e1000e --driver ''", "--driver wants NAME, not \"\"" },
	{ "attach --config= web1 09:00.0", "--config wants FILE, not \"\"" },
	{ "--sysroot= boot remove", "--sysroot wants DIR, not \"\"" },
	{ "pool define lan dev=01:10.0 --name x", "--name is for import and define --file" },
	{ "pool release 01:10.0 --timeout 5", "--timeout is for release --gone and --guest" },
	{ "capture --list -o host.tar.gz", "--list makes no archive" },
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

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_options_stand),
		cmocka_unit_test(test_posixly_correct),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_json),
		cmocka_unit_test(test_meant),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
