/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug ledger, /run/xlpt/ledger. It has what the budget counts, and which guest had each
 * device when xlpt last looked. It belongs to this boot: the first line names the boot, and the
 * ledger of another boot is begun anew. Times are milliseconds of the boot-time clock
 * (CLOCK_BOOTTIME), which setting the time of day does not change.
 *
 * It is text. Each line is one record of XLPT_LEDGER_RECORD bytes with a checksum, and is appended
 * in one write under the ledger's own lock:
 *
 *	KIND     TIME         DEVICE       GUEST      PID      CRC
 *
 * A reservation is written before the hotplug that it is for touches anything. An xlpt that is
 * killed while it writes leaves an incomplete last line: it had not begun its hotplug, so the next
 * writer cuts the line off. When a complete line is damaged, nobody knows what it counted: then
 * nothing is reserved until somebody resets the ledger.
 */
#ifndef XLPT_LEDGER_H
#define XLPT_LEDGER_H

#include "core/budget.h"
#include "xl-plugin/cli/env.h"

#define XLPT_LEDGER_PATH    XLPT_STATE_DIR "/ledger"
#define XLPT_LEDGER_DAMAGED XLPT_LEDGER_PATH ".damaged" /* where a reset puts a damaged ledger */
#define XLPT_LEDGER_RECORD  64
#define XLPT_LEDGER_NOBODY  (-1)

enum xlpt_ledger_kind {
	/* counted; the record's guest is the one that is to have the device afterwards */
	XLPT_LEDGER_ATTACH,
	XLPT_LEDGER_DETACH,
	XLPT_LEDGER_UNDO, /* a failed attach was undone */
	XLPT_LEDGER_REPAIR,
	XLPT_LEDGER_FOREIGN, /* a change by another tool, seen afterwards */
	/* not counted */
	XLPT_LEDGER_OWNER, /* this guest has the device */
	XLPT_LEDGER_LOOK,  /* from here on a device without a record is with nobody */
	XLPT_LEDGER_RESET, /* records before it count no more; GUEST is how many those were */
	XLPT_LEDGER_N_KINDS,
};

struct xlpt_ledger_record {
	enum xlpt_ledger_kind kind;
	int64_t at_ms;
	bool all; /* LOOK, RESET: it is about every device; bdf is not used */
	struct xlpt_bdf bdf;
	int64_t value; /* a domid or XLPT_LEDGER_NOBODY; RESET: a number, -1 = not known */
	int pid;
	bool counts; /* counted, and no reset came after it */
};

/* What the records say of one device's owner. */
struct xlpt_ledger_dev {
	struct xlpt_bdf bdf;
	int64_t owner; /* domid, as last seen or as last made */
	bool pending;  /* a change to expected was reserved, and no record says how it ended */
	int64_t expected;
	int64_t last_ms;	     /* time of its last record */
	size_t owner_at, pending_at; /* number of the record that says so, from 1; 0 = none */
};

struct xlpt_ledger {
	struct xlpt_ledger_record *records;
	size_t n, alloc;
	struct xlpt_ledger_dev *devs;
	size_t n_devs, devs_alloc;
	bool looked; /* it has a LOOK record */
	bool anew;   /* there is no ledger of this boot */
	size_t torn; /* bytes of an incomplete last line */
};

void xlpt_ledger_dispose(struct xlpt_ledger *l);
#define _cleanup_ledger_ XLPT_CLEANUP(xlpt_ledger_dispose)

/* ---- the text (ledger-text.c); no files, no clock ---- */

/* Writes one record into out: newline included, no NUL. */
void xlpt_ledger_format(const struct xlpt_ledger_record *r, char out[XLPT_LEDGER_RECORD]);
/* Writes the first line. boot_id has XLPT_BOOT_ID_LEN characters. */
void xlpt_ledger_format_head(const char *boot_id, char out[XLPT_LEDGER_RECORD]);
/*
 * Reads a whole ledger. DATA with the number of the damaged line; *out has the records before it.
 */
