/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine as data (tests/data/machines/README): its functions become a tree as
 * sysfs has it, below the root of a fake bus that has no other functions.
 */
#ifndef XLPT_TESTS_FAKE_MACHINE_H
#define XLPT_TESTS_FAKE_MACHINE_H

#include "core/bdf.h"
#include "tests/fake/bus.h"

struct fake_group {
	struct xlpt_bdf bdf;
	char number[12]; /* of the group, "none" when the kernel gave none */
};

struct fake_machine {
	struct fake_bus *bus;
	struct fake_group *groups; /* what "expected" says, in its order */
	size_t n_groups, n_functions;
};

/*
 * dir/spec and dir/expected; a line that cannot be read ends the program. groups:
 * the tree has the kernel's groups, as without Xen.
 */
struct fake_machine *fake_machine_load(const char *dir, bool groups);
void fake_machine_free(struct fake_machine *m);

#endif
