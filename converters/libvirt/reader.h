/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader's parts; private to converters/libvirt/read*.c. A part marks what it understands
 * (xml.h); a word it does not know it leaves unmarked, so that it is carried.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_READER_H
#define XLPT_CONVERTERS_LIBVIRT_READER_H

#include "converters/libvirt/words.h"
#include "converters/libvirt/xml.h"
#include "converters/model/loss.h"
#include "converters/model/model.h"

struct xlpt_lv_reader {
	struct xlpt_lv_doc *doc;
	struct xlpt_dom *dom;
	struct xlpt_diag *diag;
	struct xlpt_kepts *kept;    /* may be NULL */
	struct xlpt_losses *losses; /* may be NULL */
	bool hvm;		    /* the domain's type, known before its devices are read */
};

/* An attribute whose words are known: its value, marked; 0 and no mark otherwise. */
int xlpt_lv_read_word(xmlNode *node, const char *attr, const struct xlpt_lv_word *table);
char *xlpt_lv_read_str(xmlNode *node, const char *attr); /* a copy, or NULL */
int xlpt_lv_read_num(struct xlpt_lv_reader *r, xmlNode *node, const char *attr, uint64_t max,
		     struct xlpt_num *out);
/* Decimal text of an element or attribute. */
int xlpt_lv_read_dec(struct xlpt_lv_reader *r, xmlNode *node, const char *attr, const char *text,
		     uint64_t max, struct xlpt_num *out);
/* Remembers a single value's line. */
void xlpt_lv_read_mark(struct xlpt_lv_reader *r, const void *member, const xmlNode *node);

/* For an element of a device list: its place; and, when it has been read, its rest. */
void xlpt_lv_read_at(struct xlpt_lv_reader *r, struct xlpt_at *at, const xmlNode *node);
void xlpt_lv_read_rest(struct xlpt_lv_reader *r, struct xlpt_at *at, xmlNode *node);

void xlpt_lv_read_carries(struct xlpt_lv_doc *doc, struct xlpt_carries *list, xmlNode *node);

int xlpt_lv_read_netid(struct xlpt_lv_reader *r, xmlNode *node, struct xlpt_netid *id);

/*
 * Read one element below <devices>. Returns 1 when it was taken into the model (its rest is in the
 * device's extra), 0 when the model has no place for such a one, negative on error.
 */
int xlpt_lv_read_disk(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_interface(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_hostdev(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_graphics(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_chr(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_input(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_controller(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_sound(struct xlpt_lv_reader *r, xmlNode *node);
int xlpt_lv_read_video(struct xlpt_lv_reader *r, xmlNode *node);

int xlpt_lv_read_pci_interface(struct xlpt_lv_reader *r, xmlNode *node);

/* Domain-wide parts. */
int xlpt_lv_read_resources(struct xlpt_lv_reader *r, xmlNode *domain);
int xlpt_lv_read_os(struct xlpt_lv_reader *r, xmlNode *domain);
void xlpt_lv_read_hyperv(struct xlpt_lv_reader *r, xmlNode *features);
/* Once all disks are read: those that libxl would not know get another name. */
void xlpt_lv_name_disks(struct xlpt_dom *dom);
int xlpt_lv_read_features(struct xlpt_lv_reader *r, xmlNode *domain);
int xlpt_lv_read_cpu(struct xlpt_lv_reader *r, xmlNode *domain);
int xlpt_lv_read_numa(struct xlpt_lv_reader *r, xmlNode *cpu);
int xlpt_lv_read_clock(struct xlpt_lv_reader *r, xmlNode *domain);

/* <memory unit=> and the like, in KiB rounded up as libvirt does; marks. */
int xlpt_lv_read_memory(struct xlpt_lv_reader *r, xmlNode *node, const char *text,
			struct xlpt_num *out);

#endif
