/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hotplug budget: what an operation reserves in the ledger, and what it makes of that. */
#ifndef XLPT_HOTPLUG_BUDGET_H
#define XLPT_HOTPLUG_BUDGET_H

#include "xl-plugin/hotplug/operation.h"

/* Before anything is touched: the host's settings. A forced detach does with the defaults. */
int xlpt_budget_settings(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Counts what the owners say other tools did since the last look. since_ms: when
 * reading them began. What cannot be counted does not stop the caller.
 */
void xlpt_budget_look(struct xlpt_env *env, const struct xlpt_owners *owners, int64_t since_ms);
/*
 * Reserves one hotplug for each device of the operation that has something to
 * do, or none: XLPT_ERR_BUDGET, op->budget_next_ms. A forced one is counted and
 * not refused. A dry run asks and writes nothing. Other operations than attach
 * and detach cost nothing.
 */
int xlpt_budget_reserve(struct xlpt_op *op, const char *name, struct xlpt_diag *diag);
/* The operation was done: its devices are where it put them. */
void xlpt_budget_settle(struct xlpt_op *op, const char *name);
/* xlpt_release, and one more counted (kind: UNDO or REPAIR) when the guest has the device. */
int xlpt_budget_release(struct xlpt_env *env, enum xlpt_ledger_kind kind, uint32_t domid,
			struct xlpt_bdf bdf, bool force, int64_t timeout_ms,
			struct xlpt_diag *diag);
/* For --wait: with a countdown, until ms have gone by or a signal comes. Hold no lock. */
int xlpt_budget_wait(struct xlpt_env *env, int64_t ms, struct xlpt_diag *diag);

#endif
