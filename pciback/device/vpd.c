/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/vpd.h"

#include <errno.h>
#include <string.h>

enum {
	VPD_MAX = 0x8000, /* addresses have 15 bits */
	LARGE = 0x80,
	NAME = 0x82,
	READ_ONLY = 0x90,
	SMALL_END = 0x0f, /* item name of a small resource: the end */
};

struct reader {
	struct xlpt_vpd *out;
	bool has_serial; /* the first one counts, also when it is of no use */
	struct xlpt_diag *diag;
};

void xlpt_vpd_dispose(struct xlpt_vpd *vpd)
{
	free(vpd->product);
	free(vpd->part);
	free(vpd->serial);
	*vpd = (struct xlpt_vpd){ 0 };
}

static int bad(const struct reader *r, size_t at, const char *fact)
{
	xlpt_diag_set(r->diag, XLPT_ERR_DATA, "the card's VPD cannot be read to its end");
	xlpt_diag_fact(r->diag, "at byte %zu: %s", at, fact);
	xlpt_diag_hint(r->diag,
		       "what comes before that is used; a newer firmware of the card may mend it");
	return XLPT_ERR_DATA;
}

static bool is_printable(uint8_t c)
{
	return c >= ' ' && c <= '~';
}

/* Without the blanks around it; NULL for nothing. */
static char *trimmed(const uint8_t *p, size_t len)
{
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\0'))
		len--;
	while (len && *p == ' ')
		p++, len--;
	return len ? xlpt_xstrndup((const char *)p, len) : NULL;
}

/* For people: as a terminal can show it. */
static void keep(char **field, const uint8_t *p, size_t len)
{
	_cleanup_free_ uint8_t *text = NULL;

	if (*field)
		return;
	text = xlpt_xcalloc(1, len + 1);
	len = strnlen((const char *)p, len);
	for (size_t i = 0; i < len; i++)
		text[i] = is_printable(p[i]) ? p[i] : ' ';
	*field = trimmed(text, len);
}

static void keep_serial(struct reader *r, const uint8_t *p, size_t len)
{
	if (r->has_serial)
		return;
	r->has_serial = true;
	r->out->serial = trimmed(p, len);
	/* A zero within ends the copy, and is no printable character of the field. */
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\0'))
		len--;
	for (size_t i = 0; i < len; i++)
		if (!is_printable(p[i]))
			free(XLPT_TAKE(r->out->serial));
}

/* Fields of two letters, a length, and as many bytes. */
static int parse_fields(struct reader *r, const uint8_t *p, size_t len, size_t where)
{
	for (size_t at = 0; at < len;) {
		if (len - at < 3 || p[at + 2] > len - at - 3)
			return bad(r, where + at, "a field goes past its section");
		if (!memcmp(p + at, "SN", 2))
			keep_serial(r, p + at + 3, p[at + 2]);
		else if (!memcmp(p + at, "PN", 2))
			keep(&r->out->part, p + at + 3, p[at + 2]);
		at += 3u + p[at + 2];
	}
	return 0;
}

int xlpt_vpd_parse(const uint8_t *data, size_t len, struct xlpt_vpd *out, struct xlpt_diag *diag)
{
	struct reader r = { .out = out, .diag = diag };

	*out = (struct xlpt_vpd){ 0 };
	for (size_t at = 0; at < len;) {
		size_t head = data[at] & LARGE ? 3 : 1, size;
		int rc = 0;

		if (len - at < head)
			break;
		if (!(data[at] & LARGE) && data[at] >> 3 == SMALL_END)
			return 0;
		size = head == 3 ? (size_t)data[at + 2] << 8 | data[at + 1] : data[at] & 7u;
		if (size > len - at - head)
			return bad(&r, at, "a section goes past the end");
		if (data[at] == NAME)
			keep(&out->product, data + at + head, size);
		else if (data[at] == READ_ONLY)
			rc = parse_fields(&r, data + at + head, size, at + head);
		if (rc)
			return rc;
		at += head + size;
	}
	return bad(&r, len, "it has no end");
}

int xlpt_vpd_read(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_vpd *out,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ uint8_t *buf = xlpt_xcalloc(1, VPD_MAX);
	_cleanup_free_ char *path =
		xlpt_xasprintf("/sys/bus/pci/devices/%s/vpd", XLPT_BDF_STR(bdf));
	ssize_t r = h->ops->read(h, path, buf, VPD_MAX);

	*out = (struct xlpt_vpd){ 0 };
	if (r <= 0) {
		/* The kernel takes the file's contents back when it has found them broken. */
		if (r == 0 || r == -ENOENT || r == -EACCES || r == -EPERM)
			return 0;
		return xlpt_diag_errno(diag, XLPT_ERR_IO, (int)-r, "cannot read the card's VPD");
	}
	return xlpt_vpd_parse(buf, (size_t)r, out, diag);
}
