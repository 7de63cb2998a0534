/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/spec.h"

#include <ctype.h>
#include <string.h>

/* Ours; libxl has no limit but that of a xenstore value (Xen 4.15 and later). */
#define NAME_MAX_LEN 64

struct reader {
	const char *text;
	struct xlpt_diag *diag;
	bool xl; /* only what xl reads */
	unsigned seen_vf;
};

void xlpt_spec_init(struct xlpt_spec *spec)
{
	*spec = (struct xlpt_spec){ .vslot = -1 };
}

void xlpt_spec_dispose(struct xlpt_spec *spec)
{
	free(spec->name);
	free(spec->pool);
	free(spec->pin);
	xlpt_spec_init(spec);
}

void xlpt_spec_leave_pool(struct xlpt_spec *spec)
{
	free(spec->pool);
	spec->pool = NULL;
}

void xlpt_spec_copy(struct xlpt_spec *dst, const struct xlpt_spec *src)
{
	*dst = *src;
	dst->name = xlpt_xstrdup(src->name);
	dst->pool = xlpt_xstrdup(src->pool);
	dst->pin = xlpt_xstrdup(src->pin);
}

static int XLPT_PRINTF(3, 4) bad(struct reader *r, const char *at, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	unsigned column = (unsigned)(at - r->text) + 1;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(r->diag, XLPT_ERR_SYNTAX, "%s: column %u: %s", r->text, column, what);
	xlpt_diag_at(r->diag, NULL, 0, column);
	xlpt_diag_hint(r->diag, "a device is written [SSSS:]BB:DD.F[@SLOT][,KEY=VALUE...], e.g. "
				"0000:09:00.0,permissive=1");
	return XLPT_ERR_SYNTAX;
}

static int parse_address(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *copy = xlpt_xstrndup(s, n);

	out->all_funcs = false;
	if (n >= 2 && copy[n - 2] == '.' && copy[n - 1] == '*') {
		out->all_funcs = true;
		copy[n - 1] = '0';
	}
	if (xlpt_bdf_parse(copy, n, &out->bdf, &diag)) {
		const char *msg = strstr(diag.message, ": ");
		const char *in = strstr(diag.message, " in \"");
		size_t len;

		msg = msg ? msg + 2 : diag.message;
		len = in && in > msg ? (size_t)(in - msg) : strlen(msg);
		bad(r, s + diag.column - 1, "%.*s", (int)len, msg);
		if (diag.fact)
			xlpt_diag_fact(r->diag, "%s", diag.fact);
		xlpt_diag_hint(r->diag, "%s", diag.hint);
		return XLPT_ERR_SYNTAX;
	}
	out->has_bdf = true;
	return 0;
}

/* Of a pool or pin: these become file names below /var/lib/xlpt. */
static int parse_file_name(struct reader *r, const char *s, size_t n, const char *what, char **out)
{
	_cleanup_free_ char *name = xlpt_xstrndup(s, n);

	if (n == 0 || n > NAME_MAX_LEN)
		return bad(r, s, "a name has 1 to %d characters", NAME_MAX_LEN);
	for (char *p = name; *p; p++)
		if (!isgraph((unsigned char)*p) || *p == '/' || (*p == '.' && p == name))
			return bad(
				r, s + (p - name),
				"a %s's name has printable characters without '/', and no '.' first",
				what);
	if (xlpt_bdf_shaped(name))
		return bad(r, s, "%s is an address, never a name", name);
	*out = XLPT_TAKE(name);
	return 0;
}

/* "pool:lan", "pin:nic0" */
static int parse_place(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	bool pool = xlpt_starts(s, "pool:");
	size_t skip = pool ? strlen("pool:") : strlen("pin:");

	return parse_file_name(r, s + skip, n - skip, pool ? "pool" : "pin",
			       pool ? &out->pool : &out->pin);
}

static int parse_slot(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	uint64_t v;

	if (n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		bad(r, s, "the guest slot is written in hexadecimal without 0x");
		return XLPT_ERR_SYNTAX;
	}
	if (!xlpt_parse_uint(s, n, 16, UINT32_MAX, &v))
		return bad(r, s, "guest slot \"%.*s\" is not a hexadecimal number", (int)n, s);
	if (v > 0x1f) {
		bad(r, s, "guest slot 0x%llx is out of range (0-1f)", (unsigned long long)v);
		xlpt_diag_hint(r->diag, "write a slot from 0 to 1f in hexadecimal");
		return XLPT_ERR_SYNTAX;
	}
	out->vslot = (int)v;
	return 0;
}

