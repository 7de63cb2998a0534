/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /etc/xlpt/host.conf as text: what this host should be. It has sections, each with a kind and
 * (most of them) a name, and in each section lines "key = value" (core/conf.h). xlpt-host.conf(5)
 * describes all of them.
 *
 * Only the files themselves are read here; nothing of the host is looked at.
 */
#ifndef XLPT_HOST_CONF_H
#define XLPT_HOST_CONF_H

#include "core/bdf.h"
#include "core/conf.h"
#include "core/diag.h"
#include "xl-plugin/cli/env.h"

#define XLPT_HOST_CONF	   "/etc/xlpt/host.conf"
#define XLPT_HOST_CONF_DIR "/etc/xlpt/host.conf.d" /* files *.conf in it, sorted by name */

/* The kinds of sections, in the order in which they are judged. */
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
	unsigned line; /* line in the entry's file, from 1 */
};

struct xlpt_entry {
	enum xlpt_entry_kind kind;
	char *name; /* the word behind the kind, or NULL */
	char *file;
	unsigned line;
	struct xlpt_entry_key *keys;
	size_t n_keys, alloc_keys;
	struct xlpt_str text; /* pool: its lines, each at the line number that it has in the file */
	unsigned text_lines;  /* pool: how many lines text has */

	/* filled by judging (apply.h) */
	struct xlpt_bdf *devices;
	size_t n, alloc;
	char *pin;	      /* name of the pin that its device is known by, or NULL */
	char *was, *is;	      /* in words; both the same when nothing is to be done */
	char *sentence;	      /* printed instead of was and is, or NULL */
	bool changes, reboot; /* something is to be done; the next boot finishes it */
	bool late;	      /* pin: of a virtual function that does not exist; judged again */
};

struct xlpt_host_conf {
	struct xlpt_entry *items;
	size_t n, alloc;
};

void xlpt_host_conf_dispose(struct xlpt_host_conf *conf);
#define _cleanup_host_conf_ XLPT_CLEANUP(xlpt_host_conf_dispose)

/* Everything that is wrong, not only the first. Owns the diagnoses. */
struct xlpt_errors {
	struct xlpt_diag *items;
	size_t n, alloc;
};

void xlpt_errors_dispose(struct xlpt_errors *errors);
#define _cleanup_errors_ XLPT_CLEANUP(xlpt_errors_dispose)
/*
 * Moves *diag into errors, unless the same is there. A diagnosis without a place gets that of the
 * entry e (NULL: none).
 */
void xlpt_errors_add(struct xlpt_errors *errors, const struct xlpt_entry *e,
		     struct xlpt_diag *diag);

/* The last value of a key, or NULL. Belongs to the entry. */
const char *xlpt_entry_get(const struct xlpt_entry *e, const char *key);
/* The line of that key, or of the section itself when the entry does not have the key. */
unsigned xlpt_entry_line(const struct xlpt_entry *e, const char *key);
/* "hide nic0". Caller frees. */
char *xlpt_entry_title(const struct xlpt_entry *e);
/*
 * How many devices the entry means: the number of words, or for a match its count (1 when it has
 * none).
 */
size_t xlpt_entry_count(const struct xlpt_entry *e);
/* The entry describes its devices (id, serial number, ...) and does not name them. */
bool xlpt_entry_matches(const struct xlpt_entry *e);
/* The entry says this word in "at": "boot" or "now". */
bool xlpt_entry_at(const struct xlpt_entry *e, const char *when);
/*
 * The words by which the entry names its devices, in one line. An entry with the same words means
 * the same devices as at an earlier apply. Caller frees.
 */
char *xlpt_entry_words(const struct xlpt_entry *e);

/*
 * Judges whether the key of c's line may stand in the entry with this value. *key is the name
 * under which it is kept, not owned. SYNTAX with the place of c's line.
 */
int xlpt_entry_check(struct xlpt_conf *c, const struct xlpt_entry *e, const char *value,
		     const char **key);

/*
 * Adds the entries of text[0..len) to out. Each wrong line adds an error to errors, and reading
 * goes on. file names the text in messages.
 */
void xlpt_host_conf_parse(const char *text, size_t len, const char *file,
			  struct xlpt_host_conf *out, struct xlpt_errors *errors);
/*
 * Reads path alone ("-" is standard input), or with NULL the files of this host. NOT_FOUND when
 * there is none, IO when one cannot be read. What is wrong inside a file is among errors, and 0
 * comes back.
 */
int xlpt_host_conf_load(struct xlpt_env *env, const char *path, struct xlpt_host_conf *out,
			struct xlpt_errors *errors, struct xlpt_diag *diag);

/* Parses a device's id as entries write it: "8086:1572", or "8086:*" (*any is true). */
bool xlpt_match_id(const char *text, uint16_t *vendor, uint16_t *device, bool *any);

#endif
