/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of the shells' completion; after cmocka.h. In a folder of its own there is an xlpt
 * that answers with names which a shell would run.
 */
#ifndef XLPT_TESTS_UNIT_COMPLETING_H
#define XLPT_TESTS_UNIT_COMPLETING_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util.h"

static char dir[64];

static inline void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), mode), 0);
	fclose(f);
}

static inline bool there(const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);

	return access(path, F_OK) == 0;
}

/* What xlpt __complete might print, and files with names of the same kind. */
static inline int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/xlpt-completion-XXXXXX");
	assert_non_null(mkdtemp(dir));
	put("xlpt",
	    "#!/bin/sh\n[ \"$1 $2 $3\" = '__complete line --' ] || exit 1\nshift 3\n"
	    "echo \"$#: $*\" >>\"${0%/*}/asked\"\n"
	    "guests() { cat \"${0%/*}/guests\"; }\n"
	    "[ $1 = convert ] && { echo :files; exit; }\n"
	    "echo :words\n"
	    "case $#-$1 in\n"
	    "1-*) printf 'attach\\tto a guest\\ndetach\\tfrom a guest\\n' ;;\n"
	    "2-attach | *-detach) guests ;;\n"
	    "*-attach) printf 'pool:lan\\npool:$(touch ran4)\\n'; printf '0000:02:00.0\\n0000:03:00.1\\n' ;;\n"
	    "*-hide) printf '0000:02:00.0\\n0000:03:00.1\\n' ;;\n"
	    "*-reset) printf 'flr\\nbus\\n' ;;\n"
	    "*-pool) printf 'policy=first\\npolicy=spread\\npolicy=numa\\nvlan=\\n' ;;\n"
	    "*-guard) printf 'xl\\nlibvirt\\nxendomains\\n'; guests ;;\nesac\n",
	    0755);
	put("guests",
	    "a$(touch ran1)b\nx`touch ran2`\nmy guest\nit's\n;touch ran3\n"
	    "\033[31mred\nweb1\n",
	    0644);
	put("f$(touch ran5).cfg", "", 0644);
	put("f`touch ran6`.cfg", "", 0644);
	return 0;
}

static inline int teardown(void **state)
{
	_cleanup_free_ char *command = xlpt_xasprintf("rm -rf '%s'", dir);

	(void)state;
	return system(command);
}

static inline void nothing_ran(void)
{
	for (char n[] = "ran1"; n[3] < '7'; n[3]++)
		if (there(n))
			fail_msg("completion ran a name: %s", n);
}

/* ---- a terminal ---- */

/* Reads until nothing has come for a while. */
static inline void listen(int fd, struct xlpt_str *out, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[512];
	ssize_t n;

	while (poll(&p, 1, ms) > 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		xlpt_str_addn(out, buf, (size_t)n);
}

/* Until it says so, at most two minutes: the machine may be busy. */
static inline void wait_for(int fd, struct xlpt_str *out, const char *what)
{
	for (int i = 0; i < 1200 && !strstr(xlpt_str_get(out), what); i++)
		listen(fd, out, 100);
	if (!strstr(xlpt_str_get(out), what))
		fail_msg("the shell does not say \"%s\": %s", what, xlpt_str_get(out));
}

static inline void type(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

#endif
