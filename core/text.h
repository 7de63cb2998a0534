/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts that others have chosen: names of guests and interfaces, mount points,
 * what a device, a file or libxl says. They are kept as they are. Where they are
 * printed they are shown, where they go into a line of a file they are encoded;
 * both happen in one place (xl-plugin/cli/output.c, and the writer of each file).
 */
#ifndef XLPT_CORE_TEXT_H
#define XLPT_CORE_TEXT_H

#include "core/util.h"

/* The character at s (n bytes): how many bytes it has, 0 = it is no valid UTF-8 (RFC 3629). */
size_t xlpt_text_char(const char *s, size_t n, uint32_t *code);
/*
 * Not a letter or a sign, but an order to the terminal: control characters (C0, DEL, C1), and
 * characters that turn the direction of text, break a line, or cannot be seen.
 */
bool xlpt_text_is_order(uint32_t code);

/*
 * Adds s, n bytes, as a person may see it: valid UTF-8 without such orders. They,
 * and bytes that are no UTF-8, become \n, \t, \r or \xNN. A backslash stays one: the
 * result is for people, and is not read back.
 */
void xlpt_text_show(struct xlpt_str *out, const char *s, size_t n);
char *xlpt_text_shown(const char *s);	/* NULL gives NULL; caller frees */
bool xlpt_text_is_plain(const char *s); /* showing it changes nothing */

/*
 * s as one word of a command line that is there to be copied into a shell: as it
 * is when no shell changes it, else in quotes. In buf, or s itself. A word that does
 * not fit is "...", which no command takes.
 */
#define XLPT_WORD_LEN 512
#define XLPT_WORD(s)  xlpt_text_word((s), (char[XLPT_WORD_LEN]){ 0 }, XLPT_WORD_LEN)
const char *xlpt_text_word(const char *s, char *buf, size_t size);

/*
 * The way back: the words of a line as a shell makes them of blanks, quotes and backslashes, for
 * a program that is started without a shell. NULL when a shell would do more with it: a quote is
 * not closed, or there is one of $ ` | & ; < > ( ) * ? [ ~ # that no quotes protect. Caller frees.
 */
char **xlpt_text_split(const char *line);

/*
 * The same text in printable ASCII, for one line of a file: all else, and the
 * backslash, as \xNN. decode does it back, in place, and leaves alone what encode
 * did not write; returns s.
 */
void xlpt_text_encode(struct xlpt_str *out, const char *s);
char *xlpt_text_encoded(const char *s); /* NULL gives NULL; caller frees */
char *xlpt_text_decode(char *s);

#endif