static int parse_bool(struct reader *r, const char *key, const char *s, size_t n,
		      enum xlpt_tri *out)
{
	if (n == 1 && (*s == '0' || *s == '1')) {
		*out = *s == '1' ? XLPT_ON : XLPT_OFF;
		return 0;
	}
	bad(r, s, "%s must be 0 or 1, not \"%.*s\"", key, (int)n, s);
	xlpt_diag_fact(r->diag,
		       "xl itself reads such a value as a number, so that \"yes\" means 0");
	xlpt_diag_hint(r->diag, "write %s=1 or %s=0", key, key);
	return XLPT_ERR_SYNTAX;
}

static int parse_name(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	if (n == 0 || n > NAME_MAX_LEN)
		return bad(r, s, "a name has 1 to %d characters", NAME_MAX_LEN);
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)s[i]))
			return bad(r, s + i, "a name has printable characters only");
	out->name = xlpt_xstrndup(s, n);
	return 0;
}

static int parse_rdm(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	if (n == 6 && !strncmp(s, "strict", n))
		out->rdm_policy = XLPT_RDM_STRICT;
	else if (n == 7 && !strncmp(s, "relaxed", n))
		out->rdm_policy = XLPT_RDM_RELAXED;
	else
		return bad(r, s, "rdm_policy must be strict or relaxed, not \"%.*s\"", (int)n, s);
	return 0;
}

enum key {
	KEY_BDF,
	KEY_VSLOT,
	KEY_NAME,
	KEY_PERMISSIVE,
	KEY_MSITRANSLATE,
	KEY_SEIZE,
	KEY_POWER_MGMT,
	KEY_RDM,
	KEY_POOL,
	N_KEYS,
	N_XL_KEYS = KEY_POOL,
	KEY_PLACE = N_KEYS /* pool: or pin: stands first */
};

static const char *const key_names[N_KEYS] = { "bdf",	     "vslot",	     "name",
					       "permissive", "msitranslate", "seize",
					       "power_mgmt", "rdm_policy",   "pool" };

static int parse_identity(struct reader *r, const char *s, size_t n, struct xlpt_spec *out)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (!xlpt_vfid_parse(&out->vf, &r->seen_vf, s, n, &diag))
		return 0;
	bad(r, s + diag.column - 1, "%s", diag.message);
	xlpt_diag_hint(r->diag, "%s", diag.hint);
	return XLPT_ERR_SYNTAX;
}

static int parse_item(struct reader *r, const char *s, size_t n, unsigned *seen,
		      struct xlpt_spec *out)
{
	const char *eq = memchr(s, '=', n), *value;
	size_t klen, vlen;
	int key, keys = r->xl ? N_XL_KEYS : N_KEYS;

	if (n == 0)
		return bad(r, s, "expected key=value");
	if (!eq)
		return bad(r, s, "\"%.*s\" is not key=value", (int)n, s);
	if (!r->xl && xlpt_vfid_knows(s, n))
		return parse_identity(r, s, n, out);
	klen = (size_t)(eq - s);
	value = eq + 1;
	vlen = n - klen - 1;
	for (key = 0; key < keys; key++)
		if (strlen(key_names[key]) == klen && !strncmp(key_names[key], s, klen))
			break;
	if (key == keys) {
		bad(r, s, "unknown key \"%.*s\"", (int)klen, s);
		xlpt_diag_hint(r->diag,
			       "keys are bdf, vslot, name, permissive, msitranslate, seize, "
			       "power_mgmt, rdm_policy (xl-pci-configuration(5))%s",
			       r->xl ? ""
				     : ", and for a VF pool, mac, vlan, trust, spoofchk, link and "
				       "more (xlpt-vf(8))");
		return XLPT_ERR_SYNTAX;
	}
	if (*seen & 1u << key)
		return bad(r, s, "%s is given twice", key_names[key]);
	if (*seen & 1u << KEY_PLACE && (key == KEY_BDF || key == KEY_NAME || key == KEY_POOL))
		return bad(r, s, "%s excludes %s", key_names[key], out->pool ? "pool:" : "pin:");
	*seen |= 1u << key;
	if (*seen & 1u << KEY_NAME && *seen & (1u << KEY_BDF | 1u << KEY_POOL))
		return bad(r, s, "%s and name exclude each other",
			   *seen & 1u << KEY_BDF ? "bdf" : "pool");

	switch (key) {
	case KEY_BDF:
		return parse_address(r, value, vlen, out);
	case KEY_VSLOT:
		return parse_slot(r, value, vlen, out);
	case KEY_NAME:
		return parse_name(r, value, vlen, out);
	case KEY_PERMISSIVE:
		return parse_bool(r, "permissive", value, vlen, &out->permissive);
	case KEY_MSITRANSLATE:
		return parse_bool(r, "msitranslate", value, vlen, &out->msitranslate);
	case KEY_SEIZE:
		return parse_bool(r, "seize", value, vlen, &out->seize);
	case KEY_POWER_MGMT:
		return parse_bool(r, "power_mgmt", value, vlen, &out->power_mgmt);
	case KEY_POOL:
		return parse_file_name(r, value, vlen, "pool", &out->pool);
	default:
		return parse_rdm(r, value, vlen, out);
	}
}

