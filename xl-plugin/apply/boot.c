/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [hide] at = boot: the list that boot write makes, and the pins that are made with it. */
#include <string.h>

#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/pins.h"

/* What boot write is asked for. */
struct request {
	char **add, **drop, **force;
};

static void request_dispose(struct request *r)
{
	xlpt_strv_free(r->add);
	xlpt_strv_free(r->drop);
	xlpt_strv_free(r->force);
}

static bool at_boot(const struct xlpt_entry *e)
{
	return e->kind == XLPT_ENTRY_HIDE && e->n && xlpt_entry_at(e, "boot");
}

static char *name_of(const struct xlpt_entry *e, size_t i)
{
	return e->pin ? xlpt_xasprintf("pin:%s", e->pin)
		      : xlpt_xstrdup(XLPT_BDF_STR(e->devices[i]));
}

static void ask_for(const struct xlpt_entry *e, struct request *r)
{
	if (e->pin)
		xlpt_strv_addf(&r->add, "pin:%s", e->pin);
	for (size_t i = 0; i < e->n; i++) {
		if (!e->pin)
			xlpt_strv_add(&r->add, XLPT_BDF_STR(e->devices[i]));
		if (xlpt_streq(xlpt_entry_get(e, "force-host-device"), "yes"))
			xlpt_strv_add(&r->force, XLPT_BDF_STR(e->devices[i]));
	}
}

/* Removes addresses that apply has put into the list and whose device has another address now. */
static void drop_moved(const struct xlpt_apply *a, struct request *r)
{
	for (char **m = a->before.made; m && *m; m++)
		if (xlpt_starts(*m, "boot ") && !xlpt_starts(*m, "boot pin:") &&
		    xlpt_apply_moved(a, *m + strlen("boot ")))
			xlpt_strv_add(&r->drop, *m + strlen("boot "));
}

static int make_plan(struct xlpt_apply *a, const struct request *r, struct xlpt_boot_plan *out,
		     struct xlpt_diag *diag)
{
	const struct xlpt_boot_req req = { .args = r->add,
					   .n = r->add ? xlpt_strv_len(r->add) : 0,
					   .force_host = r->force,
					   .pins = a->pins,
					   .n_pins = a->n_pins,
					   .drop = r->drop };

	return xlpt_op_boot_plan(a->env, &req, out, diag);
}

static void hint_of_file(struct xlpt_diag *diag)
{
	if (diag->code == XLPT_ERR_HOST_NEEDS)
		xlpt_diag_hint(diag, "if you are sure: force-host-device = yes in this section");
}

/* The list as a whole was refused: finds which entries are the cause. */
static void blame(struct xlpt_apply *a, struct xlpt_diag *whole)
{
	bool found = false;

	for (size_t i = 0; i < a->conf.n; i++) {
		_cleanup_boot_plan_ struct xlpt_boot_plan plan = { 0 };
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		struct request r = { 0 };

		if (!at_boot(&a->conf.items[i]))
			continue;
		ask_for(&a->conf.items[i], &r);
		/* A problem of the host itself is told once and belongs to no entry. */
		if (make_plan(a, &r, &plan, &own) &&
		    (own.code == XLPT_ERR_HOST_NEEDS || own.code == XLPT_ERR_NO_DEVICE ||
		     own.code == XLPT_ERR_RULE)) {
			found = true;
			hint_of_file(&own);
			xlpt_errors_add(&a->errors, &a->conf.items[i], &own);
		}
		request_dispose(&r);
	}
	if (!found)
		xlpt_errors_add(&a->errors, NULL, whole);
}

static void take_files(struct xlpt_apply *a)
{
	const struct xlpt_boot_plan *p = &a->boot;
	const char *ours = p->owned.by_cmdline ? p->eff.cmdline_hide : p->stamp;
	bool any = false;

	for (size_t i = 0; i < p->files.n; i++) {
		const struct xlpt_boot_file *b = &p->files.items[i];
		struct xlpt_apply_file *f = xlpt_apply_file(a, b->path, xlpt_xstrdup(b->old),
							    xlpt_xstrdup(b->text), b->mode);

		if (f)
			f->backup = any = true;
	}
	/*
	 * Remembers which list of the command line is xlpt's: by it boot verify tells "waiting for
	 * a reboot" from "lost".
	 */
	if (any) {
		_cleanup_free_ char *was = NULL;

		xlpt_host_read_text(a->env->host, &was, XLPT_BOOT_STAMP);
		xlpt_apply_file(a, XLPT_BOOT_STAMP, XLPT_TAKE(was), xlpt_xstrdup(ours ? ours : ""),
				0600);
	}
}

static void take_words(struct xlpt_apply *a)
{
	for (char **n = a->boot.notes; n && *n; n++)
		xlpt_apply_note(a, "%s", *n);
	for (char **n = a->boot.unread; n && *n; n++)
		xlpt_apply_note(a, "%s", *n);
	for (char **c = a->boot.commands; c && *c; c++)
		if (strcmp(*c, "reboot") != 0)
			xlpt_apply_command(a, *c);
}

bool xlpt_apply_was_at_boot(const struct xlpt_apply *a, const struct xlpt_entry *e, size_t i)
{
	const struct xlpt_hide_list *list = &a->boot.owned.list;

	for (size_t k = 0; a->has_boot && k < list->n; k++)
		if (xlpt_hide_matches(&list->items[k], e->devices[i]))
			return true;
	return false;
}

/* Compared with the list that was there, this shows what is made now. */
static void claim(struct xlpt_apply *a, bool made)
{
	for (size_t k = 0; k < a->conf.n; k++) {
		const struct xlpt_entry *e = &a->conf.items[k];

		for (size_t i = 0; at_boot(e) && i < e->n; i++) {
			_cleanup_free_ char *name = name_of(e, i);

			xlpt_apply_claim(a, "boot", name, made && !xlpt_apply_was_at_boot(a, e, i));
		}
	}
}

/* Without a list, the pins are changed like other files. */
static void pins_alone(struct xlpt_apply *a)
{
	for (size_t i = 0; i < a->n_pins; i++) {
		_cleanup_free_ char *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", a->pins[i].name);

		xlpt_apply_file(a, path, NULL, xlpt_pin_format(&a->pins[i].pin), 0600);
	}
}

int xlpt_apply_boot(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	struct request r = { 0 };
	const char *name;
	int rc;

	(void)diag;
	for (size_t i = 0; i < a->conf.n; i++)
		if (at_boot(&a->conf.items[i]))
			ask_for(&a->conf.items[i], &r);
	claim(a, false);
	drop_moved(a, &r);
	for (size_t i = 0; (name = xlpt_apply_unclaimed(a, "boot", &i));) {
		xlpt_strv_add(&r.drop, name);
		xlpt_strv_addf(&a->pruned, "%s hidden at boot", name);
	}
	if (!r.add && !r.drop) {
		pins_alone(a);
		xlpt_apply_prune_pins(a);
		return 0;
	}
	rc = make_plan(a, &r, &a->boot, &no);
	request_dispose(&r);
	if (rc) {
		blame(a, &no);
		return 0;
	}
	a->has_boot = true;
	take_files(a);
	take_words(a);
	claim(a, true);
	xlpt_apply_prune_pins(a);
	return 0;
}
