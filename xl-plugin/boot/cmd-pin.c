/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/policy.h"
#include "core/text.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/kept/resolve.h"

/* ---- what a pin is ---- */

struct view {
	const char *name;
	const struct xlpt_pin *pin;
	bool found;
	struct xlpt_pin_match match;
	char *alike;
	struct xlpt_diag no; /* why it was not found */
};

static void look(const struct xlpt_pin_set *set, struct view *v)
{
	v->found = xlpt_pin_find(v->pin, v->name, set->items, set->n, &v->match, &v->no) == 0;
	v->alike = xlpt_pin_alike(v->pin, set->items, set->n);
}

static const char *word(const struct view *v)
{
	if (!v->found)
		return v->no.code == XLPT_ERR_NO_DEVICE ? "absent" : "refused";
	return v->match.other_slot ? "other slot" : v->match.moved ? "moved" : "in place";
}

static struct json_object *json(const struct view *v)
{
	const struct xlpt_pin *p = v->pin;
	struct json_object *o = json_object_new_object(), *bars = json_object_new_array();
	_cleanup_free_ char *place = xlpt_pin_place(p);

	xlpt_json_add(o, "name", xlpt_json_str(v->name));
	xlpt_json_add(o, "state", xlpt_json_str(word(v)));
	xlpt_json_add(o, "bdf", v->found ? xlpt_json_bdf(v->match.bdf) : NULL);
	xlpt_json_add(o, "pinned_at", xlpt_json_bdf(p->address));
	xlpt_json_add(o, "place", xlpt_json_str(place));
	xlpt_json_add(o, "id", xlpt_json_id(p->vendor, p->device));
	xlpt_json_add(o, "subsystem", xlpt_json_id(p->subvendor, p->subdevice));
	xlpt_json_add(o, "class", xlpt_json_class(p->class_code));
	xlpt_json_add(o, "serial", xlpt_json_str(p->serial));
	for (size_t i = 0; i < XLPT_PIN_BARS; i++)
		if (p->bars[i].size)
			json_object_array_add(bars, xlpt_json_bar((int)i, p->bars[i].size));
	xlpt_json_add(o, "bars", bars);
	xlpt_json_add(o, "boot", p->at_boot ? xlpt_json_bdf(p->boot) : NULL);
	xlpt_json_add(o, "alike", xlpt_json_str(v->alike));
	xlpt_json_add(o, "problem", xlpt_json_str(v->no.message));
	xlpt_json_add(o, "fact", xlpt_json_str(v->no.fact));
	return o;
}

static void print_one(struct xlpt_env *env, const struct view *v)
{
	const struct xlpt_pin *p = v->pin;
	_cleanup_free_ char *place = xlpt_pin_place(p);

	xlpt_say(env, "pin:%s", v->name);
	if (v->found)
		xlpt_say(env, "  is        %s, %s", XLPT_BDF_STR(v->match.bdf), word(v));
	else
		xlpt_say(env, "  is        %s: %s", word(v),
			 v->no.fact ? v->no.fact : v->no.message);
	xlpt_say(env, "  pinned at %s", XLPT_BDF_STR(p->address));
	xlpt_say(env, "  place     %s", place);
	xlpt_say(env, "  id        %04x:%04x, subsystem %04x:%04x, class %06x", p->vendor,
		 p->device, p->subvendor, p->subdevice, p->class_code);
	xlpt_say(env, "  serial    %s", p->serial ? p->serial : "none");
	for (size_t i = 0; i < XLPT_PIN_BARS; i++)
		if (p->bars[i].size)
			xlpt_say(env, "  BAR %zu     %llu bytes%s", i,
				 (unsigned long long)p->bars[i].size,
				 p->bars[i].kind & 0x100 ? ", I/O" : "");
	if (p->at_boot)
		xlpt_say(env, "  boot      hidden at boot as %s", XLPT_BDF_STR(p->boot));
	if (v->alike)
		xlpt_say(env,
			 "  alike     %s: without a serial number only the place tells them apart",
			 v->alike);
}

static int view_one(struct xlpt_env *env, const char *name, struct json_object *array,
		    struct xlpt_table *t, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	_cleanup_free_ char *place = NULL;
	struct view v = { .name = name, .pin = &pin };
	int rc = xlpt_pin_load(env, name, &pin, diag);

	if (rc == 0)
		rc = xlpt_pin_set_read(env, pin.vendor, pin.device, &set, diag);
	if (rc)
		return rc;
	look(&set, &v);
	place = xlpt_pin_place(&pin);
	if (env->json)
		json_object_array_add(array, json(&v));
	else if (t)
		xlpt_table_row(t, (const char *const[]){ name,
							 v.found ? XLPT_BDF_STR(v.match.bdf) : NULL,
							 word(&v), pin.serial, place });
	else
		print_one(env, &v);
	free(v.alike);
	xlpt_diag_dispose(&v.no);
	return 0;
}

