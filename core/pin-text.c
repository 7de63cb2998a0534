/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file of a pin:
 *	xlpt-pin 1
 *	path pci0000:00/10.0/00.0
 *	vf 3				(only a virtual function)
 *	id 8086:10d3 8086:a01f 020000	(device, subsystem, class)
 *	serial dsn:52-54-00-ff-ff-00-00-20
 *	bar 0 131072 00000200		(size, kind; each that is there)
 *	address 0000:02:00.0
 *	net enp2s0			(only a network card; encoded, core/text.h)
 *	boot 0000:02:00.0		(only when it is to be hidden at boot)
 */
#include "core/pin.h"

#include <ctype.h>
#include <string.h>

#include "core/record.h"
#include "core/text.h"

#define FIRST "xlpt-pin 1"

char *xlpt_pin_format(const struct xlpt_pin *pin)
{
	struct xlpt_str s = { 0 };

	xlpt_str_addf(&s, FIRST "\npath %s\n", pin->path);
	if (pin->vf >= 0)
		xlpt_str_addf(&s, "vf %d\n", pin->vf);
	xlpt_str_addf(&s, "id %04x:%04x %04x:%04x %06x\n", pin->vendor, pin->device, pin->subvendor,
		      pin->subdevice, pin->class_code);
	if (pin->serial)
		xlpt_str_addf(&s, "serial %s\n", pin->serial);
	for (size_t i = 0; i < XLPT_PIN_BARS; i++)
		if (pin->bars[i].size)
			xlpt_str_addf(&s, "bar %zu %llu %08x\n", i,
				      (unsigned long long)pin->bars[i].size, pin->bars[i].kind);
	xlpt_str_addf(&s, "address %s\n", XLPT_BDF_STR(pin->address));
	if (pin->net) {
		_cleanup_free_ char *net = xlpt_text_encoded(pin->net);

		xlpt_str_addf(&s, "net %s\n", net);
	}
	if (pin->at_boot)
		xlpt_str_addf(&s, "boot %s\n", XLPT_BDF_STR(pin->boot));
	return xlpt_str_take(&s);
}

struct reader {
	struct xlpt_record record;
	struct xlpt_pin *pin;
	unsigned seen;
	struct xlpt_diag *diag;
};

enum {
	SEEN_PATH = 1,
	SEEN_ID = 2,
	SEEN_ADDRESS = 4,
	SEEN_VF = 8,
	SEEN_SERIAL = 16,
	SEEN_BOOT = 32,
	SEEN_NET = 64
};

static int bad(struct reader *r, const char *what)
{
	xlpt_diag_set(r->diag, XLPT_ERR_DATA, "%s", what);
	xlpt_diag_at(r->diag, NULL, r->record.line, 0);
	return XLPT_ERR_DATA;
}

/* Takes n hexadecimal digits and the separator after them (0 = the end). */
static bool hex(const char **s, size_t digits, char sep, uint32_t *out)
{
	uint64_t v;

	if (strlen(*s) < digits || !xlpt_parse_uint(*s, digits, 16, UINT32_MAX, &v) ||
	    (*s)[digits] != sep)
		return false;
	*s += digits + (sep != '\0');
	*out = (uint32_t)v;
	return true;
}

/* Each part after the root is two digits, a dot and a function. */
static bool path_ok(const char *s)
{
	uint32_t v;

	if (!xlpt_starts(s, "pci"))
		return false;
	s += 3;
	if (!hex(&s, 4, ':', &v) || strlen(s) < 3 || !isxdigit((unsigned char)s[0]) ||
	    !isxdigit((unsigned char)s[1]))
		return false;
	for (s += 2; *s; s += 5)
		if (s[0] != '/' || strlen(s) < 5 || !isxdigit((unsigned char)s[1]) ||
		    !isxdigit((unsigned char)s[2]) || s[3] != '.' || s[4] < '0' || s[4] > '7')
			return false;
	return true;
}

static int read_id(struct reader *r, const char *s)
{
	uint32_t v[4];

	if (!hex(&s, 4, ':', &v[0]) || !hex(&s, 4, ' ', &v[1]) || !hex(&s, 4, ':', &v[2]) ||
	    !hex(&s, 4, ' ', &v[3]) || !hex(&s, 6, '\0', &r->pin->class_code))
		return bad(r, "\"id\" wants VVVV:DDDD VVVV:DDDD CCCCCC");
	r->pin->vendor = (uint16_t)v[0];
	r->pin->device = (uint16_t)v[1];
	r->pin->subvendor = (uint16_t)v[2];
	r->pin->subdevice = (uint16_t)v[3];
	return 0;
}

