/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writer's parts; private to converters/libvirt/write*.c. Each says what the model says and
 * libvirt's schema allows, nothing else: what is left out is found by reading the result back.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_WRITER_H
#define XLPT_CONVERTERS_LIBVIRT_WRITER_H

#include "converters/libvirt/words.h"
#include "converters/libvirt/xml.h"
#include "converters/model/loss.h"
#include "converters/model/model.h"

struct xlpt_lv_writer {
	const struct xlpt_dom *dom;
	struct xlpt_losses *losses;
	bool hvm;
};

/* Attributes; what has no word, or was not said, is left out. */
void xlpt_lv_write_word(xmlNode *node, const char *attr, const struct xlpt_lv_word *table,
			int value);
void xlpt_lv_write_num(xmlNode *node, const char *attr, struct xlpt_num num, uint64_t max);
/* The same on a child, which is made when there is something to say. */
void xlpt_lv_write_child_word(xmlNode *node, const char *child, const char *attr,
			      const struct xlpt_lv_word *table, int value);
void xlpt_lv_write_child(xmlNode *node, const char *child, const char *attr, const char *value);
void xlpt_lv_write_boot(xmlNode *node, struct xlpt_num order);
/* libvirt wants absolute paths; what another hypervisor's XML had comes back as it was. */
const char *xlpt_lv_path_or_null(const struct xlpt_dom *dom, const char *s);

/* Puts back what libvirt said and the model does not know. */
void xlpt_lv_write_extra(struct xlpt_lv_writer *w, xmlNode *node, const struct xlpt_carries *extra,
			 const char *what);
/* True when libvirt said something under this path. */
bool xlpt_lv_carried(const struct xlpt_carries *extra, const char *path);

/* Domain-wide parts, below <domain>. */
void xlpt_lv_write_resources(struct xlpt_lv_writer *w, xmlNode *domain);
void xlpt_lv_write_os(struct xlpt_lv_writer *w, xmlNode *domain);
void xlpt_lv_write_features(struct xlpt_lv_writer *w, xmlNode *domain);
void xlpt_lv_write_hyperv(struct xlpt_lv_writer *w, xmlNode *domain);
void xlpt_lv_write_cpu(struct xlpt_lv_writer *w, xmlNode *domain);
void xlpt_lv_write_clock(struct xlpt_lv_writer *w, xmlNode *domain);
/* After what was carried. */
void xlpt_lv_write_timers(struct xlpt_lv_writer *w, xmlNode *domain);

/* Devices, below <devices>. */
void xlpt_lv_write_disks(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_controllers(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_nets(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_pcis(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_usbdevs(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_chrs(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_inputs(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_gfxs(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_sounds(struct xlpt_lv_writer *w, xmlNode *devices);
void xlpt_lv_write_videos(struct xlpt_lv_writer *w, xmlNode *devices);

void xlpt_lv_write_netid(xmlNode *node, const struct xlpt_netid *id, bool vport);

#endif