static int parse_positional(struct reader *r, const char *s, size_t n, unsigned *seen,
			    struct xlpt_spec *out)
{
	const char *at = memchr(s, '@', n);
	size_t blen = at ? (size_t)(at - s) : n;
	bool named = !r->xl && (xlpt_starts(s, "pool:") || xlpt_starts(s, "pin:"));
	int rc = named ? parse_place(r, s, blen, out) : parse_address(r, s, blen, out);

	if (rc)
		return rc;
	*seen |= 1u << (named ? KEY_PLACE : KEY_BDF);
	if (at) {
		*seen |= 1u << KEY_VSLOT;
		return parse_slot(r, at + 1, n - blen - 1, out);
	}
	return 0;
}

static int parse_all(struct reader *r, struct xlpt_spec *out)
{
	const char *s = r->text;
	unsigned seen = 0;
	bool first = true;
	int rc;

	if (!*s)
		return bad(r, s, "empty");
	for (;;) {
		size_t n = strcspn(s, ",");

		if (first && !memchr(s, '=', n))
			rc = parse_positional(r, s, n, &seen, out);
		else
			rc = parse_item(r, s, n, &seen, out);
		if (rc)
			return rc;
		first = false;
		s += n;
		if (!*s)
			break;
		s++;
	}
	if (!out->has_bdf && !out->name && !(seen & 1u << KEY_PLACE))
		return bad(r, r->text, "neither an address nor a name");
	if (out->all_funcs && out->pool)
		return bad(r, r->text, "a pool gives out single functions");
	return 0;
}

/* What the keys of an identity get wrong together, told at the first of them. */
static int check_identity(struct reader *r, const struct xlpt_spec *spec)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	const char *at = strchr(r->text, ',');

	if (!xlpt_vfid_check(&spec->vf, &diag))
		return 0;
	bad(r, at ? at + 1 : r->text, "%s", diag.message);
	xlpt_diag_hint(r->diag, "%s", diag.hint);
	return XLPT_ERR_SYNTAX;
}

static int parse(struct reader *r, struct xlpt_spec *out)
{
	int rc;

	xlpt_spec_init(out);
	rc = parse_all(r, out);
	if (rc == 0)
		rc = check_identity(r, out);
	if (rc == 0 && out->all_funcs && !xlpt_vfid_is_empty(&out->vf))
		rc = bad(r, r->text, "one identity is given for every function of a slot");
	if (rc)
		xlpt_spec_dispose(out);
	return rc;
}

int xlpt_spec_parse(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag)
{
	struct reader r = { .text = text, .diag = diag };

	return parse(&r, out);
}

int xlpt_spec_parse_xl(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag)
{
	struct reader r = { .text = text, .diag = diag, .xl = true };

	return parse(&r, out);
}

static void add_tri(struct xlpt_str *s, const char *key, enum xlpt_tri v)
{
	if (v != XLPT_UNSET)
		xlpt_str_addf(s, ",%s=%d", key, v == XLPT_ON);
}

char *xlpt_spec_where(const struct xlpt_spec *spec)
{
	char *s;

	if (spec->name)
		return xlpt_xasprintf("name=%s", spec->name);
	if (!spec->has_bdf && (spec->pool || spec->pin))
		return xlpt_xasprintf("%s:%s", spec->pool ? "pool" : "pin",
				      spec->pool ? spec->pool : spec->pin);
	s = xlpt_xstrdup(XLPT_BDF_STR(spec->bdf));
	if (spec->all_funcs)
		s[strlen(s) - 1] = '*';
	return s;
}

char *xlpt_spec_format(const struct xlpt_spec *spec)
{
	_cleanup_free_ char *where = xlpt_spec_where(spec);
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, where);
	if (spec->vslot >= 0)
		xlpt_str_addf(&s, "%s%x", spec->name ? ",vslot=" : "@", (unsigned)spec->vslot);
	add_tri(&s, "permissive", spec->permissive);
	add_tri(&s, "msitranslate", spec->msitranslate);
	add_tri(&s, "seize", spec->seize);
	add_tri(&s, "power_mgmt", spec->power_mgmt);
	if (spec->rdm_policy != XLPT_RDM_UNSET)
		xlpt_str_addf(&s, ",rdm_policy=%s",
			      spec->rdm_policy == XLPT_RDM_STRICT ? "strict" : "relaxed");
	if (spec->has_bdf && spec->pool)
		xlpt_str_addf(&s, ",pool=%s", spec->pool);
	xlpt_vfid_format(&spec->vf, ',', &s);
	return xlpt_str_take(&s);
}
