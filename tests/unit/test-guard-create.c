/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl create under the guard: which command lines and configurations are its business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "converters/xl/entries.h"
#include "core/spec.h"
#include "core/util.h"
#include "xl-plugin/sentry/xl/create.h"

/* ---- command lines ---- */

/* "END WORDS FILE", "" for what is none of the guard's business; "n" behind it: a dry run. */
static const struct {
	const char *line, *means;
} lines[] = {
	{ "xl create web1.cfg", "3 3 web1.cfg" },
	{ "xl cr web1.cfg", "3 3 web1.cfg" },
	{ "xl c web1.cfg", "" },
	{ "xl creates web1.cfg", "" },
	{ "xl create -f web1.cfg", "4 4 web1.cfg" },
	{ "xl create -fweb1.cfg -q", "4 4 web1.cfg" },
	{ "xl create -qcfweb1.cfg", "3 3 web1.cfg" },
	{ "xl create --defconfig=web1.cfg", "3 3 web1.cfg" },
	{ "xl create --quiet --def web1.cfg", "5 5 web1.cfg" },
	{ "xl create web1.cfg -c -p", "5 5 web1.cfg" },
	{ "xl create web1.cfg -f web2.cfg", "5 5 web2.cfg" },
	{ "xl create -q web1.cfg", "3 3 web1.cfg" },
	{ "xl create -q web1.cfg -c", "" },
	{ "xl create -q web1.cfg memory=5", "3 3 web1.cfg" },
	{ "xl create memory=5 web1.cfg", "2 2 web1.cfg" },
	{ "xl create /dev/null name='x'", "3 3 /dev/null" },
	{ "xl create name='x'", "" },
	{ "xl create", "" },
	{ "xl create web1.cfg web2.cfg", "" },
	{ "xl create -- web1.cfg", "2 3 web1.cfg" },
	{ "xl create -f -- web1.cfg", "" },
	{ "xl create -f --", "4 4 --" },
	{ "xl create -f -- --", "4 5 --" },
	{ "xl create web1.cfg -- a=b", "3 4 web1.cfg" },
	{ "xl create -AFVcdefweb1.cfg", "3 3 web1.cfg" },
	{ "xl create -i -e -F -d -V -A web1.cfg", "8 8 web1.cfg" },
	{ "xl create -n web1.cfg", "3 3 web1.cfg n" },
	{ "xl create --dry web1.cfg", "3 3 web1.cfg n" },
	{ "xl -N create web1.cfg", "4 4 web1.cfg n" },
	{ "xl -vf -t create web1.cfg", "5 5 web1.cfg" },
	{ "xl -- create web1.cfg", "4 4 web1.cfg" },
	{ "xl -Z create web1.cfg", "" },
	{ "xl create -h web1.cfg", "" },
	{ "xl create --help web1.cfg", "" },
	{ "xl create -Z web1.cfg", "" },
	{ "xl create --colour web1.cfg", "" },
	{ "xl create --quiet=1 web1.cfg", "" },
	{ "xl create web1.cfg -f", "" },
	{ "xl create - a=b", "2 2 -" },
	{ "xl restore web1.cfg", "" },
	{ "xl config-update web1 web1.cfg", "" },
	{ "xl list create web1.cfg", "" },
	{ "xl", "" },
};

static size_t split(char *line, char **argv)
{
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
	return n;
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * XLPT_ARRAY_SIZE(lines); i++) {
		size_t k = i % XLPT_ARRAY_SIZE(lines);
		_cleanup_free_ char *line = xlpt_xstrdup(lines[k].line), *got = NULL;
		struct xlpt_create c;
		char *argv[16];
		int argc = (int)split(line, argv);

		/* xl reads it in the same way, whatever that says. */
		if (i == XLPT_ARRAY_SIZE(lines))
			setenv("POSIXLY_CORRECT", "1", 1);
		got = xlpt_create_read(argc, argv, &c)
			      ? xlpt_xasprintf("%d %d %s%s", c.end, c.words, c.file,
					       c.dry ? " n" : "")
			      : xlpt_xstrdup("");
		if (strcmp(got, lines[k].means) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", lines[k].line, got, lines[k].means);
	}
	unsetenv("POSIXLY_CORRECT");
}

/* ---- configurations ---- */

