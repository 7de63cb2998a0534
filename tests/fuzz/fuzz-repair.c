/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repair on hosts that contradict themselves, as the input says (tests/fake/broken.h, three bytes for
 * each thing that is broken): it ends, changes nothing that is sound, and what it calls mended is.
 */
#include "tests/fake/broken.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = broken_world();
	_cleanup_free_ char *sound = broken_sound(w);

	broken_break(w, data, size);
	broken_repair(w, sound);
	world_free(w);
	return 0;
}
