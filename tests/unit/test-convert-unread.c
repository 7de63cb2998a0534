/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A value that the model cannot take: it is told with its place, and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"

static void convert(const char *text, enum xlpt_format to, struct xlpt_str *out,
		    struct xlpt_losses *losses)
{
	struct xlpt_convert how = { .to = to };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (xlpt_convert(text, strlen(text), "in", &how, out, NULL, losses, &diag))
		fail_msg("%s: %s", text, diag.message);
}

static const struct xlpt_loss *loss_of(const struct xlpt_losses *losses, const char *what)
{
	for (size_t i = 0; i < losses->n; i++)
		if (!strcmp(losses->items[i].what, what))
			return &losses->items[i];
	return NULL;
}

static void comes_back(const char *type, const char *key, const char *value)
{
	_cleanup_free_ char *text =
		xlpt_xasprintf("name = 'g'\nmemory = 64\n%s%s = %s\n", type, key, value);
	_cleanup_free_ char *line = xlpt_xasprintf("%s = %s\n", key, value);
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	const struct xlpt_loss *l;

	convert(text, XLPT_FORMAT_LIBVIRT, &xml, &losses);
	l = loss_of(&losses, key);
	if (!l || l->line != (*type ? 4 : 3))
		fail_msg("not told, or without its line: %s", text);
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	if (!strstr(back.s, line))
		fail_msg("%s did not come back:\n%s", text, back.s);
}

static void test_unread(void **st)
{
#define HVM "type = 'hvm'\n"
#define PV  "type = 'pv'\nkernel = '/k'\n"
	static const struct {
		const char *type, *key, *value;
	} rows[] = {
		/* A list where xl wants a value. */
		{ HVM, "cmdline", "[ 'a' ]" },
		{ HVM, "extra", "[ 'a' ]" },
		{ HVM, "root", "[ 'a' ]" },
		{ HVM, "firmware", "[ 'a' ]" },
		{ HVM, "nographic", "[ '1' ]" },
		{ HVM, "rtc_timeoffset", "[ '1' ]" },
		{ HVM, "keymap", "[ 'de' ]" },
		{ HVM, "vnc", "[ '1' ]" },
		{ HVM, "vnclisten", "[ '::1' ]" },
		{ HVM, "vncdisplay", "[ '1' ]" },
		{ HVM, "videoram", "[ '16' ]" },
		{ HVM, "stdvga", "[ '1' ]" },
		{ HVM, "vga", "[ 'stdvga' ]" },
		{ "", "builder", "[ 'hvm' ]" },
		/* A word where xl wants a number or another word; some keys are asked for twice. */
		{ HVM, "vncdisplay", "'abc'" },
		{ HVM, "videoram", "'much'" },
		{ HVM, "vnc", "'yes'" },
		{ HVM, "vncunused", "'yes'" },
		{ HVM, "stdvga", "'yes'" },
		{ HVM, "vga", "'nosuch'" },
		{ HVM, "viridian", "'yes'" },
		{ "", "builder", "'nosuch'" },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++)
		comes_back(rows[i].type, rows[i].key, rows[i].value);
}

/* cmdline= that is a list is not what xl takes: root= and extra= hold. */
static void test_cmdline(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 };

	(void)st;
	convert("name = 'g'\nmemory = 64\n" PV "cmdline = [ 'a' ]\nextra = 'quiet'\n",
		XLPT_FORMAT_LIBVIRT, &xml, NULL);
	assert_non_null(strstr(xml.s, "<cmdline>quiet</cmdline>"));
}

/* A key that is said several times and cannot be read comes back once. */
static void test_once(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
	const char *first;

	(void)st;
	convert("name = 'g'\nmemory = 64\nvcpus = 'one'\nvcpus = 'two'\n", XLPT_FORMAT_LIBVIRT,
		&xml, NULL);
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	first = strstr(back.s, "vcpus = 'two'\n");
	assert_non_null(first);
	assert_null(strstr(back.s, "one"));
	assert_null(strstr(first + 1, "vcpus"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