int xlpt_ledger_parse(struct xlpt_ledger *out, const char *text, size_t len, const char *boot_id,
		      struct xlpt_diag *diag);
/* Adds one record to *l, as parsing does. */
void xlpt_ledger_apply(struct xlpt_ledger *l, const struct xlpt_ledger_record *r);
/* What the records say of one device, or NULL. Belongs to l. */
const struct xlpt_ledger_dev *xlpt_ledger_dev(const struct xlpt_ledger *l, struct xlpt_bdf bdf);
/* The records that count, for xlpt_budget_ask. Caller frees. */
struct xlpt_budget_event *xlpt_ledger_events(const struct xlpt_ledger *l, size_t *n);
/*
 * Record i still matters: it counts and is not older than since_ms, or it is the last one about an
 * owner, a LOOK, or one of the last resets.
 */
bool xlpt_ledger_matters(const struct xlpt_ledger *l, size_t i, int64_t since_ms);

/* ---- the file (ledger.c) ---- */

/*
 * Reads the ledger without its lock and mends nothing. A missing one is empty. DATA when it is
 * damaged, IO.
 */
int xlpt_ledger_read(struct xlpt_env *env, struct xlpt_ledger *out, struct xlpt_diag *diag);

struct xlpt_ledger_want {
	enum xlpt_ledger_kind kind;
	struct xlpt_bdf bdf;
	int64_t domid; /* guest that is to have it afterwards, or XLPT_LEDGER_NOBODY */
};

/* How much of a rule is used: by the host, and by the device that has used most. */
struct xlpt_ledger_use {
	struct xlpt_budget_answer host, device;
	struct xlpt_bdf bdf; /* the device that device is about */
	/* milliseconds until there is room for all that is wanted; 0 = there is, -1 = never */
	int64_t next_ms;
	bool host_over, device_over;
};

/* Fills *use: how a reservation of these would end at now_ms. Writes nothing. */
void xlpt_ledger_ask(const struct xlpt_ledger *l, const struct xlpt_budget_rule *rule,
		     int64_t now_ms, const struct xlpt_ledger_want *wants, size_t n,
		     struct xlpt_ledger_use *use);

/*
 * Reserves all of the wants, or none: BUDGET, and then *use says why and diag has no message.
 * After 0, *use includes them. rule NULL: nothing is refused, and *use is not filled. use may be
 * NULL. DATA when the ledger is damaged.
 */
int xlpt_ledger_reserve(struct xlpt_env *env, const struct xlpt_budget_rule *rule,
			const struct xlpt_ledger_want *wants, size_t n, struct xlpt_ledger_use *use,
			struct xlpt_diag *diag);

struct xlpt_ledger_seen {
	struct xlpt_bdf bdf;
	int64_t domid;
};

/*
 * Compares the owners of all devices with the ledger, and counts each change that no reservation
 * explains. A device that is not in seen is with nobody. since_ms: when reading the owners began;
 * a device with a younger record is left to the next look. The first look of a boot counts
 * nothing.
 */
int xlpt_ledger_look(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		     int64_t since_ms, struct xlpt_diag *diag);

/* The same for a ledger in memory: it counts what a look would write now. */
void xlpt_ledger_as_seen(struct xlpt_ledger *l, int64_t now_ms, const struct xlpt_ledger_seen *seen,
			 size_t n);

/* Notes who has the devices now: the reserved changes have ended. */
int xlpt_ledger_settle(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		       struct xlpt_diag *diag);

/*
 * Nothing that was counted for these devices (n = 0: for all) counts any more; the reset itself is
 * recorded. *forgotten: how many records that were. A damaged ledger can only be reset for all
 * devices: it is put aside as XLPT_LEDGER_DAMAGED and begun anew, and *forgotten is -1.
 */
int xlpt_ledger_reset(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		      int64_t *forgotten, struct xlpt_diag *diag);

#endif
