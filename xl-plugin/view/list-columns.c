/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of "xlpt list". */
#include <string.h>
#include <strings.h>

#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/view/list.h"

static char *cell_device(const struct xlpt_row *r)
{
	return xlpt_xstrdup(XLPT_BDF_STR(r->d->bdf));
}

static char *cell_driver(const struct xlpt_row *r)
{
	return xlpt_xstrdup(r->d->driver);
}

static char *cell_state(const struct xlpt_row *r)
{
	return xlpt_state_text(r->d, r->owner);
}

static char *cell_set(const struct xlpt_row *r)
{
	return xlpt_xasprintf("%u", xlpt_inventory_set(r->inv, r->i));
}

/* The kernel's list in its order, with commas, so that it is one word. */
static char *cell_reset(const struct xlpt_row *r)
{
	char *text;

	if (!r->d->reset_method)
		return r->d->has_reset ? xlpt_xstrdup("yes") : NULL;
	text = xlpt_xstrdup(r->d->reset_method);
	for (char *p = text; *p; p++)
		*p = *p == ' ' ? ',' : *p;
	if (*text)
		return text;
	free(text);
	return NULL;
}

static char *cell_sriov(const struct xlpt_row *r)
{
	if (r->d->is_vf)
		return xlpt_xasprintf("VF of %s", XLPT_BDF_STR(r->d->pf));
	if (r->d->vf_total > 0)
		return xlpt_xasprintf("PF %d/%d", r->d->vf_count, r->d->vf_total);
	return NULL;
}

static char *cell_numa(const struct xlpt_row *r)
{
	return r->d->numa_node < 0 ? NULL : xlpt_xasprintf("%d", r->d->numa_node);
}

static char *cell_class(const struct xlpt_row *r)
{
	return r->d->class_name ? xlpt_xstrdup(r->d->class_name)
				: xlpt_xasprintf("%06x", r->d->class_code);
}

static char *cell_id(const struct xlpt_row *r)
{
	return xlpt_xasprintf("%04x:%04x", r->d->vendor, r->d->device);
}

/* "Intel Corporation 82576 Gigabit Network Connection", or the numbers. */
static char *cell_name(const struct xlpt_row *r)
{
	const struct xlpt_device *d = r->d;

	if (!d->vendor_name && !d->device_name)
		return xlpt_xasprintf("%04x:%04x", d->vendor, d->device);
	if (!d->device_name)
		return xlpt_xasprintf("%s %04x", d->vendor_name, d->device);
	return xlpt_xasprintf("%s%s%s", d->vendor_name ? d->vendor_name : "",
			      d->vendor_name ? " " : "", d->device_name);
}

static char *cell_guest(const struct xlpt_row *r)
{
	return r->owner && r->owner->guest ? xlpt_xstrdup(r->owner->guest) : NULL;
}

static char *cell_parent(const struct xlpt_row *r)
{
	return r->d->has_parent ? xlpt_xstrdup(XLPT_BDF_STR(r->d->parent)) : NULL;
}

enum { ALWAYS, IF_ANY, ON_REQUEST };

static const struct xlpt_column columns[] = {
	{ "device", "DEVICE", cell_device, ALWAYS, "bdf" },
	{ "driver", "DRIVER", cell_driver, ALWAYS, "driver" },
	{ "state", "STATE", cell_state, ALWAYS, "state answers" },
	{ "set", "SET", cell_set, ALWAYS, "isolation_set" },
	{ "reset", "RESET", cell_reset, ALWAYS, "has_reset reset_methods" },
	{ "sriov", "SRIOV", cell_sriov, IF_ANY, "pf vf_total vf_count" },
	{ "numa", "NUMA", cell_numa, IF_ANY, "numa_node" },
	{ "id", "ID", cell_id, ON_REQUEST, "id" },
	{ "guest", "GUEST", cell_guest, ON_REQUEST, "guest" },
	{ "parent", "PARENT", cell_parent, ON_REQUEST, "parent" },
	{ "class", "CLASS", cell_class, ALWAYS, "class class_name" },
	{ "name", "NAME", cell_name, ALWAYS, "vendor_name device_name" },
};

#define N_COLUMNS XLPT_ARRAY_SIZE(columns)

static bool is_member(const char *members, const char *s, size_t len)
{
	_cleanup_free_ char *word = xlpt_xstrndup(s, len);

	return xlpt_one_of(members, word);
}

static void no_column(const char *s, size_t len, struct xlpt_diag *diag)
{
	struct xlpt_nearest n = xlpt_nearest_to(s, len);

	for (size_t c = 0; c < N_COLUMNS; c++)
		xlpt_nearest_try(&n, columns[c].name);
	/* Perhaps JSON's name for it; most often that is "bdf" for the first column. */
	xlpt_nearest_try(&n, columns[0].members);
	if (n.best == columns[0].members)
		n.best = columns[0].name;
	for (size_t c = 0; c < N_COLUMNS; c++)
		if (is_member(columns[c].members, s, len))
			n.best = columns[c].name;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--columns: there is no column \"%.*s\"%s%s%s",
		      (int)len, s, n.best ? "; did you mean \"" : "", n.best ? n.best : "",
		      n.best ? "\"?" : "");
}

int xlpt_columns_choose(const char *text, const struct xlpt_column **out, size_t *n,
			struct xlpt_diag *diag)
{
	*n = 0;
	for (const char *s = text;; s++) {
		size_t len = strcspn(s, ","), c = 0;

		while (c < N_COLUMNS && (strlen(columns[c].name) != len ||
					 strncasecmp(columns[c].name, s, len) != 0))
			c++;
		if (c == N_COLUMNS || *n == XLPT_MAX_COLUMNS) {
			if (c == N_COLUMNS)
				no_column(s, len, diag);
			else
				xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--columns: more than %d",
					      XLPT_MAX_COLUMNS);
			xlpt_diag_hint(diag,
				       "device, driver, state, set, reset, sriov, numa, id, guest, "
				       "parent, class, name; separated by commas");
			return XLPT_ERR_SYNTAX;
		}
		out[(*n)++] = &columns[c];
		s += len;
		if (!*s)
			return 0;
	}
}

static bool worth_showing(const struct xlpt_column *c, const struct xlpt_row *rows, size_t n)
{
	if (c->when != IF_ANY)
		return c->when == ALWAYS;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = c->cell(&rows[i]);

		if (text)
			return true;
	}
	return false;
}

size_t xlpt_columns_worth(const struct xlpt_row *rows, size_t n, const struct xlpt_column **out)
{
	size_t shown = 0;

	for (size_t c = 0; c < N_COLUMNS; c++)
		if (worth_showing(&columns[c], rows, n))
			out[shown++] = &columns[c];
	return shown;
}

const char *xlpt_column_color(const struct xlpt_column *c, const struct xlpt_row *r)
{
	const char *word;

	if (c->cell != cell_state)
		return NULL;
	word = xlpt_state_word(r->d, r->owner);
	return !strcmp(word, "assigned")  ? "green"
	       : !strcmp(word, "hidden")  ? "yellow"
	       : !strcmp(word, "partial") ? "red"
					  : NULL;
}