static void test_wants(void **state)
{
	static const struct {
		const char *text;
		bool wants;
	} cases[] = {
		{ "pci=['pool:lan']", true },
		{ "name='x'\npci = [ \"0000:01:00.0\",\n # one\n 'pin:nic0,permissive=1' ]\n",
		  true },
		{ "pci=['01:10.0,vlan=5']", true },
		{ "pci=['01:10.0,permissive=1,mac=52:54:00:00:00:01']", true },
		{ "pci=['01:10.0,pool=lan']", true },
		{ "pci += [ 'pool:lan' ]", true },
		{ "a=1;pci=['pool:lan']", true },
		{ "pci=[ [ 'pool:lan' ] ]", true },
		{ "pci='pool:lan'", true },
		{ "pci=['\\160ool:lan']", true },
		{ "a='it\\'s'\npci=['pool:lan']", true },
		{ "a='open\npci=['pool:lan']", true },
		{ "x=[ 1,\n2 ] # ]\npci=['pool:lan']", true },
		{ "pci=['01:10.0 , vlan = 5']", true },
		{ "", false },
		{ "# pci=['pool:lan']\n", false },
		{ "#pci=['pool:lan']", false },
		{ "pci=['01:00.0'] # 'pool:lan'\n", false },
		{ "pci=['01:00.0', # 'pool:lan'\n'02:00.0']\n", false },
		{ "name='pool:lan'\npci=['01:00.0,seize=1']", false },
		{ "extra=\"pci=['pool:lan']\"\n", false },
		{ "vif=['mac=00:16:3e:00:00:01,bridge=xenbr0']\n", false },
		{ "pci=['01:00.0']\nvif=['mac=00:16:3e:00:00:01']\n", false },
		{ "xpci=['pool:lan']\npci_power_mgmt='pool:lan'\n", false },
		{ "pci=['01:00.0,permissive=1,rdm_policy=relaxed,name=macaw']", false },
		{ "disk=[ 'a # b', 'pci=[' ]\n#'\nvnc=1\n", false },
		{ "a='\\", false },
		{ "pci='", false },
		{ "]]]\npci=", false },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		/* Nothing behind its end is read. */
		size_t len = strlen(cases[i].text);
		_cleanup_free_ char *text = xlpt_xcalloc(len + 1, 1);

		memcpy(text, cases[i].text, len);
		text = realloc(text, len ? len : 1);
		if (xlpt_create_wants(text, len) != cases[i].wants)
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

/* Whatever xlpt reads in a pci list, and xl cannot, is seen. */
static void test_wants_what_xlpt_reads(void **state)
{
	static const char *const pieces[] = { "pci",
					      "pci",
					      " ",
					      "=",
					      "+=",
					      "[",
					      "]",
					      "'",
					      "\"",
					      ",",
					      "\n",
					      ";",
					      "#",
					      "\\",
					      "'01:10.0'",
					      "'pool:lan'",
					      "\"pin:nic0\"",
					      "'01:10.0,vlan=5'",
					      "name='a'",
					      "x=1",
					      "'a'",
					      "pci=['01:10.0']\n",
					      "pci=[ 'pool:lan' ]\n",
					      "# pool:lan\n",
					      "x=[ 'a',\n'#' ]\n" };
	uint32_t seed = 5;
	size_t wanted = 0;

	(void)state;
	for (size_t i = 0; i < 60000; i++) {
		_cleanup_xl_entries_ struct xlpt_xl_entries e = { 0 };
		_cleanup_str_ struct xlpt_str s = { 0 };
		bool wants = false;

		for (seed = seed * 1664525 + 1013904223; (seed >> 8) % 9;
		     seed = seed * 1664525 + 1013904223)
			xlpt_str_add(&s, pieces[(seed >> 12) % XLPT_ARRAY_SIZE(pieces)]);
		if (xlpt_xl_entries_read(xlpt_str_get(&s), s.len, "f", &e, NULL))
			continue;
		for (size_t k = 0; k < e.n; k++) {
			_cleanup_spec_ struct xlpt_spec a, b;

			wants |= xlpt_spec_parse(e.items[k].text, &a, NULL) == 0 &&
				 xlpt_spec_parse_xl(e.items[k].text, &b, NULL) != 0;
		}
		wanted += wants;
		if (wants && !xlpt_create_wants(xlpt_str_get(&s), s.len))
			fail_msg("not seen: %s", s.s);
	}
	assert_in_range(wanted, 100, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_wants_what_xlpt_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
