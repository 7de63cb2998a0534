/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bdf.h"

#include <ctype.h>
#include <string.h>

char *xlpt_bdf_format(struct xlpt_bdf bdf, enum xlpt_bdf_form form, char buf[XLPT_BDF_LEN])
{
	static const char *const forms[] = {
		[XLPT_BDF_SYSFS] = "%04x:%02x:%02x.%x",
		[XLPT_BDF_HIDE] = "(%04x:%02x:%02x.%x)",
		[XLPT_BDF_XS] = "%04x-%02x-%02x-%x",
		[XLPT_BDF_VDEV] = "%04x:%02x:%02x.%02x",
		[XLPT_BDF_NODEDEV] = "pci_%04x_%02x_%02x_%x",
	};

	if (form == XLPT_BDF_QMP)
		snprintf(buf, XLPT_BDF_LEN, "pci-pt-%02x_%02x.%x", bdf.bus, bdf.dev, bdf.func);
	else
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(buf, XLPT_BDF_LEN, forms[form], bdf.seg, bdf.bus, bdf.dev, bdf.func);
#pragma GCC diagnostic pop
	return buf;
}

/* The address lies in s[at..end); s[0..n) is the whole text, for columns and messages. */
struct reader {
	const char *s;
	size_t n, at, end;
	bool host; /* a function of this host: any segment that Linux can have */
	struct xlpt_diag *diag;
};

static int XLPT_PRINTF(3, 4) bad(struct reader *r, size_t at, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(r->diag, XLPT_ERR_SYNTAX, "column %zu: %s in \"%.*s\"", at + 1, what,
		      (int)r->n, r->s);
	xlpt_diag_at(r->diag, NULL, 0, (unsigned)at + 1);
	xlpt_diag_hint(r->diag,
		       "write the address as [SSSS:]BB:DD.F in hexadecimal, e.g. 0000:09:00.0");
	return XLPT_ERR_SYNTAX;
}

/* One field of hexadecimal digits with its limits; the shape is the same for all spellings. */
static int field(struct reader *r, size_t max_digits, uint64_t max, const char *name, uint64_t *out)
{
	size_t start = r->at;
	uint64_t v = 0, d;
	int digits;

	if (r->host && max == XLPT_XEN_SEG_MAX) {
		max = UINT32_MAX;
		max_digits = 8;
	}
	for (; r->at < r->end && xlpt_parse_uint(r->s + r->at, 1, 16, 15, &d); r->at++)
		v = v > UINT32_MAX ? v : v * 16 + d;
	digits = (int)(r->at - start);
	if (!digits)
		return bad(r, start, "expected the %s in hexadecimal", name);
	if (v > XLPT_XEN_SEG_MAX && max == XLPT_XEN_SEG_MAX) {
		bad(r, start, "%s %.*s is above ffff", name, digits, r->s + start);
		xlpt_diag_fact(r->diag, "xen-pciback and the hypervisor address devices with "
					"16 bits of segment");
		xlpt_diag_hint(r->diag, "a device behind an Intel VMD controller cannot be passed "
					"through; turn VMD off in the firmware setup");
		return XLPT_ERR_SYNTAX;
	}
	if (v > max)
		return bad(r, start, "%s %.*s is out of range (0-%llx)", name, digits, r->s + start,
			   (unsigned long long)max);
	if ((size_t)digits > max_digits)
		return bad(r, start, "%s %.*s has more than %zu digit%s", name, digits,
			   r->s + start, max_digits, max_digits == 1 ? "" : "s");
	*out = v;
	return 0;
}

