/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configurations that the lab creates twice (scenario convert-pairs): on the way to libvirt and
 * back they say the same keys, so that xl list -l of both guests is the same. Defaults that are
 * said, or not, count here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <glob.h>
#include <unistd.h>

#include "converters/convert.h"
#include "core/file.h"
#include "tests/unit/domains.h"

static char *slurp(const char *path)
{
	struct xlpt_str text = { 0 };
	FILE *f = fopen(path, "re");

	if (!f || xlpt_file_read_fd(fileno(f), 1u << 20, &text))
		fail_msg("%s cannot be read", path);
	fclose(f);
	return xlpt_str_take(&text);
}

static void convert(const char *name, const char *text, enum xlpt_format to, struct xlpt_str *out)
{
	struct xlpt_convert how = { .to = to, .for_xen = XLPT_OFF };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (xlpt_convert(text, strlen(text), name, &how, out, NULL, NULL, &diag))
		fail_msg("%s: %s", name, diag.message);
}

static void read_xl(const char *name, const char *text, struct xlpt_dom *dom)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (read_domain(XLPT_FORMAT_XL, text, strlen(text), name, dom, NULL, &diag))
		fail_msg("%s: %s", name, diag.message);
}

/* What is the same in xl's own structures, said or not: PV, a writable disk, an empty drive, a NIC.
 */
static bool follows(const struct xlpt_delta *d)
{
	static const struct {
		const char *member, *value;
	} same[] = { { "type", "pv" },
		     { ".readonly", "off" },
		     { ".type", "ioemu" },
		     { ".target", "" },
		     { ".format", "empty" } };
	const char *dot = strrchr(d->path, '.');

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(same); i++)
		if (!strcmp(dot ? dot : d->path, same[i].member) &&
		    xlpt_streq(d->a ? d->a : d->b, same[i].value) && (!d->a || !d->b))
			return true;
	return false;
}

static void test_pairs(void **st)
{
	glob_t files;
	size_t bad = 0;

	(void)st;
	assert_int_equal(glob("tests/data/pairs/*.cfg", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 60);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *name = files.gl_pathv[i];
		_cleanup_free_ char *text = slurp(name);
		_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
		_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
		_cleanup_dom_ struct xlpt_dom a, b;

		xlpt_dom_init(&a);
		xlpt_dom_init(&b);
		convert(name, text, XLPT_FORMAT_LIBVIRT, &xml);
		convert(name, xml.s, XLPT_FORMAT_XL, &back);
		read_xl(name, text, &a);
		read_xl(name, back.s, &b);
		xlpt_dom_diff_values(&a, &b, &deltas);
		for (size_t j = 0; j < deltas.n; j++) {
			const struct xlpt_delta *d = &deltas.items[j];

			if (follows(d))
				continue;
			print_error("%s: %s: %s -> %s\n", name, d->path, d->a ? d->a : "-",
				    d->b ? d->b : "-");
			bad++;
		}
	}
	globfree(&files);
	assert_int_equal(bad, 0);
}

/* What people change in the XML holds: nothing that was unsaid before comes back over it. */
static void test_edits(void **st)
{
	static const char cfg[] = "name = 'g'\ntype = 'hvm'\nmemory = 64\n";
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 }, edited = { 0 };
	char *at;

	(void)st;
	convert("g", cfg, XLPT_FORMAT_LIBVIRT, &xml);
	at = strstr(xml.s, "listen='127.0.0.1'");
	assert_non_null(at);
	xlpt_str_addn(&edited, xml.s, (size_t)(at - xml.s));
	xlpt_str_add(&edited, "listen='192.0.2.1'");
	xlpt_str_add(&edited, at + strlen("listen='127.0.0.1'"));
	convert("g", edited.s, XLPT_FORMAT_XL, &back);
	assert_non_null(strstr(back.s, "\nvnclisten = \"192.0.2.1\"\n"));
	assert_null(strstr(back.s, "acpi"));
	xlpt_str_dispose(&edited);
	xlpt_str_dispose(&back);
	at = strstr(xml.s, "    <acpi/>\n");
	assert_non_null(at);
	xlpt_str_addn(&edited, xml.s, (size_t)(at - xml.s));
	xlpt_str_add(&edited, at + strlen("    <acpi/>\n"));
	convert("g", edited.s, XLPT_FORMAT_XL, &back);
	assert_non_null(strstr(back.s, "\nacpi = 0\n"));
	assert_null(strstr(back.s, "vnc"));
}

/* A display that was taken out of the XML stays out. */
static void test_no_display(void **st)
{
	static const char xml[] =
		"<domain type='xen'><name>g</name><metadata>"
		"<xlpt:kept xmlns:xlpt='urn:xlpt:kept:1'><xlpt:value path='vnc_unsaid'>on</xlpt:value>"
		"</xlpt:kept></metadata><memory>65536</memory><os><type>hvm</type></os></domain>";
	_cleanup_str_ struct xlpt_str back = { 0 };

	(void)st;
	convert("g", xml, XLPT_FORMAT_XL, &back);
	assert_non_null(strstr(back.s, "\nvnc = 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_no_display),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
