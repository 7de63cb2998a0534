/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/env.h"

int main(int argc, char **argv)
{
	struct xlpt_env env = { .out = stdout, .err = stderr, .clock = &xlpt_clock_real };

	return xlpt_run(argc, argv, &env);
}
