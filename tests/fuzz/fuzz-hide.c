/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: xlpt's reading of a hide list equals the oracle's, for both
 * grammars, and what lint passes comes back the same after formatting. The
 * first byte's lowest bit chooses the grammar.
 */
#include "pciback/boot/hide.h"
#include "tests/fuzz/hide-oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(bool wildcards, const char *text)
{
	enum xlpt_hide_grammar g = wildcards ? XLPT_HIDE_WILDCARDS : XLPT_HIDE_PLAIN;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 }, linted = { 0 }, again = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *formatted = NULL;
	static struct oracle want;
	int rc = xlpt_hide_parse(g, text, &list, &diag);

	oracle(wildcards, text, &want);
	if ((rc == 0) != want.accepts || (rc == 0 && list.n != want.n) || (rc && list.n))
		abort();
	if (rc && (diag.code != XLPT_ERR_SYNTAX || !diag.column || diag.column > strlen(text) + 1))
		abort();
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].seg != want.ids[i].seg || list.items[i].bus != want.ids[i].bus ||
		    list.items[i].dev != want.ids[i].dev || list.items[i].func != want.ids[i].func)
			abort();
	if (xlpt_hide_lint(g, text, &linted, NULL))
		return;
	if (rc || linted.n != list.n || linted.ignored)
		abort();
	formatted = xlpt_hide_format(&linted);
	if (strlen(formatted) > XLPT_HIDE_MAX)
		return;
	if (xlpt_hide_lint(g, formatted, &again, NULL) || again.n != linted.n)
		abort();
	for (size_t i = 0; i < again.n; i++)
		if (!xlpt_hide_has(&linted, &again.items[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (!size)
		return 0;
	text = xlpt_xstrndup((const char *)data + 1, size - 1);
	same(data[0] & 1, text);
	return 0;
}
