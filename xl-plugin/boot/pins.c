/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins and boot-time hiding. The kernel's list knows addresses only, so a pin
 * that is to be hidden at boot remembers with which address it stands in the
 * list. When its device is found elsewhere, the list is derived anew from it.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/output.h"

static struct xlpt_hide_group group_of(struct xlpt_bdf bdf)
{
	return (struct xlpt_hide_group){ .seg = bdf.seg,
					 .bus = bdf.bus,
					 .dev = (int8_t)bdf.dev,
					 .func = (int8_t)bdf.func,
					 .column = 1 };
}

static struct xlpt_boot_pin *find(struct xlpt_boot_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_pins; i++)
		if (!strcmp(p->pins[i].name, name))
			return &p->pins[i];
	return NULL;
}

/* One that is made with the list, in the place of the one of that name. */
static int add_new(struct xlpt_boot_plan *p, const struct xlpt_boot_pin *new,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_pin_format(&new->pin);
	struct xlpt_boot_pin *pin = find(p, new->name);

	if (!pin) {
		XLPT_GROW(p->pins, p->n_pins, p->alloc_pins);
		pin = &p->pins[p->n_pins++];
		*pin = (struct xlpt_boot_pin){ .name = xlpt_xstrdup(new->name) };
	}
	xlpt_pin_dispose(&pin->pin);
	return xlpt_pin_parse(text, &pin->pin, diag);
}

int xlpt_boot_pins_read(struct xlpt_env *env, const struct xlpt_boot_req *req,
			struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pins_list(env, &names, diag);

	for (char **n = names; rc == 0 && *n; n++) {
		struct xlpt_boot_pin *pin;

		XLPT_GROW(p->pins, p->n_pins, p->alloc_pins);
		pin = &p->pins[p->n_pins++];
		*pin = (struct xlpt_boot_pin){ .name = xlpt_xstrdup(*n) };
		rc = xlpt_pin_load(env, *n, &pin->pin, diag);
		if (rc)
			break;
		pin->was = pin->pin.at_boot;
		pin->old = xlpt_pin_format(&pin->pin);
	}
	for (size_t i = 0; rc == 0 && i < req->n_pins; i++)
		rc = add_new(p, &req->pins[i], diag);
	return rc;
}

static int locate(struct xlpt_env *env, struct xlpt_boot_plan *p, struct xlpt_boot_pin *pin,
		  struct xlpt_diag *diag)
{
	struct xlpt_pin_match match;
	int rc = xlpt_pin_set_find(env, &p->pin_set, pin->name, &pin->pin, &match, diag);

	if (rc == 0)
		pin->now = match.bdf;
	return rc;
}

int xlpt_boot_pins_arg(struct xlpt_env *env, const struct xlpt_boot_req *req, const char *arg,
		       struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	const char *name = arg + strlen("pin:");
	struct xlpt_hide_group group;
	struct xlpt_boot_pin *pin;
	int rc;

	if (!xlpt_starts(arg, "pin:"))
		return xlpt_hide_arg(p->boot.grammar, arg, &p->added, diag);
	pin = find(p, name);
	if (!pin) {
		_cleanup_pin_ struct xlpt_pin none = { .vf = -1 };

		rc = xlpt_pin_load(env, name, &none, diag);
		if (rc == 0) {
			rc = xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "pin:%s is not in the list",
					   name);
			xlpt_diag_hint(diag, "xlpt boot plan shows what is in it");
		}
		return rc;
	}
	/* What is taken out is what stands in the list, wherever the device is by now. */
	if (req->remove && pin->was) {
		group = group_of(pin->pin.boot);
		xlpt_hide_add(&p->added, &group);
		return 0;
	}
	rc = locate(env, p, pin, diag);
	if (rc)
		return rc;
	group = group_of(pin->now);
	xlpt_hide_add(&p->added, &group);
	pin->asked = !req->remove;
	return 0;
}

/* Another address in the list also for what is not named now. */
static int follow(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		  struct xlpt_boot_pin *pin, struct xlpt_diag *diag)
{
	struct xlpt_hide_group old = group_of(pin->pin.boot), now;
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	int rc = pin->asked ? 0 : locate(env, p, pin, &no);

	if (rc) {
		xlpt_strv_addf(&p->notes, "%s: %s", no.message, no.fact ? no.fact : "");
		if (!req->only_look)
			xlpt_diag_move(diag, &no);
		return req->only_look ? 0 : rc;
	}
	if (xlpt_bdf_eq(pin->now, pin->pin.boot))
		return 0;
	now = group_of(pin->now);
	xlpt_hide_drop(&p->list, &old);
	xlpt_hide_add(&p->list, &now);
	xlpt_hide_add(&p->added, &now);
	xlpt_strv_addf(&p->notes, "pin:%s is %s now: it takes the place of %s in the list",
		       pin->name, XLPT_BDF_STR(pin->now), XLPT_BDF_STR(pin->pin.boot));
	pin->pin.boot = pin->now;
	return 0;
}

int xlpt_boot_pins_drop(const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
			struct xlpt_diag *diag)
{
	int rc = 0;

	for (char **d = req->drop; rc == 0 && d && *d; d++) {
		_cleanup_hide_ struct xlpt_hide_list out = { 0 };
		struct xlpt_boot_pin *pin = NULL;

		if (xlpt_starts(*d, "pin:")) {
			struct xlpt_hide_group group;

			pin = find(p, *d + strlen("pin:"));
			if (!pin || !pin->was)
				continue;
			group = group_of(pin->pin.boot);
			xlpt_hide_add(&out, &group);
			pin->was = pin->pin.at_boot = false;
		} else {
			rc = xlpt_hide_arg(p->boot.grammar, *d, &out, diag);
		}
		for (size_t i = 0; i < out.n; i++)
			xlpt_hide_drop(&p->list, &out.items[i]);
	}
	return rc;
}

