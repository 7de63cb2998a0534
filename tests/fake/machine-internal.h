/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine.c reads the lines and makes the tree, machine-config.c the configuration spaces. */
#ifndef XLPT_TESTS_FAKE_MACHINE_INTERNAL_H
#define XLPT_TESTS_FAKE_MACHINE_INTERNAL_H

#include "core/bdf.h"

#define MACHINE_WORDS 40

/* One line. */
struct machine_fn {
	struct xlpt_bdf bdf;
	uint16_t vendor, device;
	uint32_t class_code;
	char *words[MACHINE_WORDS]; /* "key=value" or "flag", up to NULL */
	char *path;		    /* "devices/pci0000:00/0000:00:00.0", once it is known */
};

/* The value of key=, or NULL; as a number, 0 without one; the flag stands there. */
const char *machine_word(const struct machine_fn *f, const char *key);
unsigned long machine_number(const struct machine_fn *f, const char *key, int base);
bool machine_has(const struct machine_fn *f, const char *flag);
void __attribute__((noreturn)) machine_bad(const struct machine_fn *f, const char *word);

/* Returns how much of it can be read. */
size_t machine_config(const struct machine_fn *f, bool multifunction, uint8_t cfg[4096]);

#endif
