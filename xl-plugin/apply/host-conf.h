/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /etc/xlpt/host.conf: what this host should be, as text. Sections with a kind and, most of them, a
 * name; in each "key = value" lines (core/conf.h). xlpt-host.conf(5) has all of them.
 *
 * Pure but for reading the files: nothing of the host is looked at here.
 */
#ifndef XLPT_HOST_CONF_H
#define XLPT_HOST_CONF_H

#include "core/bdf.h"
#include "core/conf.h"
#include "core/diag.h"
#include "xl-plugin/cli/env.h"

#define XLPT_HOST_CONF	   "/etc/xlpt/host.conf"
#define XLPT_HOST_CONF_DIR "/etc/xlpt/host.conf.d" /* read by name, *.conf alone */

/* In the order in which they are judged. */
enum xlpt_entry_kind {
	XLPT_ENTRY_PIN,
	XLPT_ENTRY_VFS,
	XLPT_ENTRY_HIDE,
	XLPT_ENTRY_SPLIT,
	XLPT_ENTRY_SETTINGS,
	XLPT_ENTRY_POOL,
	XLPT_ENTRY_GUARD,
	XLPT_ENTRY_KINDS,
};

const char *xlpt_entry_word(enum xlpt_entry_kind kind); /* "pin" "vfs" "hide" "allow-split" ... */

bool xlpt_entry_is_named(enum xlpt_entry_kind kind);

struct xlpt_entry_key {
	char *key, *value;
	unsigned line;
};

struct xlpt_entry {
	enum xlpt_entry_kind kind;
	char *name; /* behind the kind, or NULL */
	char *file;
	unsigned line;
	struct xlpt_entry_key *keys;
	size_t n_keys, alloc_keys;
	struct xlpt_str text; /* pool: its lines, each at its number in the file ... */
	unsigned text_lines;  /* ... and how many those are */

	/* what judging found (apply.h) */
	struct xlpt_bdf *devices;
	size_t n, alloc;
	char *pin;	/* its device is the one of this pin, or NULL */
	char *was, *is; /* in words; the same when nothing is to be done */
	bool changes, reboot;
};

struct xlpt_host_conf {
	struct xlpt_entry *items;
	size_t n, alloc;
};

void xlpt_host_conf_dispose(struct xlpt_host_conf *conf);
#define _cleanup_host_conf_ XLPT_CLEANUP(xlpt_host_conf_dispose)

/* All that is wrong with something, not only the first. */
struct xlpt_errors {
	struct xlpt_diag *items;
	size_t n, alloc;
};

void xlpt_errors_dispose(struct xlpt_errors *errors);
#define _cleanup_errors_ XLPT_CLEANUP(xlpt_errors_dispose)
/* Moves diag there; with entry it gets the place of that one, unless it has one. */
void xlpt_errors_add(struct xlpt_errors *errors, const struct xlpt_entry *e,
		     struct xlpt_diag *diag);

/* The last value of a key, or NULL. */
const char *xlpt_entry_get(const struct xlpt_entry *e, const char *key);
unsigned xlpt_entry_line(const struct xlpt_entry *e, const char *key);
/* "hide nic0" */
char *xlpt_entry_title(const struct xlpt_entry *e);
/* How many devices it names; with a match, what count says. */
size_t xlpt_entry_count(const struct xlpt_entry *e);
/* It names them by what they are like. */
bool xlpt_entry_matches(const struct xlpt_entry *e);
/* at = boot, at = now. */
bool xlpt_entry_at(const struct xlpt_entry *e, const char *when);
/* The words by which it names devices, in one line: what an earlier apply is compared with. */
char *xlpt_entry_words(const struct xlpt_entry *e);

/* The line's key and value fit the entry; *key is what the key is kept by. SYNTAX at c's line. */
int xlpt_entry_check(struct xlpt_conf *c, const struct xlpt_entry *e, const char *value,
		     const char **key);

/* Adds the entries of one text; what is wrong goes to errors, and reading goes on. */
void xlpt_host_conf_parse(const char *text, size_t len, const char *file,
			  struct xlpt_host_conf *out, struct xlpt_errors *errors);
/*
 * path: that file alone, "-" is standard input; NULL: those of this host. NOT_FOUND when there is
 * none; an error in what is read is among errors.
 */
int xlpt_host_conf_load(struct xlpt_env *env, const char *path, struct xlpt_host_conf *out,
			struct xlpt_errors *errors, struct xlpt_diag *diag);

/* "8086:1572", "8086:*": of a device's id. */
bool xlpt_match_id(const char *text, uint16_t *vendor, uint16_t *device, bool *any);

#endif