static int view(struct xlpt_env *env, char **names, bool table, struct xlpt_diag *diag)
{
	static const char *const columns[] = { "PIN", "DEVICE", "STATE", "SERIAL", "PLACE" };
	struct json_object *root = json_object_new_object(), *a = json_object_new_array();
	struct xlpt_table *t =
		table && !env->json ? xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns)) : NULL;
	int rc = 0;

	xlpt_json_add(root, "pins", a);
	for (char **p = names; rc == 0 && *p; p++)
		rc = view_one(env, *p, a, t, diag);
	if (t)
		xlpt_table_print(env, t);
	if (rc == 0 && env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	return rc;
}

static int list(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pins_list(env, &names, diag);

	if (rc == 0 && !*names)
		xlpt_nothing(env, "this host has no pins", "xlpt pin NAME BDF");
	return rc ? rc : view(env, names, true, diag);
}

/* ---- making and removing ---- */

static int not_a_bridge(struct xlpt_bdf bdf, const struct xlpt_pin *pin, struct xlpt_diag *diag)
{
	if (pin->class_code >> 8 != 0x0604)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_ENDPOINT, "%s is a bridge, not an endpoint",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "its class is %06x", pin->class_code);
	xlpt_diag_hint(diag, "pin the functions behind it");
	return XLPT_ERR_NOT_ENDPOINT;
}

/* The id has to be known before VPD is read of those that have it. */
static int read_function(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_pin_set *set,
			 const struct xlpt_pin **found, struct xlpt_diag *diag)
{
	uint16_t vendor = 0xffff, device = 0xffff;

	for (int round = 0; round < 2; round++) {
		int rc;

		xlpt_pin_set_dispose(set);
		rc = xlpt_pin_set_read(env, vendor, device, set, diag);
		if (rc)
			return rc;
		*found = NULL;
		for (size_t i = 0; i < set->n; i++)
			if (xlpt_bdf_eq(set->items[i].address, bdf))
				*found = &set->items[i];
		if (!*found) {
			xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %s",
				      XLPT_BDF_STR(bdf));
			xlpt_diag_fact(diag, "/sys/bus/pci/devices/%s is not there",
				       XLPT_BDF_STR(bdf));
			xlpt_diag_hint(diag, "xlpt list");
			return XLPT_ERR_NO_DEVICE;
		}
		if ((*found)->serial)
			return 0;
		vendor = (*found)->vendor;
		device = (*found)->device;
	}
	return 0;
}

/* "pin:nic0" is how it is named everywhere else. */
static const char *name_of(const char *arg)
{
	return xlpt_starts(arg, "pin:") ? arg + strlen("pin:") : arg;
}

/* What was done, or would be. */
static void tell_made(struct xlpt_env *env, const struct view *v, struct xlpt_bdf bdf)
{
	if (env->json) {
		xlpt_print_json(env, json(v));
	} else if (!env->dry_run) {
		_cleanup_free_ char *place = xlpt_pin_place(v->pin);

		xlpt_say(env, "pin:%s is %s, %04x:%04x at %s, serial number %s", v->name,
			 XLPT_BDF_STR(bdf), v->pin->vendor, v->pin->device, place,
			 v->pin->serial ? v->pin->serial : "none");
	}
	if (v->alike)
		xlpt_warn(env,
			  "%s %s alike, and %s no serial number: if the cards change places, no "
			  "one will know",
			  v->alike, strchr(v->alike, ',') ? "are" : "is",
			  strchr(v->alike, ',') ? "have" : "has");
}

static int make(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_pin_ struct xlpt_pin old = { .vf = -1 };
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	const char *name = name_of(args->pos[0]);
	const struct xlpt_pin *found = NULL;
	struct xlpt_pin pin;
	struct view v = { .name = name };
	struct xlpt_bdf bdf;
	bool replace = xlpt_args_has(args, "replace");
	int rc = xlpt_args_device(env, args->pos[1], &bdf, diag), was;

	if (rc == 0)
		rc = xlpt_policy_addressable(bdf, NULL, diag);
	if (rc == 0)
		rc = xlpt_env_need_host(env, diag);
	/* boot write has a pin's address in the list: nobody else changes either meanwhile. */
	if (rc == 0 && !env->dry_run)
		rc = xlpt_op_boot_lock(env, &locks, diag);
	if (rc)
		return rc;
	was = xlpt_pin_load(env, name, &old, NULL);
	if (was != XLPT_ERR_NOT_FOUND && !replace) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "there is a pin \"%s\" already", name);
		xlpt_diag_fact(diag, was ? "its file cannot be read" : "it was made for %s",
			       XLPT_BDF_STR(old.address));
		xlpt_diag_hint(diag, "xlpt pin --replace %s %s", XLPT_WORD(name),
			       XLPT_WORD(args->pos[1]));
		return XLPT_ERR_CONFLICT;
	}
	rc = read_function(env, bdf, &set, &found, diag);
	if (rc == 0)
		rc = not_a_bridge(bdf, found, diag);
	if (rc)
		return rc;
	pin = *found; /* the strings stay the set's */
	pin.at_boot = old.at_boot;
	pin.boot = old.boot;
	v.pin = &pin;
	if (env->dry_run) {
		xlpt_say(env, "would write %s/%s for %s", XLPT_PIN_DIR, name, XLPT_BDF_STR(bdf));
	} else {
		rc = xlpt_pin_store(env, name, &pin, diag);
		if (rc)
			return rc;
	}
	look(&set, &v);
	tell_made(env, &v, bdf);
	free(v.alike);
	xlpt_diag_dispose(&v.no);
	return 0;
}

