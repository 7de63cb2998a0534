/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl's spelling of the model's words and keys; shared by the reader and the writer. */
#ifndef XLPT_CONVERTERS_XL_WORDS_H
#define XLPT_CONVERTERS_XL_WORDS_H

#include "converters/model/model.h"

struct xlpt_xl_word {
	const char *word; /* NULL ends a table */
	int value;
};

enum xlpt_xl_type {
	XLPT_XLK_STR,
	XLPT_XLK_KIB,
	XLPT_XLK_NUM,
	XLPT_XLK_TRI,
	XLPT_XLK_WORD,
	XLPT_XLK_STRV
};

/* Keys that are one member of the model each. In the order in which they are written. */
struct xlpt_xl_key {
	const char *key; /* NULL ends the table */
	enum xlpt_xl_type type;
	size_t off;
	const struct xlpt_xl_word *words;
	bool deprecated; /* read, never written */
	bool hvm;	 /* xl reads it of HVM guests alone */
};

extern const struct xlpt_xl_key xlpt_xl_keys[];
extern const struct xlpt_xl_word xlpt_xl_formats[], xlpt_xl_drivers[], xlpt_xl_vgas[],
	xlpt_xl_usbctrl_types[], xlpt_xl_rdm_strategies[];

/*
 * A disk's name as libxl reads it (libxl__device_disk_dev_number): xvdX, hdX, sdX, dNpM, a number.
 * *disk is its place on its bus, -1 for a number. False: libxl refuses the name.
 */
bool xlpt_xl_vdev(const char *vdev, int *disk);
/* The number by which libxl knows that disk (xen-vbd-interface(7)). False: it refuses the name. */
bool xlpt_xl_disk_number(const char *vdev, uint32_t *number);
/* A network card that QEMU can plug into a Xen guest. */
bool xlpt_xl_is_nic(const char *model);
/* A card of soundhw= (libxl_types_internal.idl, 4.17). */
bool xlpt_xl_is_sound(const char *model);
/* A flag of cpuid= that libxl knows, by libvirt's name; of another one xl only warns. */
bool xlpt_xl_is_cpu_flag(const char *name);
bool xlpt_xl_is_viridian(const char *group);
/* By its name an image of OVMF's or another of edk2; path may be NULL. */
bool xlpt_xl_is_uefi(const char *path);
/* The memory that a video card has at least, KiB (libxl_create.c). model may be 0. */
uint64_t xlpt_xl_video_least(int model);

int xlpt_xl_word(const struct xlpt_xl_word *words, const char *s);	/* 0 = none */
const char *xlpt_xl_spell(const struct xlpt_xl_word *words, int value); /* NULL = none */

/* The words of a text between blanks, at least none. Caller frees. */
char **xlpt_xl_split(const char *text);

/* CPU features whose names differ between libxl and libvirt; unknown names are returned as they are. */
const char *xlpt_xl_cpu_from(const char *xl_name);
const char *xlpt_xl_cpu_to(const char *name);

#endif
