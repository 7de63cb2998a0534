/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of the file, encoded:
 *
 *	xlpt-macs 1
 *	mac 00:16:3e:12:34:56 4a1f... 0 lan web1		address, UUID, which, pool, name
 */
#include "xl-plugin/kept/macs.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/record.h"
#include "core/text.h"
#include "core/vfid.h"

#define FIRST	 "xlpt-macs 1"
#define MAX	 (1024 * 1024)
#define MAX_MACS 4096 /* then the oldest is dropped for a new one */

static void mac_dispose(struct xlpt_mac *m)
{
	free(m->pool);
	free(m->name);
}

void xlpt_macs_dispose(struct xlpt_macs *all)
{
	for (size_t i = 0; i < all->n; i++)
		mac_dispose(&all->items[i]);
	free(all->items);
	*all = (struct xlpt_macs){ 0 };
}

void xlpt_macs_format(const struct xlpt_macs *all, struct xlpt_str *out)
{
	xlpt_str_add(out, FIRST "\n");
	for (size_t i = 0; i < all->n; i++) {
		const struct xlpt_mac *m = &all->items[i];
		_cleanup_free_ char *line = xlpt_xasprintf("%s %s %u %s %s", XLPT_MAC_STR(m->mac),
							   m->uuid, m->nth, m->pool, m->name);

		xlpt_record_add(out, "mac", line);
	}
}

static bool parse_line(struct xlpt_macs *all, char *text)
{
	char *save = NULL, *mac = strtok_r(text, " ", &save), *uuid = strtok_r(NULL, " ", &save),
	     *nth = strtok_r(NULL, " ", &save), *pool = strtok_r(NULL, " ", &save);
	struct xlpt_mac m = { 0 };
	uint64_t v;

	/* A guest may have an empty name; the blank before it is there. */
	if (!pool || save == pool + strlen(pool) || !xlpt_mac_parse(mac, m.mac) ||
	    strlen(uuid) != 36 || strspn(uuid, "0123456789abcdef-") != 36 ||
	    !xlpt_parse_uint(nth, strlen(nth), 10, 65535, &v) || all->n == MAX_MACS)
		return false;
	snprintf(m.uuid, sizeof(m.uuid), "%s", uuid);
	m.nth = (unsigned)v;
	m.pool = xlpt_xstrdup(pool);
	m.name = xlpt_xstrdup(save);
	XLPT_GROW(all->items, all->n, all->alloc);
	all->items[all->n++] = m;
	return true;
}

bool xlpt_macs_parse(struct xlpt_macs *all, char *text)
{
	struct xlpt_record r = { .encoded = true };
	bool ok = xlpt_record_begin(&r, text, FIRST);

	while (ok && xlpt_record_next(&r))
		ok = r.value && !strcmp(r.key, "mac") && parse_line(all, r.value);
	return ok;
}

int xlpt_macs_read(struct xlpt_env *env, struct xlpt_macs *out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(env->host, XLPT_MACS_PATH, MAX, &text);

	*out = (struct xlpt_macs){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r == 0 && text.len && xlpt_macs_parse(out, text.s))
		return 0;
	xlpt_macs_dispose(out);
	if (r < 0)
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read " XLPT_MACS_PATH);
	else
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      XLPT_MACS_PATH " is not what xlpt keeps MAC addresses in");
	xlpt_diag_hint(diag, "name an address (mac=); or move the file away, and guests that name "
			     "none get new ones");
	return r < 0 ? XLPT_ERR_IO : XLPT_ERR_DATA;
}

int xlpt_macs_write(struct xlpt_env *env, const struct xlpt_macs *all, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_private_dir(env->host, "/var/lib/xlpt");

	xlpt_macs_format(all, &text);
	if (r == 0)
		r = xlpt_file_replace(env->host, XLPT_MACS_PATH, xlpt_str_get(&text), text.len,
				      &(struct xlpt_file_how){ .mode = 0600 });
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write " XLPT_MACS_PATH);
	xlpt_diag_hint(diag, "run xlpt as root, and make room there");
	return XLPT_ERR_IO;
}

/* ---- which address is whose ---- */

static bool runs_as_another(const struct xlpt_mac *m, const char *uuid,
			    const struct xlpt_guest *guests, size_t n)
{
	return strcmp(m->uuid, uuid) != 0 && xlpt_guests_find(guests, n, m->uuid);
}

static struct xlpt_mac *find(struct xlpt_macs *all, const struct xlpt_guest *guest,
			     const char *pool, unsigned nth, const struct xlpt_guest *guests,
			     size_t n)
{
	struct xlpt_mac *by_name = NULL;

	for (size_t i = 0; i < all->n; i++) {
		struct xlpt_mac *m = &all->items[i];

		if (m->nth != nth || strcmp(m->pool, pool) != 0)
			continue;
		if (!strcmp(m->uuid, guest->uuid))
			return m;
		if (!strcmp(m->name, guest->name) && !runs_as_another(m, guest->uuid, guests, n))
			by_name = m;
	}
	return by_name;
}

static bool taken(const struct xlpt_macs *all, const uint8_t mac[6])
{
	for (size_t i = 0; i < all->n; i++)
		if (!memcmp(all->items[i].mac, mac, 6))
			return true;
	return false;
}

/* Made of the guest's UUID, which is random itself (FNV-1a), in the range that libxl uses. */
static void make(const struct xlpt_macs *all, const char *uuid, const char *pool, unsigned nth,
		 uint8_t mac[6])
{
	for (unsigned turn = 0;; turn++) {
		_cleanup_free_ char *seed = xlpt_xasprintf("%s %s %u %u", uuid, pool, nth, turn);
		uint64_t h = 0xcbf29ce484222325u;

		for (const char *c = seed; *c; c++)
			h = (h ^ (uint8_t)*c) * 0x100000001b3u;
		h ^= h >> 32;
		memcpy(mac,
		       (uint8_t[6]){ 0x00, 0x16, 0x3e, h >> 16 & 0x7f, h >> 8 & 0xff, h & 0xff },
		       6);
		if (!taken(all, mac))
			return;
	}
}

static void drop_first(struct xlpt_macs *all)
{
	mac_dispose(&all->items[0]);
	memmove(all->items, all->items + 1, --all->n * sizeof(*all->items));
}

const struct xlpt_mac *xlpt_macs_of(struct xlpt_macs *all, const struct xlpt_guest *guest,
				    const char *pool, unsigned nth, const struct xlpt_guest *guests,
				    size_t n)
{
	struct xlpt_mac *m = find(all, guest, pool, nth, guests, n);

	if (!m) {
		if (all->n == MAX_MACS)
			drop_first(all);
		XLPT_GROW(all->items, all->n, all->alloc);
		m = &all->items[all->n];
		*m = (struct xlpt_mac){ .nth = nth, .pool = xlpt_xstrdup(pool) };
		make(all, guest->uuid, pool, nth, m->mac);
		all->n++;
	}
	if (!m->name || strcmp(m->name, guest->name) != 0 || strcmp(m->uuid, guest->uuid) != 0) {
		free(m->name);
		m->name = xlpt_xstrdup(guest->name);
		snprintf(m->uuid, sizeof(m->uuid), "%s", guest->uuid);
		all->changed = true;
	}
	return m;
}
