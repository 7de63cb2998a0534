/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug budget: what an operation reserves in the ledger (kept/ledger.h), and what it does
 * when the budget is used up (core/budget.h). Times are milliseconds.
 */
#ifndef XLPT_HOTPLUG_BUDGET_H
#define XLPT_HOTPLUG_BUDGET_H

#include "xl-plugin/hotplug/operation.h"

/*
 * Reads the host's settings into op->settings, before anything is touched. SYNTAX when xlpt.conf
 * is wrong; an operation that goes over the budget (op->over_budget) uses the defaults instead, so
 * that a wrong file cannot keep a device with a guest that hangs.
 */
int xlpt_budget_settings(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Compares who has which device (owners) with the ledger and counts the changes that other tools
 * made. since_ms: the time at which reading the owners began. An error is only warned of.
 */
void xlpt_budget_look(struct xlpt_env *env, const struct xlpt_owners *owners, int64_t since_ms);
/*
 * Reserves one hotplug for each device that has something to do, or none at all: then BUDGET, and
 * op->budget_next_ms says how long to wait. With op->over_budget it counts and does not refuse. A
 * dry run asks the ledger and writes nothing. Operations other than "attach" and "detach" cost
 * nothing.
 */
int xlpt_budget_reserve(struct xlpt_op *op, const char *name, struct xlpt_diag *diag);
/*
 * For an operation that detaches all devices of op one by one, as a part of something else: BUDGET when
 * there is no room for all of them now. Nothing is reserved.
 */
int xlpt_budget_room(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Notes in the ledger that the operation (name) has ended, so that its changes are not taken for
 * those of another tool.
 */
void xlpt_budget_settle(struct xlpt_op *op, const char *name);
/*
 * xlpt_release; when the guest has the device, one hotplug more is counted (kind: XLPT_LEDGER_UNDO
 * or XLPT_LEDGER_REPAIR).
 */
int xlpt_budget_release(struct xlpt_env *env, enum xlpt_ledger_kind kind, uint32_t domid,
			struct xlpt_bdf bdf, bool force, int64_t timeout_ms,
			struct xlpt_diag *diag);
/*
 * For --wait: waits ms milliseconds and shows how much is left. STOPPED when a signal comes.
 * The caller must hold no lock.
 */
int xlpt_budget_wait(struct xlpt_env *env, int64_t ms, struct xlpt_diag *diag);

#endif
