/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that is printed: diagnoses, tables, JSON. The only user of
 * libsmartcols and, with the commands' records, of json-c.
 */
#ifndef XLPT_OUTPUT_H
#define XLPT_OUTPUT_H

#include <json-c/json.h>

#include "core/device.h"
#include "core/guest.h"
#include "core/plan.h"
#include "xl-plugin/cli/env.h"

/* The error, once: text to err, or with --json {"error": {...}} to out. */
void xlpt_print_diag(struct xlpt_env *env, const struct xlpt_diag *diag);

/* What is printed so far goes out; an error is kept for the end of the command. */
void xlpt_out_flush(struct xlpt_env *env);

/*
 * What is printed for people may hold names that others chose. All of it is shown
 * (core/text.h) here and nowhere else, so a text is one line: a line break in it
 * is somebody else's.
 */

/* A line for people on out; nothing with --json. */
void xlpt_say(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);
/*
 * A file's text on out, every byte as it is, because a program will read it; only
 * on a terminal its lines are shown as all others are.
 */
void xlpt_put_document(struct xlpt_env *env, const char *text, size_t len);
/* A line on err that is not an error, also with --json. */
void xlpt_warn(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);
/*
 * The same for what a command may read several times: a line is told once in a command. What is
 * to be found (env->findings) is found each time, because findings have a point they belong to.
 */
void xlpt_warn_once(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* A line on err that begins with the file that it is about. */
void xlpt_remark(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* The line that mends it, after a warning. */
void xlpt_warn_mend(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* There is nothing to print, and that is no error: on err that, and what to run next; not with --json. */
void xlpt_nothing(struct xlpt_env *env, const char *what, const char *fmt, ...) XLPT_PRINTF(3, 4);
/* With -v: what is being done, on err. */
void xlpt_verbose(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);

/*
 * On a terminal, what a command waits for, once that has taken two seconds. look is called whenever
 * there is nothing else to do, end when the wait is over; then the line is gone.
 */
struct xlpt_waiting {
	struct xlpt_env *env;
	const char *what; /* "web1 to answer": it lives as long as the wait */
	int64_t since;
};
struct xlpt_waiting xlpt_waiting_for(struct xlpt_env *env, const char *what);
void xlpt_waiting_look(struct xlpt_waiting *w);
void xlpt_waiting_end(struct xlpt_waiting *w);
/* The toolstack looks itself while it runs xl. w stays where it is until the end. */
void xlpt_waiting_xl(struct xlpt_waiting *w);
#define _cleanup_waiting_ XLPT_CLEANUP(xlpt_waiting_end)

/*
 * One object and nothing beside it, as RFC 8259 has it; else NULL and the reason in *why,
 * which the caller frees.
 */
struct json_object *xlpt_json_object_parse(const char *text, char **why);

/*
 * The shape of everything that is printed as JSON: docs/schema says what each command prints.
 * A shape that was released keeps its number: tests/check-schema fails when one changes.
 */
#define XLPT_JSON_SCHEMA 1

/* Prints the object with "schema" before everything else in it, and releases it. */
void xlpt_print_json(struct xlpt_env *env, struct json_object *root);

/* A plain table: one call per row, as many cells as columns. NULL cells print as "-". */
struct xlpt_table;
struct xlpt_table *xlpt_table_new(const char *const *columns, size_t n);
void xlpt_table_row(struct xlpt_table *t, const char *const *cells);
void xlpt_table_print(struct xlpt_env *env, struct xlpt_table *t); /* and frees it */
/* Gives a cell of the row added last a colour ("red", "yellow"...; NULL: none), on a terminal. */
void xlpt_table_paint(struct xlpt_table *t, size_t column, const char *color);
/* Out is a terminal that shows colours, and nobody asked for none (NO_COLOR). */
bool xlpt_out_colors(const struct xlpt_env *env);
void xlpt_table_free(struct xlpt_table *t);

/* Small builders; a NULL string becomes null. */
struct json_object *xlpt_json_str(const char *s);
struct json_object *xlpt_json_bdf(struct xlpt_bdf bdf);
struct json_object *xlpt_json_vf_identity(const struct xlpt_vf_identity *id); /* what is set */
struct json_object *xlpt_json_guest(const struct xlpt_guest *guest);
/* A guest of which no more is known; NULL and -1 where not even that is. Both: no guest, null. */
struct json_object *xlpt_json_guest_named(const char *name, int64_t domid);
/* "8086:10d3"; "020000". */
struct json_object *xlpt_json_id(unsigned vendor, unsigned device);
struct json_object *xlpt_json_class(unsigned class_code);
/* The kernel's reset methods, in its order. */
struct json_object *xlpt_json_reset_methods(const struct xlpt_device *d);
/* One base address register by its number, 6 for the ROM. */
struct json_object *xlpt_json_bar(int index, uint64_t size);
void xlpt_json_add(struct json_object *o, const char *key, struct json_object *value);

/* The plan, for --dry-run: sentences, or {"plan": [{"do": ..., "undo": ...}]}. */
void xlpt_print_plan(struct xlpt_env *env, const struct xlpt_plan *plan);

#endif
