/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain in the middle: what both an xl configuration and a libvirt domain
 * can mean, in words of neither. Readers fill it, writers take from it, and
 * what neither has a word for travels as a carry.
 *
 * Presence is explicit everywhere: a NULL string, an unset enum xlpt_tri, a
 * number without .has and word 0 all mean "was not said". A reader never fills
 * in a default, a writer never says what was not said. (What libxl or libvirt
 * would take for it is the business of xlpt_dom_normalise, for comparing.)
 *
 * The structures are described by tables (struct xlpt_shape), and disposing,
 * copying, comparing, and getting or setting one value by its path
 * ("disk[xvda].backend") are written once, over the tables. A new member needs
 * a line there and nothing else.
 *
 * Strings are owned by the structure that holds them.
 */
#ifndef XLPT_CONVERTERS_MODEL_H
#define XLPT_CONVERTERS_MODEL_H

#include "converters/model/diff.h"
#include "converters/model/dom.h"
#include "converters/model/kept.h"
#include "converters/model/netpool.h"

#endif
