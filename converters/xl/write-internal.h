/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of the xl writer; private to converters/xl/write*.c. */
#ifndef XLPT_CONVERTERS_XL_WRITE_INTERNAL_H
#define XLPT_CONVERTERS_XL_WRITE_INTERNAL_H

#include "converters/xl/scan.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

/* "key = value" lines; what is not said writes nothing. */
void xlpt_xlw_string(struct xlpt_str *out, const char *key, const char *value);
void xlpt_xlw_num(struct xlpt_str *out, const char *key, struct xlpt_num n);
void xlpt_xlw_tri(struct xlpt_str *out, const char *key, enum xlpt_tri t);

struct xlpt_xlw_list {
	struct xlpt_str items;
	size_t n;
};

void xlpt_xlw_item(struct xlpt_xlw_list *list, const char *item);
void xlpt_xlw_list(struct xlpt_str *out, const char *key, struct xlpt_xlw_list *list);

/* Parts of "a=1,b=2"; a value that such a list cannot carry is left out. */
bool xlpt_xlw_option_ok(const char *value);
void xlpt_xlw_option(struct xlpt_str *spec, const char *key, const char *value);
void xlpt_xlw_option_num(struct xlpt_str *spec, const char *key, struct xlpt_num n);
void xlpt_xlw_option_tri(struct xlpt_str *spec, const char *key, enum xlpt_tri t);
/* Options of xl that the model carries for this element. */
void xlpt_xlw_extra(struct xlpt_str *spec, const struct xlpt_at *at);

/* True for the rest of a usbdevice= list that is written together with the input devices. */
bool xlpt_xlw_joins(const struct xlpt_dom *dom, const struct xlpt_carry *c);

void xlpt_xlw_pci(const struct xlpt_dom *dom, struct xlpt_str *out);
/* "#xlpt-run: xlpt vf set ..." for the settings of VFs. */
void xlpt_xlw_commands(const struct xlpt_dom *dom, struct xlpt_str *out);
void xlpt_xlw_devices(const struct xlpt_dom *dom, struct xlpt_str *out);
void xlpt_xlw_usb(const struct xlpt_dom *dom, struct xlpt_str *out);
void xlpt_xlw_chars(const struct xlpt_dom *dom, struct xlpt_str *out);

#endif
