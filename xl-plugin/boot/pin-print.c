/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt pin prints. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/boot/pin.h"
#include "xl-plugin/cli/damage.h"
#include "xl-plugin/cli/output.h"

static const char *word(const struct xlpt_pin_view *v)
{
	if (!v->found)
		return v->no.code == XLPT_ERR_NO_DEVICE ? "absent" : "refused";
	return v->match.other_slot ? "other slot" : v->match.moved ? "moved" : "in place";
}

static struct json_object *json(const struct xlpt_pin_view *v)
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

static void print_one(struct xlpt_env *env, const struct xlpt_pin_view *v)
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

/* Into array with --json, else as a row of t, or whole when there is no t. */
static int view_one(struct xlpt_env *env, struct xlpt_pin_set *set, const char *name,
		    struct json_object *array, struct xlpt_table *t, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	_cleanup_free_ char *place = NULL;
	_cleanup_pin_view_ struct xlpt_pin_view v = { .name = name, .pin = &pin };
	int rc = xlpt_pin_load(env, name, &pin, diag);

	if (rc)
		return rc;
	xlpt_pin_look(env, set, &v);
	place = xlpt_pin_place(&pin);
	if (array)
		json_object_array_add(array, json(&v));
	else if (t)
		xlpt_table_row(t, (const char *const[]){ name,
							 v.found ? XLPT_BDF_STR(v.match.bdf) : NULL,
							 word(&v), pin.serial, place });
	else
		print_one(env, &v);
	return 0;
}

/* damaged NULL: of one pin, whose damage is the command's error. */
static void print_json(struct xlpt_env *env, struct json_object *pins,
		       const struct xlpt_damage *damaged, size_t n)
{
	struct json_object *root = json_object_new_object();

	xlpt_json_add(root, "pins", pins);
	if (damaged)
		xlpt_json_add(root, "damaged", xlpt_damage_json(damaged, n));
	xlpt_print_json(env, root);
}

int xlpt_pin_print_one(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	struct json_object *pins = env->json ? json_object_new_array() : NULL;
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	int rc = xlpt_pin_set_read(env, &set, diag);

	if (rc == 0)
		rc = view_one(env, &set, name, pins, NULL, diag);
	if (rc)
		json_object_put(pins);
	else if (pins)
		print_json(env, pins, NULL, 0);
	return rc;
}

int xlpt_pin_print_list(struct xlpt_env *env, char **names, struct xlpt_diag *diag)
{
	static const char *const columns[] = { "PIN", "DEVICE", "STATE", "SERIAL", "PLACE" };
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	_cleanup_free_ struct xlpt_damage *damaged = NULL;
	struct json_object *pins;
	struct xlpt_table *t;
	size_t n = 0;
	int rc = xlpt_pin_set_read(env, &set, diag);

	if (rc)
		return rc;
	damaged = xlpt_xcalloc(xlpt_strv_len(names) + 1, sizeof(*damaged));
	pins = env->json ? json_object_new_array() : NULL;
	t = pins ? NULL : xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	for (char **p = names; *p; p++) {
		damaged[n].name = *p;
		if (view_one(env, &set, *p, pins, t, &damaged[n].why))
			n++;
	}
	if (pins)
		print_json(env, pins, damaged, n);
	else
		xlpt_table_print(env, t);
	rc = xlpt_damage_tell(env, damaged, n, diag);
	xlpt_damage_dispose(damaged, n);
	return rc;
}

void xlpt_pin_tell_made(struct xlpt_env *env, const struct xlpt_pin_view *v, struct xlpt_bdf bdf)
{
	if (env->dry_run)
		xlpt_say(env, "would write %s/%s for %s", XLPT_PIN_DIR, v->name, XLPT_BDF_STR(bdf));
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

void xlpt_pin_tell_dropped(struct xlpt_env *env, const char *name)
{
	if (env->dry_run) {
		xlpt_say(env, "would remove " XLPT_PIN_DIR "/%s", name);
	} else if (env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "removed", xlpt_json_str(name));
		xlpt_print_json(env, o);
	} else {
		xlpt_say(env, "pin:%s is no more", name);
	}
}
