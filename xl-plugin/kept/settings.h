/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's settings: /etc/xlpt/xlpt.conf and the files of xlpt.conf.d beside it. Each line is
 * "key = value"; '#' begins a comment. A later file replaces what an earlier one said; to a list
 * it adds. Everything has a default, so no file need be there. A key that is not known, or that
 * one file has twice (except lists), is an error: a setting that protects a host must not be lost
 * to a typing error. xlpt.conf(5) has all keys.
 */
#ifndef XLPT_SETTINGS_H
#define XLPT_SETTINGS_H

#include "core/bdf.h"
#include "core/budget.h"
#include "core/conf.h"
#include "core/host.h"

#define XLPT_SETTINGS_PATH    "/etc/xlpt/xlpt.conf"
#define XLPT_SETTINGS_DIR     "/etc/xlpt/xlpt.conf.d" /* files *.conf in it, sorted by name */
#define XLPT_RESTART_GRACE_MS 120000		      /* default of restart-grace */

/* host-sleep: what happens to the devices of guests when this host is to sleep. */
enum xlpt_sleep_how { XLPT_SLEEP_REFUSE, XLPT_SLEEP_REATTACH, XLPT_SLEEP_ALLOW };

/* Owns its lists. Every list is NULL-terminated, or NULL. */
struct xlpt_settings {
	struct xlpt_budget_rule budget; /* hotplug-limit, hotplug-device-limit, hotplug-window */
	char **allow_split;		/* addresses or "pin:NAME": their isolation sets may be
					   divided; NULL-terminated, or NULL */
	bool reset_required; /* no guest gets a device that cannot be reset, except these */
	char **reset_exempt; /* addresses or "pin:NAME", as in allow_split */
	enum xlpt_sleep_how host_sleep;
	/* milliseconds that a guest without a domain may take to have one again */
	int64_t restart_grace_ms;
};

void xlpt_settings_dispose(struct xlpt_settings *s);
#define _cleanup_settings_ XLPT_CLEANUP(xlpt_settings_dispose)

void xlpt_settings_init(struct xlpt_settings *s); /* the defaults */

/*
 * Reads text[0..len) into *s, which must not own anything. file names the text in a diagnosis.
 * After SYNTAX *s has the defaults.
 */
int xlpt_settings_parse(struct xlpt_settings *s, const char *text, size_t len, const char *file,
			struct xlpt_diag *diag);

/* Judges whether a file may say key = value. SYNTAX with the place of c's line. */
int xlpt_settings_judge(struct xlpt_conf *c, const char *key, const char *value);
/* The key may stand in several lines: it is a list. */
bool xlpt_settings_many(const char *key);

/* Parses "refuse", "reattach" or "allow"; false for another word. */
bool xlpt_sleep_how_parse(const char *word, enum xlpt_sleep_how *out);

/*
 * Reads the files of this host into *s, which must not own anything. Without files it has the
 * defaults. SYNTAX, IO; then, too, it has the defaults.
 */
int xlpt_settings_read(struct xlpt_host *h, struct xlpt_settings *s, struct xlpt_diag *diag);

#endif