int xlpt_boot_pins_merge(struct xlpt_env *env, const struct xlpt_boot_req *req,
			 struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	int rc = 0;

	if (req->remove) {
		for (size_t i = 0; i < p->n_pins; i++) {
			struct xlpt_hide_group g = group_of(p->pins[i].pin.boot);

			if (!req->n || xlpt_hide_has(&p->added, &g))
				p->pins[i].pin.at_boot = false;
		}
		return 0;
	}
	/* All old addresses leave before new ones come: two devices may have changed theirs. */
	for (size_t i = 0; rc == 0 && p->boot.has_sysfs && i < p->n_pins; i++)
		if (p->pins[i].was)
			rc = follow(env, req, p, &p->pins[i], diag);
	for (size_t i = 0; rc == 0 && i < p->n_pins; i++)
		if (p->pins[i].asked) {
			p->pins[i].pin.at_boot = true;
			p->pins[i].pin.boot = p->pins[i].now;
		}
	for (size_t i = 0; rc == 0 && i < p->n_pins; i++)
		if (p->pins[i].pin.at_boot) {
			struct xlpt_hide_group g = group_of(p->pins[i].pin.boot);

			xlpt_hide_add(&p->list, &g);
		}
	return rc;
}

void xlpt_boot_pins_files(struct xlpt_boot_plan *p)
{
	for (size_t i = 0; i < p->n_pins; i++) {
		struct xlpt_boot_pin *pin = &p->pins[i];
		_cleanup_free_ char *text = xlpt_pin_format(&pin->pin);

		if (xlpt_streq(text, pin->old))
			continue;
		XLPT_GROW(p->files.items, p->files.n, p->files.alloc);
		p->files.items[p->files.n++] = (struct xlpt_boot_file){
			.path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", pin->name),
			.text = XLPT_TAKE(text),
			.old = xlpt_xstrdup(pin->old),
			.mode = 0600,
			.why = xlpt_xstrdup(pin->pin.at_boot ? "the address it has in the list"
					    : pin->was	     ? "it is no longer hidden at boot"
							     : "what the device is"),
		};
	}
}

void xlpt_boot_pins_dispose(struct xlpt_boot_plan *p)
{
	for (size_t i = 0; i < p->n_pins; i++) {
		free(p->pins[i].name);
		free(p->pins[i].old);
		xlpt_pin_dispose(&p->pins[i].pin);
	}
	free(p->pins);
	xlpt_pin_set_dispose(&p->pin_set);
}

/* ---- verify ---- */

int xlpt_boot_pins_wanted(struct xlpt_env *env, enum xlpt_hide_grammar grammar, const char *arg,
			  struct xlpt_hide_list *wanted, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	struct xlpt_pin_match match;
	struct xlpt_hide_group group;
	int rc;

	if (!xlpt_starts(arg, "pin:"))
		return xlpt_hide_arg(grammar, arg, wanted, diag);
	rc = xlpt_pin_load(env, arg + strlen("pin:"), &pin, diag);
	if (rc == 0 && !pin.at_boot)
		rc = xlpt_pin_locate(env, arg + strlen("pin:"), &pin, &match, diag);
	if (rc)
		return rc;
	group = group_of(pin.at_boot ? pin.boot : match.bdf);
	xlpt_hide_add(wanted, &group);
	return 0;
}

static void verdict(const char *name, const struct xlpt_pin *pin, int rc,
		    const struct xlpt_pin_match *match, const struct xlpt_diag *no,
		    struct xlpt_verdicts *out)
{
	struct xlpt_verdict *v = NULL;

	for (size_t i = 0; i < out->n && !v; i++)
		if (xlpt_streq(out->items[i].bdf, XLPT_BDF_STR(pin->boot)))
			v = &out->items[i];
	/* Not among those that were asked for. */
	if (!v)
		return;
	free(v->fact);
	free(v->hint);
	free(XLPT_TAKE(v->driver));
	v->state = rc ? XLPT_HIDDEN_OTHER : XLPT_HIDDEN_MOVED;
	if (rc) {
		v->fact = xlpt_xasprintf("%s: %s", no->message, no->fact ? no->fact : "");
		v->hint = xlpt_xasprintf("xlpt pin show %s; xlpt boot remove pin:%s",
					 XLPT_WORD(name), XLPT_WORD(name));
		return;
	}
	v->fact = xlpt_xasprintf("pin:%s is %s now, and the list has %s", name,
				 XLPT_BDF_STR(match->bdf), XLPT_BDF_STR(pin->boot));
	v->hint = xlpt_xstrdup("run xlpt boot write, and then what it prints");
}

int xlpt_boot_pins_verify(struct xlpt_env *env, struct xlpt_verdicts *out, struct xlpt_diag *diag)
{
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pins_list(env, &names, diag);

	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
		_cleanup_diag_ struct xlpt_diag no = { 0 };
		struct xlpt_pin_match match;
		int found;

		rc = xlpt_pin_load(env, *n, &pin, diag);
		if (rc || !pin.at_boot)
			continue;
		found = xlpt_pin_set_find(env, &set, *n, &pin, &match, &no);
		if (found == XLPT_ERR_IO || found == XLPT_ERR_DATA) {
			xlpt_diag_move(diag, &no);
			return found;
		}
		if (found || !xlpt_bdf_eq(match.bdf, pin.boot))
			verdict(*n, &pin, found, &match, &no, out);
	}
	return rc;
}
