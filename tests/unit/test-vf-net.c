/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Link messages: against the running kernel, in a network namespace of the test's own, as far as a
 * kernel without SR-IOV devices goes; and answers that are not what they should be. (Settings on real
 * VFs: the lab. On a kernel that plays igb: test-vf, test-vf-attach.)
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "pciback/sriov/net.h"
#include "tests/fake/rtnl.h"

static void test_real_kernel(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 }, none = { 0 };
	struct xlpt_vf_identity want = { .has_vlan = true, .vlan = { 42, 0, XLPT_VLAN_8021Q } };
	struct xlpt_vf_port_peer peer = { .ifname = "lo",
					  .clock = &xlpt_clock_real,
					  .timeout_ms = 1000 };
	struct xlpt_vf_identity port = { .port = XLPT_PORT_QBH, .profileid = "finance" };
	struct xlpt_rtnl nl;
	int rc;

	(void)state;
	/* Nothing here may touch the machine's own interfaces. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET)) {
		print_message("no namespace of our own: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(xlpt_rtnl_open(&nl, &diag), 0);
	assert_int_equal(xlpt_pf_net_read(&nl, "lo", &net, &diag), 0);
	assert_string_equal(net.ifname, "lo");
	assert_int_equal(net.ifindex, 1);
	assert_int_equal(net.n, 0);
	assert_false(net.up);
	assert_int_equal(xlpt_pf_net_read(&nl, "nosuch0", &none, &diag), XLPT_ERR_NOT_FOUND);
	assert_non_null(strstr(diag.message,
			       "cannot read the virtual functions of nosuch0: No such device"));
	/* It has no VFs: said before anything is sent. */
	assert_int_equal(xlpt_vf_net_apply(&nl, "lo", 0, &want, &diag), XLPT_ERR_NOT_FOUND);
	assert_non_null(strstr(diag.message, "lo does not report its VF 0"));
	/* RTM_SETLINK goes all the way to the driver's missing operation. */
	peer.nl = &nl;
	rc = xlpt_vf_port_associate(&peer, &port, &diag);
	assert_int_equal(rc, XLPT_ERR_IO);
	if (!strstr(diag.message, "Operation not supported"))
		fail_msg("%s", diag.message);
	assert_non_null(strstr(diag.hint, "knows no port profiles"));
	/* After a refusal the socket is as good as before. */
	xlpt_pf_net_dispose(&net);
	assert_int_equal(xlpt_pf_net_read(&nl, "lo", &net, &diag), 0);
	xlpt_rtnl_close(&nl);
	xlpt_rtnl_close(&nl);
}

/* ---- a kernel, or somebody in its place, that answers nonsense ---- */

static struct fake_rtnl *fake_with_vfs(unsigned n)
{
	struct fake_rtnl *f = fake_rtnl_new();

	fake_rtnl_link(f, "enp1s0", "52:54:00:00:00:10", 0);
	fake_rtnl_vfs(f, "enp1s0", n);
	return f;
}

/* A good answer, to be spoiled. */
static void good_answer(struct fake_rtnl *f, struct xlpt_str *out)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		struct rtattr a;
		char name[8];
		struct rtattr m;
		uint32_t mask;
	} req = {
		.h = { .nlmsg_len = sizeof(req),
		       .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.a = { RTA_LENGTH(7), IFLA_IFNAME },
		.name = "enp1s0",
		.m = { RTA_LENGTH(4), IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_VF,
	};
	struct xlpt_rtnl *nl = fake_rtnl_get(f);

	assert_int_equal(nl->ops->talk(nl, 0, &req, sizeof(req), out), 0);
}

/* Cut anywhere, any byte changed: an error or something read, and never memory that is not ours. */
static void test_hostile_answers(void **state)
{
	struct fake_rtnl *f = fake_with_vfs(3);
	_cleanup_str_ struct xlpt_str good = { 0 };
	unsigned errors = 0, read = 0;

	(void)state;
	good_answer(f, &good);
	assert_true(good.len > 300);
	for (size_t n = 1; n < good.len; n++) {
		_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };

		fake_rtnl_raw(f, good.s, n);
		*(xlpt_pf_net_read(fake_rtnl_get(f), "enp1s0", &net, NULL) ? &errors : &read) += 1;
	}
	for (size_t at = 0; at < good.len; at++)
		for (int v = 0; v < 256; v += 51) {
			_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
			char old = good.s[at];

			good.s[at] = (char)v;
			fake_rtnl_raw(f, good.s, good.len);
			good.s[at] = old;
			*(xlpt_pf_net_read(fake_rtnl_get(f), "enp1s0", &net, NULL) ? &errors
										   : &read) += 1;
			assert_true(net.n <= 3);
		}
	assert_true(errors > 20 && read > 100);
	fake_rtnl_free(f);
}

/* An error number that no kernel has is a bad answer, whatever its sign. */
static void test_impossible_error(void **state)
{
	static const int errors[] = { INT_MIN, -4096, 19, INT_MAX };
	struct fake_rtnl *f = fake_with_vfs(1);

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(errors); i++) {
		struct {
			struct nlmsghdr h;
			struct nlmsgerr e;
		} m = { .h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR },
			.e.error = errors[i] };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };

		fake_rtnl_raw(f, &m, sizeof(m));
		assert_int_equal(xlpt_pf_net_read(fake_rtnl_get(f), "enp1s0", &net, &diag),
				 XLPT_ERR_IO);
		assert_int_equal(diag.sys_errno, EBADMSG);
	}
	fake_rtnl_free(f);
}

static void test_read(void **state)
{
	struct fake_rtnl *f = fake_with_vfs(64);
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	struct xlpt_vf_identity want = { .has_mac = true, .mac = { 2, 0, 0, 0, 0, 1 } };

	(void)state;
	assert_int_equal(xlpt_vf_net_apply(fake_rtnl_get(f), "enp1s0", 63, &want, NULL), 0);
	assert_int_equal(xlpt_pf_net_read(fake_rtnl_get(f), "enp1s0", &net, NULL), 0);
	assert_int_equal(net.n, 64);
	assert_true(net.up);
	assert_true(net.has_mac);
	assert_memory_equal(xlpt_pf_net_vf(&net, 63)->id.mac, want.mac, 6);
	assert_int_equal(xlpt_pf_net_vf(&net, 0)->id.spoofchk, XLPT_ON);
	assert_int_equal(xlpt_pf_net_vf(&net, 0)->id.link, XLPT_LINK_AUTO);
	assert_null(xlpt_pf_net_vf(&net, 64));
	/* What is so already is not sent. */
	assert_int_equal(xlpt_vf_net_apply(fake_rtnl_get(f), "enp1s0", 63, &want, NULL), 0);
	assert_string_equal(fake_rtnl_log(f), "enp1s0 vf 63 mac 02:00:00:00:00:01\n");
	fake_rtnl_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_impossible_error),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_hostile_answers),
		cmocka_unit_test(test_real_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
