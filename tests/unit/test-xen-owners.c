/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's log says of the owners of devices, as releases from 4.11 to 4.20 write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "xl-plugin/backend/xen-owners.h"

static void is(const char *messages, const char *want)
{
	_cleanup_free_ struct xlpt_xen_owner *owners = NULL;
	_cleanup_str_ struct xlpt_str got = { 0 };
	size_t n;

	xlpt_xen_owners_parse(messages, &owners, &n);
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(&got, "%s=%lld ", XLPT_BDF_STR(owners[i].bdf),
			      (long long)owners[i].domid);
	assert_string_equal(xlpt_str_get(&got), want);
}

static void test_releases(void **state)
{
	(void)state;
	is("(XEN) ==== PCI devices ====\n(XEN) ==== segment 0000 ====\n"
	   "(XEN) 0000:02:00.0 - d0 - node -1  - MSIs < 33 34 >\n"
	   "(XEN) 0000:05:00.0 - d[IO] - node 0  \n"
	   "(XEN) 0000:03:00.0 - d12 - node -1 \n(XEN) 0000:00:00.0 - d[XEN] - node -1 \n",
	   "0000:02:00.0=0 0000:05:00.0=-1 0000:03:00.0=12 ");
	is("(XEN) [2026-01-02 03:04:05] ==== PCI devices ====\n"
	   "(XEN) [2026-01-02 03:04:05.123] 0000:05:00.0 - DomIO:7ff4 - node -1 \n",
	   "0000:05:00.0=-1 ");
	is("==== PCI devices ====\n0000:02:00.0 - dom 0   - node -1  - MSIs < >\n"
	   "0000:05:00.0 - dom 32753 - node -1 \n0000:03:00.0 - dom 3   - node -1 \n",
	   "0000:02:00.0=0 0000:05:00.0=-1 0000:03:00.0=3 ");
}

static void test_last_counts(void **state)
{
	(void)state;
	is("==== PCI devices ====\n0000:02:00.0 - d3 - node\n"
	   "==== PCI devices ====\n0000:02:00.0 - d0 - node",
	   "0000:02:00.0=0 ");
}

static void test_nothing(void **state)
{
	(void)state;
	is(NULL, "");
	is("", "");
	is("0000:02:00.0 - d3 - node\n", "");
	is("==== PCI devices ====\n0000:02:00.0 - dX - node\n02:00.0 - d0\nx - d0\n - d1\n"
	   "0000:02:00.0 - d99999999999 -\n0000:02:00.0 - d\n",
	   "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_last_counts),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
