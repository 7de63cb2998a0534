/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug ledger and the settings, whose text may be anything. What is read
 * as a ledger must come out of its records again byte for byte, a ledger that is
 * cut short counts no more than the whole, and no limit is ever passed.
 */
#include <string.h>

#include "xl-plugin/kept/ledger.h"
#include "xl-plugin/kept/settings.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t counts(const char *text, size_t len)
{
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	size_t n = 0;
	int rc = xlpt_ledger_parse(&l, text, len, BOOT, &diag);

	NEED(rc == 0 || (rc == XLPT_ERR_DATA && diag.message && diag.hint && diag.line));
	if (rc == 0)
		free(xlpt_ledger_events(&l, &n));
	return n;
}

static void whole(const char *text, size_t len)
{
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	const struct xlpt_budget_rule rule = { .limit = 3, .device_limit = 2, .window_ms = 1000 };
	struct xlpt_ledger_want want = { .kind = XLPT_LEDGER_ATTACH };
	struct xlpt_ledger_use use;
	char line[XLPT_LEDGER_RECORD];

	if (xlpt_ledger_parse(&l, text, len, BOOT, NULL) || l.anew)
		return;
	NEED((l.n + 1) * XLPT_LEDGER_RECORD + l.torn == len);
	for (size_t i = 0; i < l.n; i++) {
		xlpt_ledger_format(&l.records[i], line);
		NEED(!memcmp(line, text + (i + 1) * XLPT_LEDGER_RECORD, sizeof(line)));
		xlpt_ledger_matters(&l, i, 500);
	}
	for (size_t i = 0; i < l.n_devs; i++)
		NEED(xlpt_ledger_dev(&l, l.devs[i].bdf) == &l.devs[i]);
	if (l.n)
		want.bdf = l.records[0].bdf;
	xlpt_ledger_ask(&l, &rule, 1000, &want, 1, &use);
	NEED(use.next_ms <= rule.window_ms && (use.host.used < 3 || use.next_ms > 0));
}

/*
 * The input's records with good checksums under a good head: a fuzzer does not
 * guess them, and they are not what keeps the rest from being wrong.
 */
static char *sealed(const uint8_t *data, size_t size, size_t *len)
{
	size_t lines = (size + XLPT_LEDGER_RECORD - 1) / XLPT_LEDGER_RECORD;
	char *text = xlpt_xcalloc(lines + 1, XLPT_LEDGER_RECORD);

	xlpt_ledger_format_head(BOOT, text);
	for (size_t i = 0; i < lines; i++) {
		struct xlpt_ledger_record r = { 0 };
		uint8_t in[XLPT_LEDGER_RECORD] = { 0 };
		size_t at = i * XLPT_LEDGER_RECORD, left = size - at;

		memcpy(in, data + at, left < sizeof(in) ? left : sizeof(in));
		r.kind = in[0] % XLPT_LEDGER_N_KINDS;
		r.all = r.kind == XLPT_LEDGER_LOOK || (r.kind == XLPT_LEDGER_RESET && in[1] & 1);
		r.at_ms = in[2] << 8 | in[3];
		r.bdf = (struct xlpt_bdf){ .bus = in[4] % 4, .func = in[5] % 4 };
		r.value = in[6] % 5 - 1;
		r.pid = in[7];
		xlpt_ledger_format(&r, text + (i + 1) * XLPT_LEDGER_RECORD);
	}
	*len = (lines + 1) * XLPT_LEDGER_RECORD;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *text = NULL;
	struct xlpt_settings s;
	size_t len;
	int rc;

	whole((const char *)data, size);
	counts((const char *)data, size);
	text = sealed(data, size, &len);
	whole(text, len);
	/* Without a reset what is cut off can only have counted more. */
	if (!memmem(text, len, "reset", 5))
		for (size_t cut = 0, all = counts(text, len); cut < len; cut += 29 + len / 16)
			NEED(counts(text, cut) <= all);
	rc = xlpt_settings_parse(&s, (const char *)data, size, "xlpt.conf", &diag);
	NEED(rc == 0 || (rc == XLPT_ERR_SYNTAX && diag.line && diag.column && diag.hint));
	NEED(s.budget.limit >= 1 && s.budget.limit <= 100000 && s.budget.device_limit >= 1 &&
	     s.budget.window_ms >= 1000 && s.budget.window_ms <= 30 * (int64_t)86400000);
	return 0;
}
