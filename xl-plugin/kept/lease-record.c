/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a lease: lines of words, filled with newlines up to XLPT_LEASE_RECORD bytes.
 *
 *	xlpt-lease 1
 *	device 0000:01:10.0
 *	pool lan
 *	guest 3 4a1f... web1			("-" for what is not known)
 *	boot 9e1b...
 *	since 1700000000
 *	until 123456
 *	back host
 *	mac 00:16:3e:12:34:56
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/record.h"
#include "core/vfid.h"
#include "xl-plugin/kept/leases.h"

#define FIRST	   "xlpt-lease 1"
#define NAME_SHOWN 256 /* characters of the guest's name; its UUID is what counts */

void xlpt_lease_format(const struct xlpt_lease *l, char record[XLPT_LEASE_RECORD])
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	_cleanup_free_ char *name = xlpt_xstrndup(l->guest, NAME_SHOWN);

	/* A guest's name may have any character; a newline would end the line. */
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	xlpt_str_addf(&s, FIRST "\ndevice %s\npool %s\n", XLPT_BDF_STR(l->bdf), l->pool);
	if (l->domid < 0)
		xlpt_str_add(&s, "guest -");
	else
		xlpt_str_addf(&s, "guest %lld", (long long)l->domid);
	xlpt_str_addf(&s, " %s %s\nboot %s\nsince %lld\n", *l->uuid ? l->uuid : "-", name, l->boot,
		      (long long)l->since);
	if (l->until)
		xlpt_str_addf(&s, "until %lld\n", (long long)l->until);
	if (l->to_host)
		xlpt_str_add(&s, "back host\n");
	if (l->has_mac)
		xlpt_str_addf(&s, "mac %s\n", XLPT_MAC_STR(l->mac));
	memset(record, '\n', XLPT_LEASE_RECORD);
	memcpy(record, s.s, s.len < XLPT_LEASE_RECORD ? s.len : XLPT_LEASE_RECORD);
}

static bool parse_guest(struct xlpt_lease *l, char *text)
{
	char *save = NULL, *domid = strtok_r(text, " ", &save), *uuid = strtok_r(NULL, " ", &save);
	uint64_t v;

	/* A guest may have an empty name; the blank before it is there. */
	if (!uuid || save == uuid + strlen(uuid) || strlen(uuid) >= sizeof(l->uuid))
		return false;
	l->domid = -1;
	if (strcmp(domid, "-")) {
		if (!xlpt_parse_uint(domid, strlen(domid), 10, UINT32_MAX, &v))
			return false;
		l->domid = (int64_t)v;
	}
	snprintf(l->uuid, sizeof(l->uuid), "%s", strcmp(uuid, "-") ? uuid : "");
	free(l->guest);
	l->guest = xlpt_xstrdup(save);
	return true;
}

static bool parse_time(const char *text, int64_t *out)
{
	uint64_t v;

	if (!xlpt_parse_uint(text, strlen(text), 10, INT64_MAX, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

bool xlpt_lease_parse(struct xlpt_lease *l, char *text)
{
	struct xlpt_record r = { 0 };
	struct xlpt_bdf bdf;
	bool device = false, ok = xlpt_record_begin(&r, text, FIRST);

	while (ok && xlpt_record_next(&r)) {
		char *v = r.value;

		if (!v)
			return false;
		if (!strcmp(r.key, "device"))
			ok = device = xlpt_bdf_from_sysfs_name(v, &bdf) && xlpt_bdf_eq(bdf, l->bdf);
		else if (!strcmp(r.key, "pool") && !l->pool)
			l->pool = xlpt_xstrdup(v);
		else if (!strcmp(r.key, "guest"))
			ok = parse_guest(l, v);
		else if (!strcmp(r.key, "boot"))
			snprintf(l->boot, sizeof(l->boot), "%s", v);
		else if (!strcmp(r.key, "since"))
			ok = parse_time(v, &l->since);
		else if (!strcmp(r.key, "until"))
			ok = parse_time(v, &l->until);
		else if (!strcmp(r.key, "back"))
			l->to_host = !strcmp(v, "host");
		else if (!strcmp(r.key, "mac"))
			ok = l->has_mac = xlpt_mac_parse(v, l->mac);
	}
	return ok && device && l->pool && l->guest && *l->boot;
}

int xlpt_lease_write(int fd, const struct xlpt_lease *lease)
{
	char record[XLPT_LEASE_RECORD];
	ssize_t r;

	xlpt_lease_format(lease, record);
	r = pwrite(fd, record, sizeof(record), 0);
	if (r != (ssize_t)sizeof(record))
		return r < 0 ? -errno : -ENOSPC;
	return fdatasync(fd) && errno != EINVAL ? -errno : 0;
}

bool xlpt_lease_is(int fd, const struct xlpt_lease *lease)
{
	char record[XLPT_LEASE_RECORD], there[XLPT_LEASE_RECORD];

	xlpt_lease_format(lease, record);
	return pread(fd, there, sizeof(there), 0) == (ssize_t)sizeof(there) &&
	       !memcmp(there, record, sizeof(there));
}
