/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's settings, /etc/xlpt/xlpt.conf and the files of xlpt.conf.d beside it:
 * lines "key = value", '#' begins a comment. A later file has the last word, and adds to lists. Everything has a default, so the file need not be there. A key that
 * is not known, or is given twice (lists may be), is an error like any other:
 * a setting that protects a host must not be lost to a slip of the pen.
 */
#ifndef XLPT_SETTINGS_H
#define XLPT_SETTINGS_H

#include "core/bdf.h"
#include "core/budget.h"
#include "core/conf.h"
#include "core/host.h"

#define XLPT_SETTINGS_PATH    "/etc/xlpt/xlpt.conf"
#define XLPT_SETTINGS_DIR     "/etc/xlpt/xlpt.conf.d" /* read by name, *.conf alone */
#define XLPT_RESTART_GRACE_MS 120000

/* What becomes of this host's sleep while guests have devices. */
enum xlpt_sleep_how { XLPT_SLEEP_REFUSE, XLPT_SLEEP_REATTACH, XLPT_SLEEP_ALLOW };

struct xlpt_settings {
	struct xlpt_budget_rule budget; /* hotplug-limit, hotplug-device-limit, hotplug-window */
	char **allow_split;		/* addresses or "pin:NAME": their isolation sets may be
					   divided; NULL-terminated, or NULL */
	bool reset_required;		/* no guest gets a device that cannot be reset ... */
	char **reset_exempt;		/* ... but these, as allow_split has them */
	enum xlpt_sleep_how host_sleep;
	int64_t restart_grace_ms; /* how long a guest without domain may take to have one again */
};

void xlpt_settings_dispose(struct xlpt_settings *s);
#define _cleanup_settings_ XLPT_CLEANUP(xlpt_settings_dispose)

void xlpt_settings_init(struct xlpt_settings *s); /* the defaults */

/* What s held is not given back before. Reads text[0..len). file names it in a diagnosis. XLPT_ERR_SYNTAX leaves the defaults in *s. */
int xlpt_settings_parse(struct xlpt_settings *s, const char *text, size_t len, const char *file,
			struct xlpt_diag *diag);

/* Whether a file may say key = value; wrong is told at the place of c's line. */
int xlpt_settings_judge(struct xlpt_conf *c, const char *key, const char *value);
/* It may stand in several lines. */
bool xlpt_settings_many(const char *key);

/* "refuse" "reattach" "allow" */
bool xlpt_sleep_how_parse(const char *word, enum xlpt_sleep_how *out);

/* The files of this host. None gives the defaults. */
int xlpt_settings_read(struct xlpt_host *h, struct xlpt_settings *s, struct xlpt_diag *diag);

#endif
