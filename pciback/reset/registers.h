/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a function has to get back after a reset of its bus that the kernel does not know
 * of: the registers that pci_save_state() (drivers/pci/pci.c) remembers of one that
 * nobody drives, and ATS, which Xen turns on. What only a driver sets is left out, and
 * so is what does something when it is written (VPD, mailboxes).
 */
#ifndef XLPT_PCIBACK_RESET_REGISTERS_H
#define XLPT_PCIBACK_RESET_REGISTERS_H

#include "pciback/reset/function.h"

struct xlpt_register {
	uint16_t at;
	uint8_t size; /* 1, 2 or 4 bytes */
	uint32_t value;
};

#define XLPT_REGISTERS_MAX 64

/* In the order in which they are to be written: the command comes last. */
struct xlpt_registers {
	struct xlpt_register items[XLPT_REGISTERS_MAX];
	size_t n;
};

void xlpt_registers_take(const uint8_t *cfg, size_t len, struct xlpt_registers *out);
/* Writes all of them; 0, or the first negative errno. */
int xlpt_registers_put(struct xlpt_host *h, struct xlpt_bdf bdf, const struct xlpt_registers *regs);
/* Whether the function's addresses and its command are as they are here. */
bool xlpt_registers_hold(struct xlpt_host *h, struct xlpt_bdf bdf,
			 const struct xlpt_registers *regs);

/* "88:2810 10:fe000000 4:0106": one line for a journal, and back. Caller frees. */
char *xlpt_registers_text(const struct xlpt_registers *regs);
bool xlpt_registers_parse(const char *text, struct xlpt_registers *out);

#endif
