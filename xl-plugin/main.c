/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "core/privilege.h"
#include "xl-plugin/cli/env.h"

/*
 * The next file that is opened takes the number of a closed standard stream, and what is
 * printed then goes into a journal, a configuration or xenstore's socket.
 */
static bool open_streams(struct xlpt_env *env)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The other way round: input that nobody gives and output that nobody gets are noticed. */
		if (open("/dev/null", fd == 0 ? O_WRONLY : fd == 1 ? O_RDONLY : O_RDWR) != fd)
			return false;
		env->out_closed |= fd == 1;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct xlpt_env env = {
		.out = stdout, .err = stderr, .clock = &xlpt_clock_real, .own_process = true
	};

	if (!open_streams(&env))
		return 1;
	/* PATH, TMPDIR, XENSTORED_PATH and the like are believed: they are to be those of who has the rights. */
	if (xlpt_privilege_is_borrowed()) {
		fputs("xlpt: this copy has rights that its caller has not (set-user-ID, set-group-ID or "
		      "file capabilities)\n"
		      "  to mend: take them away from the file: chmod ug-s, setcap -r; and run it by sudo\n",
		      stderr);
		return 1;
	}
	/*
	 * Whoever started this, others cannot write what it makes. What is private has its own mode,
	 * and the programs that it starts keep this one: their files are not ours to hide.
	 */
	umask(umask(077) | 022);
	/* A file that grows too large is an error of write(2), which is undone and told. */
	signal(SIGXFSZ, SIG_IGN);
	return xlpt_run(argc, argv, &env);
}
