/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names under which people around libvirt know a PCI function: virsh nodedev-list's
 * pci_0000_09_00_0, lspci's 09:00.0, and what virt-install takes after --host-device (its old
 * name) or --hostdev: one of these, more options behind a comma. virt-install reads every field
 * with int(…, 16), so fields may have leading zeros beyond their width.
 */
#include "converters/libvirt/libvirt.h"

#include <string.h>

static const char *strip_option(const char *s)
{
	static const char *const words[] = { "--host-device", "--hostdev" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		if (!xlpt_starts(s, words[i]))
			continue;
		if (s[n] == '=')
			return s + n + 1;
		if (s[n] == ' ' || s[n] == '\t')
			return s + n + strspn(s + n, " \t");
	}
	return s;
}

/* Cuts superfluous leading zeros of every hexadecimal field: 0000:0009:00.00 is 0000:09:00.0. */
static char *trim_fields(const char *s, size_t n)
{
	static const size_t widths[] = { 1, 2, 2,
					 4 }; /* from the end: function, device, bus, segment */
	size_t field = 0, end = n;
	char *out = xlpt_xcalloc(n + 1, 1), *w = out + n;

	for (size_t i = n; i-- > 0;) {
		bool sep = s[i] == ':' || s[i] == '.';

		if (sep || i == 0) {
			size_t start = sep ? i + 1 : 0;

			while (field < XLPT_ARRAY_SIZE(widths) && end - start > widths[field] &&
			       s[start] == '0')
				start++;
			w -= end - start;
			memcpy(w, s + start, end - start);
			if (sep)
				*--w = s[i];
			end = i;
			field++;
		}
	}
	memmove(out, w, n - (size_t)(w - out) + 1);
	return out;
}

int xlpt_libvirt_address_parse(const char *text, struct xlpt_bdf *out, struct xlpt_diag *diag)
{
	const char *s = strip_option(text);
	size_t n = strcspn(s, ","), skipped = (size_t)(s - text);
	_cleanup_free_ char *name = xlpt_xstrndup(s, n);
	_cleanup_free_ char *trimmed = NULL;
	unsigned colons = 0;
	int rc;

	for (const char *c = name; *c; c++)
		colons += *c == ':';
	if (xlpt_starts(name, "usb_") || (colons == 0 && strspn(name, "0123456789.") == n && n) ||
	    (colons == 1 && !strchr(name, '.') && xlpt_starts(name, "0x"))) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" names a USB device", name);
		xlpt_diag_fact(diag, "virt-install writes USB devices as BUS.DEVICE or "
				     "0xVENDOR:0xPRODUCT; this command takes PCI functions");
		return XLPT_ERR_SYNTAX;
	}
	if (colons) {
		struct xlpt_bdf bdf;

		trimmed = trim_fields(name, n);
		if (xlpt_bdf_parse_any(trimmed, &bdf, NULL) == 0) {
			*out = bdf;
			return 0;
		}
	}
	rc = xlpt_bdf_parse_any(name, out, diag);
	if (rc && diag && skipped && diag->column)
		diag->column += (unsigned)skipped;
	return rc;
}
