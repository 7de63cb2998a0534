/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities from the bytes of configuration space. The bytes are not
 * trusted: they may be cut short, and lists may loop.
 */
#ifndef XLPT_PCIBACK_CONFIG_H
#define XLPT_PCIBACK_CONFIG_H

#include "core/device.h"

/*
 * False when all 64 bytes of a header read as ones, which is what a function in D3cold
 * or off the bus answers.
 */
bool xlpt_config_answers(const uint8_t *cfg);

/* len is 64, 256 or 4096 on a healthy system, anything here. Never fails; caps tells. */
void xlpt_config_caps(const uint8_t *cfg, size_t len, struct xlpt_caps *caps);

/* Offset of the first capability with this id, 0 when there is none. */
unsigned xlpt_config_find(const uint8_t *cfg, size_t len, uint8_t id);
unsigned xlpt_config_find_ext(const uint8_t *cfg, size_t len, uint16_t id);

#endif