static int drop(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = env->dry_run ? 0 : xlpt_op_boot_lock(env, &locks, diag);

	if (rc == 0)
		rc = xlpt_pin_load(env, name, &pin, diag);
	/* One that cannot be read can still be taken away. */
	if (rc && rc != XLPT_ERR_DATA)
		return rc;
	if (pin.at_boot) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "pin:%s is hidden at boot", name);
		xlpt_diag_fact(diag, "the list has it as %s", XLPT_BDF_STR(pin.boot));
		xlpt_diag_hint(diag, "xlpt boot remove pin:%s", XLPT_WORD(name));
		return XLPT_ERR_CONFLICT;
	}
	xlpt_diag_dispose(diag);
	if (env->dry_run) {
		xlpt_say(env, "would remove " XLPT_PIN_DIR "/%s", name);
		return 0;
	}
	rc = xlpt_pin_remove(env, name, diag);
	if (rc)
		return rc;
	if (env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "removed", xlpt_json_str(name));
		xlpt_print_json(env, o);
	} else {
		xlpt_say(env, "pin:%s is no more", name);
	}
	return 0;
}

static int usage(const char *verb, struct xlpt_diag *diag)
{
	_cleanup_free_ char *meant = xlpt_meant_verb("pin", "list show remove", verb);

	if (meant && strcmp(meant, verb) != 0)
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "there is no \"pin %s\"; did you mean \"pin %s\"?", verb, meant);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pin wants a name and a device, or list, show or remove");
	xlpt_diag_hint(diag, "xlpt pin NAME BDF | list | show NAME | remove NAME");
	return XLPT_ERR_USAGE;
}

/* "pin remov nic0" makes no pin "remov" for an interface that has the name of a pin. */
static bool is_no_name(struct xlpt_env *env, const struct xlpt_args *args)
{
	_cleanup_free_ char *meant = xlpt_meant_verb("pin", "list show remove", args->pos[0]);
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	int rc;

	if (!meant || xlpt_env_need_host(env, NULL))
		return false;
	rc = xlpt_pin_load(env, name_of(args->pos[1]), &pin, NULL);
	return rc == 0 || rc == XLPT_ERR_DATA;
}

static int cmd_pin(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0], *name;
	bool show = !strcmp(verb, "show"), remove = !strcmp(verb, "remove"),
	     is_list = !strcmp(verb, "list"), makes = !show && !remove && !is_list;
	int rc = 0;

	if (args->n != (is_list ? 1 : 2) || (makes && is_no_name(env, args)))
		return usage(verb, diag);
	if (xlpt_args_has(args, "replace") && !makes) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--replace is for making a pin");
		xlpt_diag_hint(diag, "xlpt pin --replace NAME BDF");
		return XLPT_ERR_USAGE;
	}
	if (env->dry_run && (show || is_list)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pin %s changes nothing, so it has no --dry-run", verb);
		xlpt_diag_hint(diag, "leave --dry-run out");
		return XLPT_ERR_USAGE;
	}
	if (env->sysroot && (makes || remove)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "a pin belongs to the running system, and cannot be "
			      "made or removed in --sysroot");
		xlpt_diag_hint(diag, "xlpt pin list and show read a tree");
		return XLPT_ERR_USAGE;
	}
	name = is_list ? NULL : name_of(args->pos[makes ? 0 : 1]);
	if (name)
		rc = xlpt_pin_name_check(name, diag);
	if (rc == 0)
		rc = xlpt_env_need_host(env, diag);
	if (rc)
		return rc;
	if (makes)
		return make(env, args, diag);
	if (remove)
		return drop(env, name, diag);
	return show ? view(env, (char *[]){ (char *)name, NULL }, false, diag) : list(env, diag);
}

/* clang-format off */
static const struct xlpt_opt pin_opts[] = {
	{ "replace", 0, NULL, "make the pin for this device, in place of the one of that name" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_pin = {
	.name = "pin",
	.synopsis = "NAME BDF|list|show|remove ...",
	.help = "Remember a device, to find it again when its address has changed",
	.details =
		"pin:NAME then stands for the device wherever an address can stand. A pin knows the\n"
		"device by its place, ids, serial number and BARs, also when buses get other\n"
		"numbers. If another device is in its place, that is refused (3).",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = 2,
	.opts = pin_opts,
	.run = cmd_pin,
};
