/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt boot verify: what this boot made of the devices, told. */
#include <string.h>

#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/output.h"

static const char *const headings[] = { "DEVICE", "STATE", "FACT" };

/* One line of the table, or one object. */
static struct json_object *tell_one(const struct xlpt_verdict *d, struct xlpt_table *t)
{
	static const char *const texts[] = {
		"hidden",	 "waiting for reboot",		"not taken",
		"absent",	 "list rejected by the kernel", "moved",
		"another device"
	};
	_cleanup_free_ char *state = xlpt_xstrdup(texts[d->state]);
	struct json_object *o = json_object_new_object();

	if (d->state == XLPT_HIDDEN_LOST && d->driver) {
		free(state);
		state = xlpt_xasprintf("lost to driver %s", d->driver);
	}
	xlpt_json_add(o, "bdf", xlpt_json_str(d->bdf));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_hidden_word(d->state)));
	xlpt_json_add(o, "driver", xlpt_json_str(d->driver));
	xlpt_json_add(o, "fact", xlpt_json_str(d->fact));
	xlpt_json_add(o, "hint", xlpt_json_str(d->hint));
	if (t) {
		xlpt_table_row(t, (const char *const[]){ d->bdf, state, d->fact });
		xlpt_table_paint(t, 1,
				 d->state == XLPT_HIDDEN_YES	   ? NULL
				 : d->state == XLPT_HIDDEN_WAITING ? "yellow"
								   : "red");
	}
	return o;
}

/* Returns how many are not hidden. */
static size_t tell_verdicts(struct xlpt_env *env, const struct xlpt_boot *boot,
			    const struct xlpt_verdicts *v, const char *next)
{
	struct json_object *root = json_object_new_object(), *a = json_object_new_array(), *counts;
	struct xlpt_table *t = NULL;
	size_t bad = 0;

	if (!env->json && v->n)
		t = xlpt_table_new(headings, XLPT_ARRAY_SIZE(headings));
	for (size_t i = 0; i < v->n; i++) {
		bad += v->items[i].state != XLPT_HIDDEN_YES;
		json_object_array_add(a, tell_one(&v->items[i], t));
	}
	xlpt_json_add(root, "devices", a);
	counts = json_object_new_object();
	xlpt_json_add(counts, "hidden", json_object_new_int64((int64_t)(v->n - bad)));
	xlpt_json_add(counts, "total", json_object_new_int64((int64_t)v->n));
	xlpt_json_add(root, "counts", counts);
	xlpt_json_add(root, "xen",
		      boot->xen == XLPT_BOOT_XEN_UNKNOWN
			      ? NULL
			      : json_object_new_boolean(boot->xen == XLPT_BOOT_XEN_YES));
	xlpt_json_add(root, "lost_later", xlpt_json_str(next));
	if (t)
		xlpt_table_print(env, t);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	return bad;
}

/* Why it is not hidden, what mends the first, and where the others' lines are. */
static int not_hidden(const struct xlpt_boot *boot, const struct xlpt_verdicts *v, size_t bad,
		      struct xlpt_diag *diag)
{
	const struct xlpt_verdict *first = NULL;
	char others[96] = "";
	size_t more = 0;

	if (boot->xen == XLPT_BOOT_XEN_NO) {
		xlpt_diag_set(diag, XLPT_ERR_NO_XEN,
			      "this boot is without Xen: not hidden: %zu of %zu", bad, v->n);
		xlpt_diag_fact(diag, "the kernel has no /sys/hypervisor/type that says \"xen\"");
		xlpt_diag_hint(diag,
			       "boot the boot loader's entry that starts Xen; then: xlpt boot "
			       "verify");
		return XLPT_ERR_NO_XEN;
	}
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "not hidden: %zu of %zu", bad, v->n);
	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i].state == XLPT_HIDDEN_YES || !v->items[i].hint)
			continue;
		first = first ? first : &v->items[i];
		more += strcmp(first->hint, v->items[i].hint) != 0;
	}
	/* Who mends one at a time boots once for each. */
	if (more)
		snprintf(others, sizeof(others),
			 "; %zu more: xlpt boot verify --json says what mends each", more);
	if (first)
		xlpt_diag_hint(diag, "%s: %s%s", first->bdf, first->hint, others);
	return XLPT_ERR_CONFLICT;
}

static const char *way_to_keep(const struct xlpt_boot *boot)
{
	return boot->loader == XLPT_LOADER_GRUB
		       ? "xlpt boot write"
		       : "xlpt boot plan says what has to be written where";
}

/* All is hidden now, and the settings have lost it: exit status 0 would speak of this boot alone. */
static int not_next_time(const struct xlpt_boot *boot, const char *fact, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
		      "what is hidden in this boot will not be hidden in a later one");
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "%s", way_to_keep(boot));
	return XLPT_ERR_CONFLICT;
}

int xlpt_boot_verify_tell(struct xlpt_env *env, const struct xlpt_boot_req *req,
			  struct xlpt_diag *diag)
{
	_cleanup_verdicts_ struct xlpt_verdicts v = { 0 };
	_cleanup_boot_ struct xlpt_boot boot = { 0 };
	_cleanup_hide_ struct xlpt_hide_list wanted = { 0 };
	_cleanup_free_ char *next = NULL;
	size_t bad;
	int rc;

	rc = xlpt_env_need_host(env, diag);
	if (rc == 0)
		rc = xlpt_boot_detect(env->host, req->era, req->release, &boot, diag);
	for (size_t i = 0; rc == 0 && i < req->n; i++)
		rc = xlpt_boot_pins_wanted(env, boot.grammar, req->args[i], &wanted, diag);
	if (rc == 0)
		rc = xlpt_op_boot_verify(env, &boot, &wanted, &v, diag);
	if (rc)
		return rc;
	next = xlpt_boot_lost_later(env->host, &boot);
	bad = tell_verdicts(env, &boot, &v, next);
	if (next && bad)
		xlpt_warn(env, "%s; to keep it: %s", next, way_to_keep(&boot));
	if (!v.n)
		xlpt_say(env, "nothing is to be hidden at boot%s",
			 boot.xen == XLPT_BOOT_XEN_NO ? "; this boot is without Xen" : "");
	if (!bad && !next)
		return 0;
	env->reported = true;
	return bad ? not_hidden(&boot, &v, bad, diag) : not_next_time(&boot, next, diag);
}
