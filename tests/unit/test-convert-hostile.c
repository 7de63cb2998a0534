/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists as long as they may be, in the order that costs most: a conversion ends within seconds. */
#include "tests/unit/fitting.h"
#include "tests/unit/lasting.h"

#include <time.h>

#define MOST	1024
#define SECONDS 2

/* The numbers below n in an order that is not theirs; the factor has no divisor of 1024. */
static unsigned shuffled(unsigned i, unsigned n)
{
	return (i * 613 + 7) % n;
}

/* Converts within the bound; diag, which the caller disposes, has the reason when it is refused. */
static int bounded(const char *what, const struct xlpt_str *in, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str out = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	struct xlpt_convert how = { .for_xen = *in->s == '<' ? XLPT_ON : XLPT_UNSET };
	clock_t start = clock();
	int rc = xlpt_convert(in->s, in->len, "t", &how, &out, NULL, &losses, diag);
	double took = (double)(clock() - start) / CLOCKS_PER_SEC;

	if (took > lasting_at_most(SECONDS))
		fail_msg("%s: %.1f s", what, took);
	return rc;
}

static void bounded_ok(const char *what, const struct xlpt_str *in)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (bounded(what, in, &diag))
		fail_msg("%s: %s", what, diag.message);
}

static const char *const devices[] = {
	"<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='@b' slot='@s' "
	"function='@f'/></source><teaming type='transient' persistent='ua-@n'/></hostdev>",
	"<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0' slot='1' "
	"function='0'/></source></hostdev>",
	"<interface type='hostdev'><source><address type='pci' domain='0' bus='@b' slot='@s' "
	"function='@f'/></source><mac address='00:16:3e:00:00:01'/>"
	"<vlan><tag id='5'/></vlan></interface>",
	"<interface type='bridge'><source bridge='b@n'/><virtualport type='openvswitch'/></interface>",
	"<disk type='file' device='disk'><driver name='qemu' type='vmdk'/><source file='/a/@n'/>"
	"<target dev='vd@l@m' bus='virtio'/></disk>",
	"<disk type='file' device='cdrom'><source file='/a/@n'/>"
	"<target dev='sd@l@m' bus='sata'/></disk>",
	"<controller type='usb' index='@n' model='qemu-xhci' ports='15'/>",
	"<channel type='pty'><target type='xen' name='c@n'/></channel>",
	"<graphics type='vnc' port='@n'/>",
	"<sound model='ac97'/>",
};

/* @n is the number, @b @s @f an address, @l @m two letters made of it. */
static void add_item(struct xlpt_str *out, const char *item, unsigned k)
{
	const char letters[] = { (char)('a' + k % 26), (char)('a' + k / 26 % 26) };

	for (; *item; item++)
		if (*item != '@') {
			xlpt_str_addn(out, item, 1);
		} else if (*++item == 'l' || *item == 'm') {
			xlpt_str_addn(out, &letters[*item == 'm'], 1);
		} else {
			xlpt_str_addf(out, "%u",
				      *item == 'n'   ? k
				      : *item == 'b' ? k / 256
				      : *item == 's' ? k / 8 % 32
						     : k % 8);
		}
}

static void xml(struct xlpt_str *out, const char *type, unsigned vcpus, const char *tune,
		const char *item, unsigned n)
{
	xlpt_str_addf(out,
		      "<domain type='%s'><name>g</name><memory>1048576</memory><vcpu>%u</vcpu>"
		      "<os><type>hvm</type></os>%s\n",
		      type, vcpus, tune ? tune : "<devices>");
	for (unsigned i = 0; i < n; i++) {
		add_item(out, item, shuffled(i, n));
		xlpt_str_add(out, "\n");
	}
	xlpt_str_addf(out, "%s</domain>", tune ? "</cputune>" : "</devices>");
}

static void test_devices(void **st)
{
	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(devices); i++)
		for (int kvm = 0; kvm < 2; kvm++) {
			_cleanup_str_ struct xlpt_str in = { 0 };

			xml(&in, kvm ? "kvm" : "xen", 1, NULL, devices[i], lasting_many(MOST));
			bounded_ok(devices[i], &in);
		}
}

static void test_pins(void **st)
{
	static const char *const pins[] = {
		"<vcpupin vcpu='@n' cpuset='@s'/>",
		"<vcpupin vcpu='@n' cpuset='0-16383,^@s,0-16383,0-16383,0-16383,0-16383,"
		"0-16383,0-16383,0-16383,0-16383,0-16383,0-16383,0-16383,0-16383,0-16383'/>",
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(pins); i++) {
		_cleanup_str_ struct xlpt_str in = { 0 };

		xml(&in, "xen", MOST, "<cputune>", pins[i], lasting_many(MOST));
		bounded_ok(pins[i], &in);
	}
}

static void test_one_set(void **st)
{
	_cleanup_str_ struct xlpt_str in = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)st;
	xlpt_str_add(&in, "name='g'\ntype='hvm'\nmemory=512\nvcpus=1024\ncpus='");
	for (unsigned i = 0; i < lasting_many(100000); i++)
		xlpt_str_add(&in, "0-16383,");
	xlpt_str_add(&in, "3'\n");
	/* No attribute of XML is so long. */
	assert_int_equal(bounded("cpus=", &in, &diag), XLPT_ERR_DATA);
}

/* One more is refused, with its place, and not only when it has been looked at for long. */
static void test_too_many(void **st)
{
	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(devices); i++) {
		_cleanup_str_ struct xlpt_str in = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		xml(&in, "kvm", 1, NULL, devices[i], MOST + 1);
		assert_int_equal(bounded(devices[i], &in, &diag), XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, "more than 1024"));
		assert_int_equal(diag.line, MOST + 2);
	}
}

/* The last word on a CPU holds, in whatever order the words come. */
static void test_sets(void **st)
{
	static const char *const sets[][2] = {
		{ "0-7,^2-3", "0-1,4-7" }, { "^2,0-3", "0-3" },	 { "0-3,^0-3,2", "2" },
		{ "5,4,3-4", "3-5" },	   { "16383", "16383" }, { "0-3,^3,^0,0", "0-2" },
		{ "1-5,!2-4,3", "1,3,5" }, { "^1", NULL },	 { "0-16384", NULL },
		{ "7-3", NULL },	   { "all", NULL },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(sets); i++) {
		_cleanup_free_ char *s = xlpt_cpuset_plain(sets[i][0]);

		if (!xlpt_streq(s, sets[i][1]))
			fail_msg("%s is %s", sets[i][0], s ? s : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices), cmocka_unit_test(test_pins),
		cmocka_unit_test(test_one_set), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
