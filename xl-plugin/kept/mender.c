/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/mender.h"

const struct xlpt_mender *xlpt_mender_of(const struct xlpt_journal *j)
{
	for (size_t i = 0; xlpt_menders[i]; i++)
		if (xlpt_menders[i]->is(j))
			return xlpt_menders[i];
	return NULL;
}
