/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/kept/ledger.h"

#define HEAD "xlpt-ledger 1 "
/* eight hexadecimal digits and the newline stand there */
#define SUM_AT	    (XLPT_LEDGER_RECORD - 9)
#define TIME_MAX    999999999999 /* twelve digits, 31 years */
#define RESETS_KEPT 16

static const char *const words[XLPT_LEDGER_N_KINDS] = {
	[XLPT_LEDGER_ATTACH] = "attach",   [XLPT_LEDGER_DETACH] = "detach",
	[XLPT_LEDGER_UNDO] = "undo",	   [XLPT_LEDGER_REPAIR] = "repair",
	[XLPT_LEDGER_FOREIGN] = "foreign", [XLPT_LEDGER_OWNER] = "owner",
	[XLPT_LEDGER_LOOK] = "look",	   [XLPT_LEDGER_RESET] = "reset",
};

static bool counted(enum xlpt_ledger_kind kind)
{
	return kind <= XLPT_LEDGER_FOREIGN;
}

void xlpt_ledger_dispose(struct xlpt_ledger *l)
{
	free(l->records);
	free(l->devs);
	*l = (struct xlpt_ledger){ 0 };
}

/* CRC-32 (IEEE 802.3). */
static uint32_t checksum(const char *s, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)s[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Writes into out: the text, blanks up to the checksum, the checksum and a newline. */
static void finish(const char *text, char out[XLPT_LEDGER_RECORD])
{
	char sum[10];
	size_t n = strlen(text);

	memset(out, ' ', SUM_AT);
	memcpy(out, text, n < SUM_AT ? n : SUM_AT);
	snprintf(sum, sizeof(sum), "%08x\n", checksum(out, SUM_AT));
	memcpy(out + SUM_AT, sum, 9);
}

void xlpt_ledger_format(const struct xlpt_ledger_record *r, char out[XLPT_LEDGER_RECORD])
{
	char text[128], value[24] = "-";

	if (r->value >= 0)
		snprintf(value, sizeof(value), "%lld", (long long)r->value);
	snprintf(text, sizeof(text), "%-8s %12lld %-12s %10s %8d", words[r->kind],
		 (long long)r->at_ms, r->all ? "all" : XLPT_BDF_STR(r->bdf), value, r->pid);
	finish(text, out);
}

void xlpt_ledger_format_head(const char *boot_id, char out[XLPT_LEDGER_RECORD])
{
	char text[128];

	snprintf(text, sizeof(text), HEAD "%.36s", boot_id);
	finish(text, out);
}

/* ---- reading ---- */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static bool parse_number(const char **p, uint64_t max, int64_t *out)
{
	size_t n;
	uint64_t v;

	*p = skip_blanks(*p);
	n = strcspn(*p, " ");
	if (n == 1 && **p == '-') {
		*out = -1;
	} else {
		if (!xlpt_parse_uint(*p, n, 10, max, &v))
			return false;
		*out = (int64_t)v;
	}
	*p += n;
	return true;
}

/*
 * Reads the record, writes it again and compares: only what xlpt would write, the checksum
 * included, is a record.
 */
static bool parse_record(const char line[XLPT_LEDGER_RECORD], struct xlpt_ledger_record *r)
{
	char text[SUM_AT + 1], again[XLPT_LEDGER_RECORD], bdf[XLPT_BDF_LEN] = "";
	const char *p = text;
	int64_t pid;
	size_t n;

	*r = (struct xlpt_ledger_record){ 0 };
	memcpy(text, line, SUM_AT);
	text[SUM_AT] = '\0';
	n = strcspn(p, " ");
	while (r->kind < XLPT_LEDGER_N_KINDS &&
	       (strlen(words[r->kind]) != n || memcmp(words[r->kind], p, n) != 0))
		r->kind++;
	if (r->kind == XLPT_LEDGER_N_KINDS)
		return false;
	p += n;
	if (!parse_number(&p, TIME_MAX, &r->at_ms) || r->at_ms < 0)
		return false;
	p = skip_blanks(p);
	n = strcspn(p, " ");
	if (n >= sizeof(bdf))
		return false;
	memcpy(bdf, p, n);
	p += n;
	r->all = !strcmp(bdf, "all");
	if (r->all ? r->kind != XLPT_LEDGER_LOOK && r->kind != XLPT_LEDGER_RESET
		   : !xlpt_bdf_from_sysfs_name(bdf, &r->bdf))
		return false;
	if (!parse_number(&p, UINT32_MAX, &r->value) || !parse_number(&p, 99999999, &pid) ||
	    pid < 0)
		return false;
	r->pid = (int)pid;
	xlpt_ledger_format(r, again);
	return !memcmp(again, line, XLPT_LEDGER_RECORD);
}

/* The index of bdf in the sorted list, or where it belongs. */
static size_t dev_index(const struct xlpt_ledger *l, struct xlpt_bdf bdf)
{
	size_t lo = 0, hi = l->n_devs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (xlpt_bdf_cmp(l->devs[mid].bdf, bdf) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct xlpt_ledger_dev *xlpt_ledger_dev(const struct xlpt_ledger *l, struct xlpt_bdf bdf)
{
	size_t i = dev_index(l, bdf);

	return i < l->n_devs && xlpt_bdf_eq(l->devs[i].bdf, bdf) ? &l->devs[i] : NULL;
}

static struct xlpt_ledger_dev *dev_of(struct xlpt_ledger *l, struct xlpt_bdf bdf)
{
	size_t i = dev_index(l, bdf);

	if (i < l->n_devs && xlpt_bdf_eq(l->devs[i].bdf, bdf))
		return &l->devs[i];
	XLPT_GROW(l->devs, l->n_devs, l->devs_alloc);
	memmove(&l->devs[i + 1], &l->devs[i], (l->n_devs - i) * sizeof(*l->devs));
	l->n_devs++;
	l->devs[i] = (struct xlpt_ledger_dev){ .bdf = bdf, .owner = XLPT_LEDGER_NOBODY };
	return &l->devs[i];
}

static void apply_reset(struct xlpt_ledger *l, const struct xlpt_ledger_record *r)
{
	for (size_t i = 0; i < l->n; i++)
		if (r->all || xlpt_bdf_eq(l->records[i].bdf, r->bdf))
			l->records[i].counts = false;
}

static void apply_owner(struct xlpt_ledger_dev *d, const struct xlpt_ledger_record *r, size_t at)
{
	d->last_ms = r->at_ms;
	if (r->kind == XLPT_LEDGER_OWNER || r->kind == XLPT_LEDGER_FOREIGN) {
		d->owner = r->value;
		d->owner_at = at;
		d->pending = false;
		d->pending_at = 0;
	} else {
		d->pending = true;
		d->expected = r->value;
		d->pending_at = at;
	}
}

void xlpt_ledger_apply(struct xlpt_ledger *l, const struct xlpt_ledger_record *r)
{
	if (r->kind == XLPT_LEDGER_RESET)
		apply_reset(l, r);
	XLPT_GROW(l->records, l->n, l->alloc);
	l->records[l->n] = *r;
	l->records[l->n++].counts = counted(r->kind);
	if (r->kind == XLPT_LEDGER_LOOK)
		l->looked = true;
	else if (r->kind != XLPT_LEDGER_RESET)
		apply_owner(dev_of(l, r->bdf), r, l->n);
}

static int damaged(struct xlpt_diag *diag, unsigned line, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_DATA, "the hotplug ledger is damaged: %s", what);
	xlpt_diag_at(diag, XLPT_LEDGER_PATH, line, 0);
	xlpt_diag_fact(diag, "it no longer says how often devices were attached and detached");
	xlpt_diag_hint(diag, "xlpt budget --reset --yes puts it aside and counts anew");
	return XLPT_ERR_DATA;
}

int xlpt_ledger_parse(struct xlpt_ledger *out, const char *text, size_t len, const char *boot_id,
		      struct xlpt_diag *diag)
{
	char head[XLPT_LEDGER_RECORD], other[XLPT_LEDGER_RECORD], id[XLPT_BOOT_ID_LEN + 1] = "";

	*out = (struct xlpt_ledger){ .torn = len % XLPT_LEDGER_RECORD };
	/*
	 * The first line is written before the file gets its name (ledger-book.c): a shorter file
	 * is nothing.
	 */
	if (len < XLPT_LEDGER_RECORD) {
		out->anew = true;
		return 0;
	}
	xlpt_ledger_format_head(boot_id, head);
	if (memcmp(head, text, sizeof(head)) != 0) {
		memcpy(id, text + strlen(HEAD), XLPT_BOOT_ID_LEN);
		xlpt_ledger_format_head(id, other);
		if (memcmp(other, text, sizeof(other)) != 0)
			return damaged(diag, 1, "its first line is not one that this xlpt writes");
		*out = (struct xlpt_ledger){ .anew = true };
		return 0;
	}
	for (size_t at = XLPT_LEDGER_RECORD; at + XLPT_LEDGER_RECORD <= len;
	     at += XLPT_LEDGER_RECORD) {
		struct xlpt_ledger_record r;

		if (!parse_record(text + at, &r))
			return damaged(diag, (unsigned)(at / XLPT_LEDGER_RECORD) + 1,
				       "a line is not what was written there");
		xlpt_ledger_apply(out, &r);
	}
	return 0;
}

struct xlpt_budget_event *xlpt_ledger_events(const struct xlpt_ledger *l, size_t *n)
{
	struct xlpt_budget_event *events = xlpt_xcalloc(l->n, sizeof(*events));

	*n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->records[i].counts)
			events[(*n)++] = (struct xlpt_budget_event){ .at_ms = l->records[i].at_ms,
								     .bdf = l->records[i].bdf };
	return events;
}

bool xlpt_ledger_matters(const struct xlpt_ledger *l, size_t i, int64_t since_ms)
{
	const struct xlpt_ledger_record *r = &l->records[i];
	const struct xlpt_ledger_dev *d;
	size_t after = 0;

	if (r->kind == XLPT_LEDGER_LOOK)
		return true;
	if (r->kind == XLPT_LEDGER_RESET) {
		/*
		 * A record from before the reset that is kept for its owner's sake must stay
		 * uncounted.
		 */
		for (size_t k = i + 1; k < l->n && after < RESETS_KEPT; k++)
			after += l->records[k].kind == XLPT_LEDGER_RESET;
		return after < RESETS_KEPT || r->at_ms >= since_ms;
	}
	d = xlpt_ledger_dev(l, r->bdf);
	return (r->counts && r->at_ms >= since_ms) ||
	       (d && (d->owner_at == i + 1 || d->pending_at == i + 1));
}
