/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <cpu><numa>: cells in the order of their numbers, and the distance from each to each. */
#include "converters/libvirt/reader.h"

#include <string.h>

#define LOCAL_DISTANCE	10 /* what libvirt takes when nothing is said (numa_conf.c) */
#define REMOTE_DISTANCE 20

#define MAX_CELLS 1024

struct cells {
	xmlNode **node; /* by the number of the cell */
	size_t n;
	uint8_t *distance; /* n times n, 0 = not said */
};

static uint8_t *at(struct cells *c, size_t from, size_t to)
{
	return &c->distance[from * c->n + to];
}

/* Fills *c; a cell without a number has that of its place. */
static int find_cells(struct xlpt_lv_reader *r, xmlNode *numa, struct cells *c)
{
	size_t place = 0;

	for (xmlNode *n = xlpt_lv_next(numa, NULL); n; n = xlpt_lv_next(numa, n))
		c->n += xlpt_lv_is(n, "cell");
	if (c->n > MAX_CELLS)
		return xlpt_lv_bad(r->doc, numa, NULL, r->diag, "more than %d NUMA cells",
				   MAX_CELLS);
	c->node = xlpt_xcalloc(c->n ? c->n : 1, sizeof(*c->node));
	for (xmlNode *n = xlpt_lv_next(numa, NULL); n; n = xlpt_lv_next(numa, n)) {
		struct xlpt_num id = { 0 };
		int rc;

		if (!xlpt_lv_is(n, "cell"))
			continue;
		rc = xlpt_lv_read_num(r, n, "id", 65535, &id);
		if (rc)
			return rc;
		if (!id.has)
			id.v = place;
		place++;
		if (id.v >= c->n || c->node[id.v]) {
			rc = xlpt_lv_bad(r->doc, n, "id", r->diag,
					 "the numbers of %zu NUMA cells are 0 to %zu, each once",
					 c->n, c->n - 1);
			xlpt_diag_hint(r->diag, "number the cells from 0 on");
			return rc;
		}
		c->node[id.v] = n;
	}
	return 0;
}

/* True when the cell names every cell once, in order: then its row is all that it says. */
static bool read_row(struct cells *c, size_t cell)
{
	xmlNode *distances = xlpt_lv_child(c->node[cell], "distances");
	bool plain = distances;
	size_t i = 0;

	for (xmlNode *s = xlpt_lv_next(distances, NULL); s; s = xlpt_lv_next(distances, s), i++) {
		const char *id = xlpt_lv_peek(s, "id"), *value = xlpt_lv_peek(s, "value");
		uint64_t to, v;

		if (!xlpt_lv_is(s, "sibling") || !id || !value ||
		    !xlpt_parse_uint(id, strlen(id), 10, c->n - 1, &to) ||
		    !xlpt_parse_uint(value, strlen(value), 10, 255, &v)) {
			plain = false;
			continue;
		}
		plain = plain && to == i && xlpt_lv_only(s, "id", "value", NULL);
		*at(c, cell, to) = (uint8_t)v;
	}
	return plain && i == c->n;
}

/* A distance that one cell says and the other does not holds both ways. */
static char *row(struct cells *c, size_t cell)
{
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		unsigned v = *at(c, cell, i) ? *at(c, cell, i) : *at(c, i, cell);

		if (!v)
			v = i == cell ? LOCAL_DISTANCE : REMOTE_DISTANCE;
		xlpt_str_addf(&out, "%s%u", i ? "," : "", v);
	}
	return xlpt_str_take(&out);
}

static int read_cells(struct xlpt_lv_reader *r, struct cells *c)
{
	bool *plain = xlpt_xcalloc(c->n ? c->n : 1, sizeof(*plain));
	int rc = 0;

	for (size_t i = 0; i < c->n; i++)
		plain[i] = read_row(c, i);
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		xmlNode *n = c->node[i], *distances = xlpt_lv_child(n, "distances");
		struct xlpt_numa *cell = XLPT_DOM_ADD(r->dom, numa);

		xlpt_lv_read_at(r, &cell->at, n);
		xlpt_lv_attr(n, "id");
		rc = xlpt_lv_read_memory(r, n, xlpt_lv_attr(n, "memory"), &cell->size);
		if (rc)
			break;
		cell->vcpus = xlpt_lv_read_str(n, "cpus");
		/* A row that says less than all is carried as it stands, beside what it means. */
		if (distances)
			cell->distances = row(c, i);
		if (plain[i])
			xlpt_lv_mark_whole(distances);
		else if (distances)
			xlpt_lv_unmark_whole(distances);
		xlpt_lv_read_rest(r, &cell->at, n);
	}
	free(plain);
	return rc;
}

int xlpt_lv_read_numa(struct xlpt_lv_reader *r, xmlNode *cpu)
{
	struct cells c = { 0 };
	int rc = find_cells(r, xlpt_lv_child(cpu, "numa"), &c);

	if (rc == 0 && c.node) {
		c.distance = xlpt_xcalloc(c.n * c.n + 1, 1);
		rc = read_cells(r, &c);
	}
	free(c.node);
	free(c.distance);
	return rc;
}
