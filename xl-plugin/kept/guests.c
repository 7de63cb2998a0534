/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a file: lines of words, encoded.
 *
 *	xlpt-guest 1
 *	uuid 4a1f...
 *	name web1
 *	domid 20
 *	again 4			bits, 1 << enum xlpt_guest_end; not there = not known
 *	end reboot
 *	monitor 812 123456	process, and when it began
 *	dying 98700
 *	gone 98765
 *	device 0000:01:10.0	one line for each
 */
#include "xl-plugin/kept/guests.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/record.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"

#define FIRST	"xlpt-guest 1"
#define MAX	(64 * 1024)
#define MAX_DEV 1024

void xlpt_known_dispose(struct xlpt_known *k)
{
	free(k->name);
	free(k->devs);
	*k = (struct xlpt_known){ 0 };
}

void xlpt_knowns_dispose(struct xlpt_knowns *all)
{
	for (size_t i = 0; i < all->n; i++)
		xlpt_known_dispose(&all->items[i]);
	free(all->items);
	*all = (struct xlpt_knowns){ 0 };
}

struct xlpt_known *xlpt_knowns_find(const struct xlpt_knowns *all, const char *uuid)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->items[i].uuid, uuid))
			return &all->items[i];
	return NULL;
}

bool xlpt_known_has(const struct xlpt_known *k, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < k->n; i++)
		if (xlpt_bdf_eq(k->devs[i], bdf))
			return true;
	return false;
}

void xlpt_known_format(const struct xlpt_known *k, struct xlpt_str *out)
{
	xlpt_str_addf(out, FIRST "\nuuid %s\n", k->uuid);
	xlpt_record_add(out, "name", k->name);
	xlpt_str_addf(out, "domid %u\n", k->domid);
	if (k->again_known)
		xlpt_str_addf(out, "again %u\n", k->again);
	if (k->end)
		xlpt_str_addf(out, "end %s\n", xlpt_guest_end_word(k->end));
	if (k->monitor.pid)
		xlpt_str_addf(out, "monitor %lld %llu\n", k->monitor.pid,
			      (unsigned long long)k->monitor.start);
	if (k->dying)
		xlpt_str_addf(out, "dying %lld\n", (long long)k->dying);
	if (k->gone)
		xlpt_str_addf(out, "gone %lld\n", (long long)k->gone);
	for (size_t i = 0; i < k->n; i++)
		xlpt_str_addf(out, "device %s\n", XLPT_BDF_STR(k->devs[i]));
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	return xlpt_parse_uint(text, strlen(text), 10, max, out);
}

static bool parse_monitor(struct xlpt_known *k, char *text)
{
	char *start = strchr(text, ' ');
	uint64_t pid;

	if (!start)
		return false;
	*start++ = '\0';
	if (!number(text, INT32_MAX, &pid) || !number(start, UINT64_MAX, &k->monitor.start))
		return false;
	k->monitor.pid = (long long)pid;
	return true;
}

static bool parse_end(struct xlpt_known *k, const char *text)
{
	for (int e = XLPT_END_POWEROFF; e < XLPT_END_N; e++)
		if (!strcmp(text, xlpt_guest_end_word((enum xlpt_guest_end)e)))
			k->end = (enum xlpt_guest_end)e;
	return k->end != XLPT_END_UNKNOWN;
}

static bool parse_device(struct xlpt_known *k, const char *text)
{
	struct xlpt_bdf bdf;

	if (k->n == MAX_DEV || !xlpt_bdf_from_sysfs_name(text, &bdf))
		return false;
	XLPT_GROW(k->devs, k->n, k->alloc);
	k->devs[k->n++] = bdf;
	return true;
}

static bool parse_line(struct xlpt_known *k, const char *key, char *v)
{
	uint64_t n = 0;

	if (!strcmp(key, "uuid")) {
		snprintf(k->uuid, sizeof(k->uuid), "%s", v);
		return strlen(v) == 36 && strspn(v, "0123456789abcdef-") == 36;
	}
	if (!strcmp(key, "name") && !k->name) {
		k->name = xlpt_xstrdup(v);
	} else if (!strcmp(key, "domid")) {
		if (!number(v, UINT32_MAX, &n))
			return false;
		k->domid = (uint32_t)n;
	} else if (!strcmp(key, "again")) {
		k->again_known = number(v, (1U << XLPT_END_N) - 1, &n);
		k->again = (unsigned)n;
		return k->again_known;
	} else if (!strcmp(key, "gone") || !strcmp(key, "dying")) {
		if (!number(v, INT64_MAX, &n))
			return false;
		*(*key == 'g' ? &k->gone : &k->dying) = (int64_t)n;
	} else if (!strcmp(key, "end")) {
		return parse_end(k, v);
	} else if (!strcmp(key, "monitor")) {
		return parse_monitor(k, v);
	} else if (!strcmp(key, "device")) {
		return parse_device(k, v);
	}
	return true;
}

bool xlpt_known_parse(struct xlpt_known *k, char *text)
{
	struct xlpt_record r = { .encoded = true };
	bool ok = xlpt_record_begin(&r, text, FIRST);

	while (ok && xlpt_record_next(&r))
		ok = r.value && parse_line(k, r.key, r.value);
	return ok && *k->uuid && k->name;
}

static char *path_of(const char *uuid)
{
	return xlpt_xasprintf(XLPT_GUESTS_DIR "/%s", uuid);
}

void xlpt_knowns_read(struct xlpt_env *env, struct xlpt_knowns *out)
{
	_cleanup_strv_ char **names = NULL;

	*out = (struct xlpt_knowns){ 0 };
	if (env->sysroot || xlpt_host_list(env->host, &names, XLPT_GUESTS_DIR))
		return;
	for (char **p = names; *p; p++) {
		_cleanup_free_ char *path = path_of(*p);
		_cleanup_str_ struct xlpt_str text = { 0 };
		struct xlpt_known k = { 0 };

		if (**p == '.' || xlpt_file_read(env->host, path, MAX, &text) || !text.len ||
		    !xlpt_known_parse(&k, text.s) || strcmp(k.uuid, *p) != 0) {
			xlpt_known_dispose(&k);
			continue;
		}
		XLPT_GROW(out->items, out->n, out->alloc);
		k.stored = true;
		out->items[out->n++] = k;
	}
}

void xlpt_known_write(struct xlpt_env *env, const struct xlpt_known *k)
{
	_cleanup_free_ char *path = path_of(k->uuid);
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r;

	if (env->dry_run || env->sysroot)
		return;
	xlpt_known_format(k, &text);
	r = xlpt_file_private_dir(env->host, XLPT_GUESTS_DIR);
	/* The file does not outlive this boot, so nobody waits until it is on the disk. */
	if (r == 0)
		r = xlpt_file_replace(env->host, path, xlpt_str_get(&text), text.len,
				      &(struct xlpt_file_how){ .mode = 0600, .lazy = true });
	if (r < 0)
		xlpt_verbose(env, "cannot write %s: %s", path, xlpt_strerror(r));
}

void xlpt_known_forget(struct xlpt_env *env, const char *uuid)
{
	_cleanup_free_ char *path = path_of(uuid);

	if (!env->dry_run && !env->sysroot)
		env->host->ops->unlink(env->host, path);
}
