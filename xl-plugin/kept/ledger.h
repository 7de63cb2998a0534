/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug ledger, /run/xlpt/ledger: what the budget counts, and which guest
 * had each device when xlpt last looked. It belongs to this boot (the first
 * line names it; another boot's ledger is begun anew) and its times are those of
 * the boot-time clock, which a clock step does not move.
 *
 * It is text, one record of XLPT_LEDGER_RECORD bytes on each line, with a
 * checksum, appended in one write under a lock of its own:
 *
 *	KIND     TIME         DEVICE       GUEST      PID      CRC
 *
 * A reservation is written before the hotplug it is for touches anything. Who
 * is killed while writing leaves a last line that is not whole: he was never
 * told to go on, so that the next writer cuts it off. A whole line that is
 * damaged is another matter, nobody knows what it counted: then nothing is
 * reserved until somebody resets the ledger.
 */
#ifndef XLPT_LEDGER_H
#define XLPT_LEDGER_H

#include "core/budget.h"
#include "xl-plugin/cli/env.h"

#define XLPT_LEDGER_PATH    XLPT_STATE_DIR "/ledger"
#define XLPT_LEDGER_DAMAGED XLPT_LEDGER_PATH ".damaged" /* what a reset puts aside */
#define XLPT_LEDGER_RECORD  64
#define XLPT_LEDGER_NOBODY  (-1)

enum xlpt_ledger_kind {
	/* counted; the guest is the one that is to have the device afterwards */
	XLPT_LEDGER_ATTACH,
	XLPT_LEDGER_DETACH,
	XLPT_LEDGER_UNDO, /* an attach that failed, taken back */
	XLPT_LEDGER_REPAIR,
	XLPT_LEDGER_FOREIGN, /* another tool's, seen afterwards */
	/* not counted */
	XLPT_LEDGER_OWNER, /* the guest that has the device */
	XLPT_LEDGER_LOOK,  /* from here on a device without a record is with nobody */
	XLPT_LEDGER_RESET, /* what stands before it counts no more; GUEST is how much that was */
	XLPT_LEDGER_N_KINDS,
};

struct xlpt_ledger_record {
	enum xlpt_ledger_kind kind;
	int64_t at_ms;
	bool all; /* LOOK, RESET: every device, bdf is not used */
	struct xlpt_bdf bdf;
	int64_t value; /* a domid or XLPT_LEDGER_NOBODY; RESET: a number, -1 = not known */
	int pid;
	bool counts; /* counted, and no reset came after it */
};

/* What the records say of one device's owner. */
struct xlpt_ledger_dev {
	struct xlpt_bdf bdf;
	int64_t owner; /* as last seen or made so */
	bool pending;  /* a change to `expected` was reserved and nobody said how it ended */
	int64_t expected;
	int64_t last_ms;	     /* of its last record */
	size_t owner_at, pending_at; /* records that say so, from 1; 0 = none does */
};

struct xlpt_ledger {
	struct xlpt_ledger_record *records;
	size_t n, alloc;
	struct xlpt_ledger_dev *devs;
	size_t n_devs, devs_alloc;
	bool looked;
	bool anew;   /* no ledger of this boot: nothing was ever written */
	size_t torn; /* bytes of a last line that is not whole */
};

void xlpt_ledger_dispose(struct xlpt_ledger *l);
#define _cleanup_ledger_ XLPT_CLEANUP(xlpt_ledger_dispose)

/* ---- the text (ledger-text.c); pure ---- */

/* One record, newline included, not terminated. */
void xlpt_ledger_format(const struct xlpt_ledger_record *r, char out[XLPT_LEDGER_RECORD]);
/* The first line. boot_id has XLPT_BOOT_ID_LEN characters. */
void xlpt_ledger_format_head(const char *boot_id, char out[XLPT_LEDGER_RECORD]);
/*
 * Reads a whole file. XLPT_ERR_DATA for a damaged line, whose number and that of
 * the records before it (in *out) are told.
 */
int xlpt_ledger_parse(struct xlpt_ledger *out, const char *text, size_t len, const char *boot_id,
		      struct xlpt_diag *diag);
/* Adds a record as parsing does. */
void xlpt_ledger_apply(struct xlpt_ledger *l, const struct xlpt_ledger_record *r);
const struct xlpt_ledger_dev *xlpt_ledger_dev(const struct xlpt_ledger *l, struct xlpt_bdf bdf);
/* What counts, for xlpt_budget_ask. Caller frees. */
struct xlpt_budget_event *xlpt_ledger_events(const struct xlpt_ledger *l, size_t *n);
/*
 * Whether record i says anything that still matters: counts since `since`, is
 * the last word on an owner, a look or one of the last resets.
 */
bool xlpt_ledger_matters(const struct xlpt_ledger *l, size_t i, int64_t since_ms);

/* ---- the file (ledger.c) ---- */

/* As it is now, without the lock and without mending anything; a missing one is empty. */
int xlpt_ledger_read(struct xlpt_env *env, struct xlpt_ledger *out, struct xlpt_diag *diag);

struct xlpt_ledger_want {
	enum xlpt_ledger_kind kind;
	struct xlpt_bdf bdf;
	int64_t domid; /* who is to have it afterwards */
};

/* How much of a rule was used, by the host and by the device that has used most of it. */
struct xlpt_ledger_use {
	struct xlpt_budget_answer host, device;
	struct xlpt_bdf bdf; /* of device */
	int64_t next_ms;     /* until all that is wanted is free; 0 = now, -1 = never */
	bool host_over, device_over;
};

/* How a reservation would end now. */
void xlpt_ledger_ask(const struct xlpt_ledger *l, const struct xlpt_budget_rule *rule,
		     int64_t now_ms, const struct xlpt_ledger_want *wants, size_t n,
		     struct xlpt_ledger_use *use);

/*
 * Writes all of the wants, or none: XLPT_ERR_BUDGET without a message, *use
 * says why. After 0 *use tells how much is used with them. With a NULL rule
 * nothing is refused, and use is not filled. use may be NULL.
 */
int xlpt_ledger_reserve(struct xlpt_env *env, const struct xlpt_budget_rule *rule,
			const struct xlpt_ledger_want *wants, size_t n, struct xlpt_ledger_use *use,
			struct xlpt_diag *diag);

struct xlpt_ledger_seen {
	struct xlpt_bdf bdf;
	int64_t domid;
};

/*
 * Compares the owners of all devices (those not among seen are with nobody) with
 * what the ledger knows, and counts each change that no reservation explains.
 * since_ms: when reading them began; a device with a younger record is left to
 * the next look. The first look of a boot counts nothing.
 */
int xlpt_ledger_look(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		     int64_t since_ms, struct xlpt_diag *diag);

/* The same for a ledger that was only read: it counts what a look would have written now. */
void xlpt_ledger_as_seen(struct xlpt_ledger *l, int64_t now_ms, const struct xlpt_ledger_seen *seen,
			 size_t n);

/* Notes who has the devices now: a reserved change has come to its end. */
int xlpt_ledger_settle(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		       struct xlpt_diag *diag);

/*
 * Nothing of what was counted for these devices (n = 0: for all) counts any
 * more; the reset itself is recorded. *forgotten: how many, -1 when the ledger
 * was damaged. That is put aside under XLPT_LEDGER_DAMAGED and begun anew, for n = 0 alone.
 */
int xlpt_ledger_reset(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		      int64_t *forgotten, struct xlpt_diag *diag);

#endif
