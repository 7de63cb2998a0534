/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what the guard makes of a command line is what xl makes of it, which
 * reads it with getopt. The input is the words, each ended by a NUL or a line
 * break; the first byte's lowest bit sets POSIXLY_CORRECT.
 */
#include <stdint.h>
#include <stdio.h>

#include "tests/fuzz/xl-getopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], *argv[XL_WORDS_MAX] = { "xl" }, *word = text;
	static const size_t tables[] = { XL_COMMANDS_4_17, XL_COMMANDS_4_20 };
	int argc = 1;

	if (size < 2 || size > sizeof(text))
		return 0;
	if (data[0] & 1)
		setenv("POSIXLY_CORRECT", "1", 1);
	else
		unsetenv("POSIXLY_CORRECT");
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (char *c = text; c < text + size && argc < XL_WORDS_MAX - 1; c++) {
		if (*c == '\n')
			*c = '\0';
		if (*c)
			continue;
		argv[argc++] = word;
		word = c + 1;
	}
	argv[argc] = NULL;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const char *why = xl_guard_differs(argc, argv, tables[i]);

		if (!why)
			continue;
		fprintf(stderr, "%s:", why);
		for (int k = 0; k < argc; k++)
			fprintf(stderr, " '%s'", argv[k]);
		fputc('\n', stderr);
		abort();
	}
	return 0;
}
