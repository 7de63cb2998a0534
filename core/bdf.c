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

static int bad(struct xlpt_diag *diag, const char *s, size_t n, size_t at, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "column %zu: %s in \"%.*s\"", at + 1, what, (int)n, s);
	xlpt_diag_at(diag, NULL, 0, (unsigned)at + 1);
	xlpt_diag_hint(diag, "write the address as [SSSS:]BB:DD.F in hexadecimal, e.g. 0000:09:00.0");
	return XLPT_ERR_SYNTAX;
}

/* Hex digits from *at; stores how many there were. */
static uint64_t hex_run(const char *s, size_t n, size_t *at, size_t *digits)
{
	uint64_t v = 0;
	size_t start = *at;

	while (*at < n && isxdigit((unsigned char)s[*at])) {
		uint64_t d;

		xlpt_parse_uint(s + *at, 1, 16, 15, &d);
		v = v > UINT32_MAX ? v : v * 16 + d;
		(*at)++;
	}
	*digits = *at - start;
	return v;
}

/* One field with its separators and limits; the shape is the same for all spellings. */
static int field(const char *s, size_t n, size_t *at, size_t max_digits, uint64_t max,
		 const char *name, uint64_t *out, struct xlpt_diag *diag)
{
	size_t start = *at, digits;
	_cleanup_free_ char *what = NULL;

	*out = hex_run(s, n, at, &digits);
	if (!digits) {
		what = xlpt_xasprintf("expected the %s in hexadecimal", name);
		return bad(diag, s, n, start, what);
	}
	if (digits > max_digits || *out > max) {
		what = xlpt_xasprintf("%s %.*s is out of range (0-%llx)", name, (int)digits,
				      s + start, (unsigned long long)max);
		return bad(diag, s, n, start, what);
	}
	return 0;
}

static int parse_sep(const char *s, size_t n, char sep1, char sep2, char sep3, size_t func_digits,
		     struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	uint64_t seg = 0, bus, dev, func;
	size_t at = 0, digits, colons = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		colons += s[i] == sep1;
	if (colons == 0)
		return bad(diag, s, n, 0, "no bus number");
	if (colons > (sep3 == sep1 ? 3u : sep2 == sep1 ? 2u : 1u) + 1)
		return bad(diag, s, n, 0, "too many separators");

	/* Dashed and underscored forms always carry the segment. */
	if (colons >= 2 || sep2 == sep1) {
		seg = hex_run(s, n, &at, &digits);
		if (!digits)
			return bad(diag, s, n, at, "expected the segment in hexadecimal");
		if (seg > 0xffff) {
			xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				      "column 1: segment %.*s in \"%.*s\" is above ffff",
				      (int)digits, s, (int)n, s);
			xlpt_diag_at(diag, NULL, 0, 1);
			xlpt_diag_fact(diag, "xen-pciback and the hypervisor address devices with "
					     "16 bits of segment");
			xlpt_diag_hint(diag, "a device behind an Intel VMD controller cannot be passed "
					     "through; turn VMD off in the firmware setup");
			return XLPT_ERR_SYNTAX;
		}
		if (digits > 4)
			return bad(diag, s, n, 0, "segment has more than four digits");
		if (at >= n || s[at] != sep1)
			return bad(diag, s, n, at, "expected a separator after the segment");
		at++;
	}
	rc = field(s, n, &at, 2, 0xff, "bus", &bus, diag);
	if (rc)
		return rc;
	if (at >= n || s[at] != sep1)
		return bad(diag, s, n, at, "expected ':' after the bus");
	at++;
	rc = field(s, n, &at, 2, 0x1f, "device", &dev, diag);
	if (rc)
		return rc;
	if (at >= n || s[at] != sep3)
		return bad(diag, s, n, at, "expected '.' and the function");
	at++;
	rc = field(s, n, &at, func_digits, 7, "function", &func, diag);
	if (rc)
		return rc;
	if (at != n)
		return bad(diag, s, n, at, "unexpected text after the address");
	*out = (struct xlpt_bdf){ .seg = (uint16_t)seg, .bus = (uint8_t)bus, .dev = (uint8_t)dev,
				  .func = (uint8_t)func };
	return 0;
}

int xlpt_bdf_parse(const char *s, size_t n, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	return parse_sep(s, n, ':', '.', '.', 1, out, diag);
}

int xlpt_bdf_parse_any(const char *s, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	size_t n = strlen(s);

	if (xlpt_starts(s, "pci_"))
		return parse_sep(s + 4, n - 4, '_', '_', '_', 1, out, diag);
	if (n && s[0] == '(' && s[n - 1] == ')')
		return parse_sep(s + 1, n - 2, ':', '.', '.', 1, out, diag);
	if (strchr(s, '-') && !strchr(s, ':'))
		return parse_sep(s, n, '-', '-', '-', 1, out, diag);
	if (n > 3 && s[n - 3] == '.')
		return parse_sep(s, n, ':', '.', '.', 2, out, diag);
	return xlpt_bdf_parse(s, n, out, diag);
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
	return xlpt_bdf_parse(name, strlen(name), out, NULL) == 0 &&
	       strcmp(xlpt_bdf_format(*out, XLPT_BDF_SYSFS, buf), name) == 0;
}

uint32_t xlpt_bdf_sbdf(struct xlpt_bdf bdf)
{
	return (uint32_t)bdf.seg << 16 | (uint32_t)bdf.bus << 8 | (uint32_t)bdf.dev << 3 | bdf.func;
}

int xlpt_bdf_cmp(struct xlpt_bdf a, struct xlpt_bdf b)
{
	uint32_t x = xlpt_bdf_sbdf(a), y = xlpt_bdf_sbdf(b);

	return (x > y) - (x < y);
}