static int parse_sep(struct reader *r, char sep, char dot, size_t func_digits, struct xlpt_bdf *out)
{
	uint64_t seg = 0, bus, dev, func;
	size_t seps = 0;
	int rc;

	for (size_t i = r->at; i < r->end; i++)
		seps += r->s[i] == sep;
	if (sep == ':' && seps == 0)
		return bad(r, r->at, "no bus number");

	/* Dashed and underscored forms always carry the segment. */
	if (sep != ':' || seps >= 2) {
		rc = field(r, 4, XLPT_XEN_SEG_MAX, "segment", &seg);
		if (rc)
			return rc;
		if (r->at >= r->end || r->s[r->at] != sep)
			return bad(r, r->at, "expected '%c' after the segment", sep);
		r->at++;
	}
	rc = field(r, 2, 0xff, "bus", &bus);
	if (rc)
		return rc;
	if (r->at >= r->end || r->s[r->at] != sep)
		return bad(r, r->at, "expected '%c' after the bus", sep);
	r->at++;
	rc = field(r, 2, 0x1f, "device", &dev);
	if (rc)
		return rc;
	if (r->at >= r->end || r->s[r->at] != dot)
		return bad(r, r->at, "expected '%c' and the function", dot);
	r->at++;
	rc = field(r, func_digits, 7, "function", &func);
	if (rc)
		return rc;
	if (r->at != r->end)
		return bad(r, r->at, "unexpected text after the address");
	*out = (struct xlpt_bdf){ .seg = (uint32_t)seg,
				  .bus = (uint8_t)bus,
				  .dev = (uint8_t)dev,
				  .func = (uint8_t)func };
	return 0;
}

int xlpt_bdf_parse(const char *s, size_t n, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	struct reader r = { .s = s, .n = n, .end = n, .diag = diag };

	return parse_sep(&r, ':', '.', 1, out);
}

static int parse_any(const char *s, bool host, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	size_t n = strlen(s);
	struct reader r = { .s = s, .n = n, .end = n, .host = host, .diag = diag };

	if (xlpt_starts(s, "pci_")) {
		r.at = 4;
		return parse_sep(&r, '_', '_', 1, out);
	}
	if (n >= 2 && s[0] == '(' && s[n - 1] == ')') {
		r.at = 1;
		r.end = n - 1;
		return parse_sep(&r, ':', '.', 1, out);
	}
	if (strchr(s, '-') && !strchr(s, ':'))
		return parse_sep(&r, '-', '-', 1, out);
	return parse_sep(&r, ':', '.', n > 3 && s[n - 3] == '.' ? 2 : 1, out);
}

int xlpt_bdf_parse_any(const char *s, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	return parse_any(s, false, out, diag);
}

int xlpt_bdf_parse_host(const char *s, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	return parse_any(s, true, out, diag);
}

bool xlpt_bdf_shaped(const char *s)
{
	bool mark = false;

	if (!isxdigit((unsigned char)*s))
		return false;
	for (; *s && *s != '@' && *s != ','; s++) {
		if (*s == ':')
			mark = true;
		else if (*s == '.' || *s == '*')
			continue;
		else if (!isxdigit((unsigned char)*s))
			return false;
	}
	return mark;
}

bool xlpt_bdf_from_sysfs_name(const char *name, struct xlpt_bdf *out)
{
	char buf[XLPT_BDF_LEN];

	/* The kernel prints fixed widths; what does not print back the same is something else. */
	return xlpt_bdf_parse_host(name, out, NULL) == 0 &&
	       strcmp(xlpt_bdf_format(*out, XLPT_BDF_SYSFS, buf), name) == 0;
}

uint32_t xlpt_bdf_sbdf(struct xlpt_bdf bdf)
{
	return bdf.seg << 16 | (uint32_t)bdf.bus << 8 | (uint32_t)bdf.dev << 3 | bdf.func;
}

int xlpt_bdf_cmp(struct xlpt_bdf a, struct xlpt_bdf b)
{
	uint64_t x = (uint64_t)a.seg << 16 | (xlpt_bdf_sbdf(a) & 0xffff);
	uint64_t y = (uint64_t)b.seg << 16 | (xlpt_bdf_sbdf(b) & 0xffff);

	return (x > y) - (x < y);
}