static int read_bar(struct reader *r, const char *s)
{
	size_t n = strcspn(s, " "), m;
	uint64_t i, size;
	uint32_t kind;

	if (!xlpt_parse_uint(s, n, 10, XLPT_PIN_BARS - 1, &i) || !s[n])
		return bad(r, "\"bar\" wants a number from 0 to 5, a size and a kind");
	s += n + 1;
	m = strcspn(s, " ");
	if (!xlpt_parse_uint(s, m, 10, UINT64_MAX, &size) || !s[m])
		return bad(r, "\"bar\" wants a size in bytes");
	s += m + 1;
	if (!hex(&s, 8, '\0', &kind) || kind & ~XLPT_PIN_BAR_KIND)
		return bad(r, "\"bar\" wants a kind of eight hexadecimal digits");
	r->pin->bars[i] = (struct xlpt_pin_bar){ .size = size, .kind = kind };
	return 0;
}

static int read_address(struct reader *r, const char *s, struct xlpt_bdf *out)
{
	return xlpt_bdf_from_sysfs_name(s, out) ? 0 : bad(r, "this wants an address, SSSS:BB:DD.F");
}

static int once(struct reader *r, unsigned bit)
{
	if (r->seen & bit)
		return bad(r, "this line is there twice");
	r->seen |= bit;
	return 0;
}

static int read_line(struct reader *r, const char *key, const char *value)
{
	struct xlpt_pin *pin = r->pin;
	uint64_t v;
	int rc;

	if (!strcmp(key, "bar"))
		return read_bar(r, value);
	if (!strcmp(key, "id")) {
		rc = once(r, SEEN_ID);
		return rc ? rc : read_id(r, value);
	}
	if (!strcmp(key, "address")) {
		rc = once(r, SEEN_ADDRESS);
		return rc ? rc : read_address(r, value, &pin->address);
	}
	if (!strcmp(key, "boot")) {
		rc = once(r, SEEN_BOOT);
		pin->at_boot = true;
		return rc ? rc : read_address(r, value, &pin->boot);
	}
	if (!strcmp(key, "vf")) {
		rc = once(r, SEEN_VF);
		if (rc == 0 && !xlpt_parse_uint(value, strlen(value), 10, 0xffff, &v))
			rc = bad(r, "\"vf\" wants an index");
		if (rc == 0)
			pin->vf = (int)v;
		return rc;
	}
	if (!strcmp(key, "net")) {
		rc = once(r, SEEN_NET);
		if (rc == 0)
			pin->net = xlpt_text_decode(xlpt_xstrdup(value));
		return rc;
	}
	if (!strcmp(key, "path")) {
		rc = once(r, SEEN_PATH);
		if (rc == 0 && !path_ok(value))
			rc = bad(r, "\"path\" wants pciSSSS:BB/DD.F/...");
		if (rc == 0)
			pin->path = xlpt_xstrdup(value);
		return rc;
	}
	if (!strcmp(key, "serial")) {
		rc = once(r, SEEN_SERIAL);
		if (rc == 0 && !xlpt_starts(value, "dsn:") && !xlpt_starts(value, "vpd:"))
			rc = bad(r, "\"serial\" begins with dsn: or vpd:");
		for (const char *p = value; rc == 0 && *p; p++)
			if (!isprint((unsigned char)*p))
				rc = bad(r, "\"serial\" has a character that cannot be printed");
		if (rc == 0)
			pin->serial = xlpt_xstrdup(value);
		return rc;
	}
	return bad(r, "no pin has such a line");
}

int xlpt_pin_parse(const char *text, struct xlpt_pin *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct reader r = { .pin = out, .diag = diag };
	int rc = 0;

	*out = (struct xlpt_pin){ .vf = -1 };
	if (!xlpt_record_begin(&r.record, copy, FIRST))
		rc = bad(&r, "this is not a pin's file");
	while (rc == 0 && xlpt_record_next(&r.record))
		rc = r.record.value ? read_line(&r, r.record.key, r.record.value)
				    : bad(&r, "a line without a value");
	if (rc == 0 &&
	    (r.seen & (SEEN_PATH | SEEN_ID | SEEN_ADDRESS)) != (SEEN_PATH | SEEN_ID | SEEN_ADDRESS))
		rc = bad(&r, "path, id or address is missing");
	if (rc)
		xlpt_pin_dispose(out);
	return rc;
}
