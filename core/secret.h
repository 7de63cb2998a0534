/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking passwords and keys out of texts that leave the host: command lines of
 * kernel and Xen, options of modules, GRUB's files, guests' configurations,
 * xenstore as text. What looks like one is taken for one.
 */
#ifndef XLPT_CORE_SECRET_H
#define XLPT_CORE_SECRET_H

#include "core/util.h"

/* Stands where a secret stood. */
#define XLPT_SECRET_MARK "TAKEN-OUT-BY-XLPT"

/*
 * Adds the text to out with a mark in the place of each secret, and what they were
 * called to names, each once ("rd.iscsi.password, netroot"). Returns how many.
 * Taken for a secret:
 *	KEY=VALUE, KEY = "VALUE", KEY: VALUE, --KEY VALUE, where KEY names one
 *	the rest of a line that begins with password, password_pbkdf2 or another such key
 *	the rest of a line PATH VALUE (xenstore) where the last part of PATH names one
 *	what stands before @ in SCHEME://USER:PASSWORD@ and iscsi:USER:PASSWORD@
 *	hashes of passwords, and keys of NVMe, whatever they are called
 */
size_t xlpt_secrets_take_out(const char *text, size_t len, struct xlpt_str *out,
			     struct xlpt_str *names);

#endif
