/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's words for the model's, one table for both directions. */
#ifndef XLPT_CONVERTERS_LIBVIRT_WORDS_H
#define XLPT_CONVERTERS_LIBVIRT_WORDS_H

#include "converters/model/model.h"

/* The first pair with a value is the one written; a NULL word ends the table. */
struct xlpt_lv_word {
	const char *word;
	int value;
};

extern const struct xlpt_lv_word xlpt_lv_yes_no[], xlpt_lv_on_off[], xlpt_lv_os_type[],
	xlpt_lv_off_action[], xlpt_lv_crash_action[], xlpt_lv_tsc_mode[], xlpt_lv_cpu_policy[],
	xlpt_lv_disk_type[], xlpt_lv_disk_device[], xlpt_lv_disk_driver[], xlpt_lv_disk_format[],
	xlpt_lv_vport[], xlpt_lv_vlan_native[], xlpt_lv_net_type[], xlpt_lv_gfx_type[],
	xlpt_lv_chr_type[], xlpt_lv_console_target[], xlpt_lv_input_type[], xlpt_lv_input_bus[],
	xlpt_lv_sound_model[], xlpt_lv_video_model[], xlpt_lv_hostdev_driver[];

int xlpt_lv_word_value(const struct xlpt_lv_word *table, const char *word); /* 0 = unknown */
const char *xlpt_lv_word_text(const struct xlpt_lv_word *table, int value); /* NULL = unknown */

/* Network cards whose name is another in QEMU, which is xl's; others are returned as they are. */
const char *xlpt_lv_nic_from(const char *libvirt);
const char *xlpt_lv_nic_to(const char *model);

/* The USB version of a controller's model, 0 = none. *own: it is the one that libxl would make. */
unsigned xlpt_lv_usb_version(const char *model, bool *own);
const char *xlpt_lv_usb_model(uint64_t version); /* the one libxl makes, NULL = none */

/* The bus a disk's name stands for when none is said: hd ide, sd scsi, xvd xen, … NULL = none. */
const char *xlpt_lv_bus_of(const char *vdev, int dom_type);

/*
 * libvirt's rules for text, after its schema; what breaks them is not written but kept.
 * All are false for NULL.
 */
bool xlpt_lv_is_path(const char *s); /* absolute, or C:\ */
bool xlpt_lv_is_cpuset(const char *s);
bool xlpt_lv_is_mac(const char *s); /* unicast */
bool xlpt_lv_is_uuid(const char *s);
bool xlpt_lv_is_host(const char *s);   /* an IP address or a DNS name */
bool xlpt_lv_is_device(const char *s); /* interface and portgroup names */
bool xlpt_lv_is_word(const char *s);   /* letters, digits, - and _ */
bool xlpt_lv_is_alias(const char *s);
bool xlpt_lv_is_vdev(const char *s);
bool xlpt_lv_is_ip(const char *s, size_t n);

#endif
