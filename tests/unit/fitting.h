/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of what becomes of a domain of libvirt's under xl. */
#ifndef XLPT_TESTS_UNIT_FITTING_H
#define XLPT_TESTS_UNIT_FITTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"
#include "tests/unit/domains.h"

struct result {
	struct xlpt_str xl;
	struct xlpt_losses losses;
	char *xml;
};

static inline void convert(const char *text, enum xlpt_format to, struct xlpt_str *out,
			   struct xlpt_losses *losses)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_convert how = { .to = to };

	if (xlpt_convert(text, strlen(text), "in", &how, out, NULL, losses, &diag))
		fail_msg("%s\n%s", diag.message, text);
}

/* A domain to xl, and that it comes back as it was. */
static inline void to_xl(struct result *r, const char *type, const char *os, const char *parts,
			 const char *devices)
{
	_cleanup_str_ struct xlpt_str back = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_free_ char *text = NULL;

	*r = (struct result){ 0 };
	r->xml = xlpt_xasprintf("<domain type='%s'><name>g</name><memory unit='MiB'>512</memory>"
				"<vcpu>2</vcpu>%s%s<devices>%s</devices></domain>",
				type, os, parts, devices);
	convert(r->xml, XLPT_FORMAT_XL, &r->xl, &r->losses);
	convert(r->xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_int_equal(
		read_domain(XLPT_FORMAT_LIBVIRT, r->xml, strlen(r->xml), "a", &a, NULL, NULL), 0);
	assert_int_equal(read_domain(XLPT_FORMAT_LIBVIRT, back.s, back.len, "b", &b, NULL, NULL),
			 0);
	xlpt_dom_diff(&a, &b, &deltas);
	text = deltas_text(&deltas);
	if (deltas.n)
		fail_msg("not the same on the way back:\n%s\n%s", text, r->xl.s);
}

#define HVM "<os><type>hvm</type><boot dev='hd'/></os>"
#define PV  "<os><type>xen</type><kernel>/k</kernel><cmdline>root=/dev/vda1 ro</cmdline></os>"

static inline void dispose(struct result *r)
{
	xlpt_str_dispose(&r->xl);
	xlpt_losses_dispose(&r->losses);
	free(r->xml);
}

static inline void has(const struct result *r, const char *want)
{
	if (!strstr(r->xl.s, want))
		fail_msg("no %s in\n%s", want, r->xl.s);
}

static inline void has_not(const struct result *r, const char *what)
{
	_cleanup_free_ char *plain = xlpt_xstrndup(r->xl.s, strcspn(r->xl.s, "#"));

	if (strstr(plain, what))
		fail_msg("%s in\n%s", what, plain);
}

static inline void tells(const struct result *r, enum xlpt_severity severity, const char *what)
{
	for (size_t i = 0; i < r->losses.n; i++)
		if (!strcmp(r->losses.items[i].what, what)) {
			if (r->losses.items[i].severity != severity)
				fail_msg("%s is %s: %s\n%s", what,
					 xlpt_severity_word(r->losses.items[i].severity),
					 r->losses.items[i].reason, r->xml);
			return;
		}
	for (size_t i = 0; i < r->losses.n; i++)
		print_message("%s: %s\n", r->losses.items[i].what, r->losses.items[i].reason);
	fail_msg("nothing is said of %s", what);
}

/* How often something is said of what begins so. */
static inline size_t times_told(const struct result *r, const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < r->losses.n; i++)
		n += xlpt_starts(r->losses.items[i].what, what);
	return n;
}

#endif
