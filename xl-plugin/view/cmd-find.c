/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* find: which PCI function is behind a name that something has on this host. */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"

struct find {
	struct xlpt_env *env;
	struct xlpt_table *table;
	struct json_object *found, *missing;
};

/* "Intel Corporation 82576", or the numbers. Caller frees. */
static char *name_of(const struct xlpt_device *d)
{
	if (!d->vendor_name || !d->device_name)
		return xlpt_xasprintf("%04x:%04x", d->vendor, d->device);
	return xlpt_xasprintf("%s %s", d->vendor_name, d->device_name);
}

static const char *kind_of(const struct xlpt_thing *t)
{
	return t->kind ? xlpt_thing_word(t->kind) : t->what;
}

static void tell(struct find *f, const char *word, const struct xlpt_thing *t)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	struct json_object *o = json_object_new_object();
	_cleanup_free_ char *name = NULL;

	/* Gone since: its address is still the answer. */
	if (xlpt_scan_one(f->env->host, t->bdf, XLPT_SCAN_BRIEF | XLPT_SCAN_NAMES, f->env->pci_ids,
			  &dev, NULL) == 0)
		name = name_of(&dev);
	xlpt_table_row(f->table, (const char *const[]){ XLPT_BDF_STR(t->bdf), word, t->what,
							dev.driver, name });
	xlpt_json_add(o, "word", xlpt_json_str(word));
	xlpt_json_add(o, "bdf", xlpt_json_bdf(t->bdf));
	xlpt_json_add(o, "kind", xlpt_json_str(kind_of(t)));
	xlpt_json_add(o, "name", xlpt_json_str(t->name));
	xlpt_json_add(o, "what", xlpt_json_str(t->what));
	xlpt_json_add(o, "driver", xlpt_json_str(dev.driver));
	xlpt_json_add(o, "vendor_name", xlpt_json_str(dev.vendor_name));
	xlpt_json_add(o, "device_name", xlpt_json_str(dev.device_name));
	json_object_array_add(f->found, o);
}

static void tell_missing(struct find *f, const char *word, const struct xlpt_diag *why)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "word", xlpt_json_str(word));
	xlpt_json_add(o, "message", xlpt_json_str(why->message));
	xlpt_json_add(o, "fact", xlpt_json_str(why->fact));
	xlpt_json_add(o, "hint", xlpt_json_str(why->hint));
	json_object_array_add(f->missing, o);
}

/* One word; the first failure of all words is kept in diag, the others are told at once. */
static int find_word(struct find *f, const char *word, struct xlpt_diag *diag)
{
	_cleanup_things_ struct xlpt_things things = { 0 };
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	int rc = xlpt_resolve_all(f->env, word, &things, &why);

	for (size_t i = 0; i < things.n; i++)
		tell(f, word, &things.items[i]);
	if (!rc)
		return 0;
	tell_missing(f, word, &why);
	if (diag->code)
		xlpt_warn(f->env, "%s%s%s", why.message, why.fact ? ": " : "",
			  why.fact ? why.fact : "");
	else
		xlpt_diag_move(diag, &why);
	return rc;
}

static int cmd_find(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const heads[] = { "DEVICE", "WORD", "IS", "DRIVER", "NAME" };
	struct find f = { .env = env };
	struct json_object *root;
	int rc = 0;

	f.table = xlpt_table_new(heads, XLPT_ARRAY_SIZE(heads));
	f.found = json_object_new_array();
	f.missing = json_object_new_array();
	for (size_t i = 0; i < args->n; i++) {
		int one = find_word(&f, args->pos[i], diag);

		rc = rc ? rc : one;
	}
	root = json_object_new_object();
	xlpt_json_add(root, "found", f.found);
	xlpt_json_add(root, "missing", f.missing);
	if (env->json) {
		env->reported = rc != 0;
		xlpt_print_json(env, root);
		xlpt_table_free(f.table);
	} else {
		json_object_put(root);
		xlpt_table_print(env, f.table);
	}
	return rc;
}

const struct xlpt_command xlpt_cmd_find = {
	.name = "find",
	.synopsis = "WORD...",
	.help = "Find the device behind an interface, a disk, a mount point, a USB device",
	.details =
		"WORD is what it is called: eth0, a MAC address, /dev/nvme0n1, /home, 1-2 or 046d:c31c\n"
		"(USB), HDMI-A-1, card0, ttyS4, a slot's or the firmware's label, keyboard, swap, an\n"
		"address, pin:NAME. net:, mac:, disk:, mount:, usb:, input:, display:, sound:, tty:\n"
		"and slot: in front of it look for nothing else. Exit status 0 means that each word\n"
		"was found; what a bond, a bridge, LVM or a RAID is made of is listed one by one.",
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.run = cmd_find,
};
