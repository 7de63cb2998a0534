/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a journal says of a file that is changed: for file-change.c. */
#ifndef XLPT_FILE_NOTE_H
#define XLPT_FILE_NOTE_H

#include "xl-plugin/kept/file-change.h"

struct xlpt_file_note {
	enum xlpt_change_kind kind;
	char *path, *was, *want;
	char *rights; /* that it had (xlpt_file_rights); NULL: root's, with mode */
	mode_t mode;
	enum { XLPT_FILE_AS_BEFORE, XLPT_FILE_AS_WANTED, XLPT_FILE_GONE, XLPT_FILE_OTHER } now;
};

void xlpt_file_note_dispose(struct xlpt_file_note *f);
/* The file i; now is not looked at. false: this is none. The caller disposes of f in either case. */
bool xlpt_file_note_read(const struct xlpt_journal *j, size_t i, struct xlpt_file_note *f);
/* The rights that the file of this path had, or NULL. They belong to j. */
const char *xlpt_file_note_rights(const struct xlpt_journal *j, const char *path);

#endif
