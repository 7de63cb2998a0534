/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of everything: the commands of all rooms, and what rooms below have to know of rooms
 * above them without including anything of theirs.
 */
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/pool/pools.h"
#include "xl-plugin/repair/contradictions.h"
#include "xl-plugin/start/start.h"
#include "xl-plugin/vf/vf.h"

extern const struct xlpt_command xlpt_cmd_list;
extern const struct xlpt_command xlpt_cmd_show;
extern const struct xlpt_command xlpt_cmd_find;
extern const struct xlpt_command xlpt_cmd_topology;
extern const struct xlpt_command xlpt_cmd_hide;
extern const struct xlpt_command xlpt_cmd_unhide;
extern const struct xlpt_command xlpt_cmd_reset;
extern const struct xlpt_command xlpt_cmd_attach;
extern const struct xlpt_command xlpt_cmd_detach;
extern const struct xlpt_command xlpt_cmd_start;
extern const struct xlpt_command xlpt_cmd_wait;
extern const struct xlpt_command xlpt_cmd_check;
extern const struct xlpt_command xlpt_cmd_status;
extern const struct xlpt_command xlpt_cmd_repair;
extern const struct xlpt_command xlpt_cmd_doctor;
extern const struct xlpt_command xlpt_cmd_budget;
extern const struct xlpt_command xlpt_cmd_boot;
extern const struct xlpt_command xlpt_cmd_guard;
extern const struct xlpt_command xlpt_cmd_vf;
extern const struct xlpt_command xlpt_cmd_pool;
extern const struct xlpt_command xlpt_cmd_pin;
extern const struct xlpt_command xlpt_cmd_apply;
extern const struct xlpt_command xlpt_cmd_capture;
extern const struct xlpt_command xlpt_cmd_convert;
extern const struct xlpt_command xlpt_cmd_save;
extern const struct xlpt_command xlpt_cmd_restore;
extern const struct xlpt_command xlpt_cmd_migrate;
extern const struct xlpt_command xlpt_cmd_sleep;
extern const struct xlpt_command xlpt_cmd_batch;
extern const struct xlpt_command xlpt_cmd_monitor;

/* clang-format off */
static const struct xlpt_command *const commands[] = {
	&xlpt_cmd_list,
	&xlpt_cmd_show,
	&xlpt_cmd_find,
	&xlpt_cmd_topology,
	&xlpt_cmd_hide,
	&xlpt_cmd_unhide,
	&xlpt_cmd_reset,
	&xlpt_cmd_attach,
	&xlpt_cmd_detach,
	&xlpt_cmd_start,
	&xlpt_cmd_wait,
	&xlpt_cmd_check,
	&xlpt_cmd_status,
	&xlpt_cmd_repair,
	&xlpt_cmd_budget,
	&xlpt_cmd_boot,
	&xlpt_cmd_guard,
	&xlpt_cmd_vf,
	&xlpt_cmd_pool,
	&xlpt_cmd_pin,
	&xlpt_cmd_apply,
	&xlpt_cmd_capture,
	&xlpt_cmd_convert,
	&xlpt_cmd_save,
	&xlpt_cmd_restore,
	&xlpt_cmd_migrate,
	&xlpt_cmd_sleep,
	&xlpt_cmd_doctor,
	&xlpt_cmd_monitor,
	&xlpt_cmd_batch,
	&xlpt_cmd_complete,
	NULL,
};
/* clang-format on */

/* A name that is no command is passed over. */
static const struct xlpt_group groups[] = {
	{ "Look", "list find show topology status budget check doctor monitor capture" },
	{ "Give devices and take them back", "attach detach hide unhide reset start wait" },
	{ "At boot", "boot pin apply" },
	{ "Virtual functions", "vf pool" },
	{ "Move guests", "save restore migrate sleep guard" },
	{ "Mend", "repair" },
	{ "Convert", "convert" },
	{ "For programs", "batch" },
	{ NULL, NULL },
};

static const struct xlpt_words words[] = {
	{ "pins", xlpt_pins_list },
	{ "pools", xlpt_pool_names },
	{ "things", xlpt_resolve_things },
	{ "names", xlpt_resolve_names },
	{ "kinds", xlpt_contradiction_names },
	{ NULL, NULL },
};

const struct xlpt_program xlpt_program = {
	.commands = commands,
	.groups = groups,
	.before = xlpt_journal_warn,
	.device = xlpt_args_device,
	.words = words,
};

/* clang-format off */
const struct xlpt_mender *const xlpt_menders[] = {
	&xlpt_mender_attach,
	&xlpt_mender_detach,
	&xlpt_mender_hide,
	&xlpt_mender_unhide,
	&xlpt_mender_reset,
	&xlpt_mender_start,
	&xlpt_mender_vf_set,
	&xlpt_mender_vf_count,
	&xlpt_mender_leave,
	&xlpt_mender_files,
	&xlpt_mender_apply,
	NULL,
};
/* clang-format on */

xlpt_pool_taker *const xlpt_take_from_pool = xlpt_pool_take;
