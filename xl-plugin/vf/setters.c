/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What vf create and vf remove say about other programs that set the number of a PF's VFs. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/vf/native.h"

char *xlpt_vf_setter_place(const struct xlpt_setter *s)
{
	return s->line ? xlpt_xasprintf("%s, line %u", s->file, s->line) : xlpt_xstrdup(s->file);
}

/* When the program sets the number. */
const char *xlpt_vf_setter_moment(const struct xlpt_setter *s)
{
	return s->kind == XLPT_SETTER_NM_PROFILE ? "each time that it activates this profile"
	       : s->kind == XLPT_SETTER_NM_CONF	 ? "when it starts"
	       : s->kind == XLPT_SETTER_NETPLAN	 ? "at boot and at every netplan apply"
						 : "at boot";
}

char *xlpt_vf_setter_by_hand(const struct xlpt_setter *s, int count)
{
	if (s->kind == XLPT_SETTER_NM_PROFILE && s->name)
		return xlpt_xasprintf("nmcli connection modify %s sriov.total-vfs %d",
				      XLPT_WORD(s->name), count);
	return xlpt_xasprintf("in %s, line %u, make the number %d", s->file, s->line, count);
}

static const struct xlpt_setter *other_number(const struct xlpt_vf_op *op)
{
	for (size_t i = 0; i < op->setters.n; i++)
		if (op->setters.items[i].count >= 0 && op->setters.items[i].count != op->count)
			return &op->setters.items[i];
	return NULL;
}

/* The line that makes the program set the number that is wanted. */
static char *mend(const struct xlpt_vf_op *op, const struct xlpt_setter *s)
{
	/* Without VFs, vf persist removes its own files; what others wrote they must change. */
	if (!op->count && (strstr(s->file, "/90-xlpt-vf.conf") || strstr(s->file, "/99-xlpt-vf-")))
		return xlpt_xasprintf("xlpt vf persist --apply %s", XLPT_WORD(op->word));
	if (op->count && xlpt_vf_setter_has_dropins(s))
		return xlpt_xasprintf("xlpt vf create %s %d; xlpt vf persist --apply %s",
				      XLPT_WORD(op->word), op->count, XLPT_WORD(op->word));
	return xlpt_vf_setter_by_hand(s, op->count);
}

int xlpt_vf_setters_judge(const struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	const struct xlpt_setter *s = op->persist && op->count ? other_number(op) : NULL;
	_cleanup_free_ char *place = NULL, *how = NULL;

	if (!s)
		return 0;
	place = xlpt_vf_setter_place(s);
	how = mend(op, s);
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s would not keep %d virtual functions: %s sets their number to %d",
		      op->word, op->count, s->program, s->count);
	xlpt_diag_fact(diag, "%s does that %s: %s", s->program, xlpt_vf_setter_moment(s), place);
	xlpt_diag_hint(diag, "%s", how);
	return XLPT_ERR_RULE;
}

/* Two of them set different numbers: the last one wins, and nobody knows which that is. */
static bool quarrel(const struct xlpt_setters *s, const struct xlpt_setter **a,
		    const struct xlpt_setter **b)
{
	*a = NULL;
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i].count < 0)
			continue;
		*b = &s->items[i];
		if (*a && (*a)->count != (*b)->count)
			return true;
		*a = *a ? *a : *b;
	}
	return false;
}

void xlpt_vf_setters_warn_quarrel(struct xlpt_env *env, const struct xlpt_setters *setters)
{
	const struct xlpt_setter *a, *b;

	if (!quarrel(setters, &a, &b))
		return;
	xlpt_warn(env,
		  "two configurations set this number, and the last one wins: %s (%s: %d) "
		  "and %s (%s: %d)",
		  a->program, a->file, a->count, b->program, b->file, b->count);
	xlpt_warn_mend(env, "write the same number into both, or take it out of one of them");
}

void xlpt_vf_setters_warn(const struct xlpt_vf_op *op)
{
	struct xlpt_env *env = op->env;

	for (size_t i = 0; i < op->setters.n; i++) {
		const struct xlpt_setter *s = &op->setters.items[i];
		_cleanup_free_ char *place = xlpt_vf_setter_place(s), *how = mend(op, s);

		if (s->count < 0) {
			xlpt_warn(env, "%s also works with the virtual functions of %s: %s",
				  s->program, op->word, place);
		} else if (s->count != op->count) {
			xlpt_warn(env, "%s sets the number of virtual functions of %s to %d %s: %s",
				  s->program, op->word, s->count, xlpt_vf_setter_moment(s), place);
			xlpt_warn_mend(env, "%s", how);
		} else if (op->persist && op->count) {
			xlpt_warn(env, "%s sets the same number, %s: if you change it, change both",
				  s->program, place);
		}
	}
	xlpt_vf_setters_warn_quarrel(env, &op->setters);
}

struct json_object *xlpt_vf_setters_json(const struct xlpt_setters *setters)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < setters->n; i++) {
		const struct xlpt_setter *s = &setters->items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "program", xlpt_json_str(s->program));
		xlpt_json_add(o, "file", xlpt_json_str(s->file));
		xlpt_json_add(o, "line", s->line ? json_object_new_int((int)s->line) : NULL);
		xlpt_json_add(o, "name", xlpt_json_str(s->name));
		xlpt_json_add(o, "count", s->count < 0 ? NULL : json_object_new_int(s->count));
		json_object_array_add(list, o);
	}
	return list;
}
