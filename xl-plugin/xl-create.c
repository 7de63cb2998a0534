/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create, run as a program: the process it leaves behind, which handles the
 * guest's reboot and end, is part of xl and of no library.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xl-plugin/toolstack.h"

#define OUTPUT_MAX 16384

static int fill(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t r = write(fd, text, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		text += r;
		len -= (size_t)r;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static void child(int config, int output)
{
	sigset_t none;

	/*
	 * In a group of its own: a Ctrl-C is for xlpt, which waits and undoes. An xl
	 * that dies in the middle leaves a domain half built.
	 */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(config, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	execlp("xl", "xl", "create", "/proc/self/fd/0", (char *)NULL);
	_exit(127);
}

static char *read_back(int fd)
{
	char *text = xlpt_xcalloc(1, OUTPUT_MAX);
	ssize_t n = pread(fd, text, OUTPUT_MAX - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return xlpt_chomp(text);
}

int xlpt_xl_create(struct xlpt_toolstack *ts, const char *config, size_t len,
		   struct xlpt_diag *diag)
{
	/*
	 * Files in memory, not pipes: xl reads its configuration as a plain file only
	 * (libxl_read_file_contents), and the process it leaves behind holds its
	 * output open for a moment. They are gone with the last who has them.
	 */
	_cleanup_close_ int in = memfd_create("xl-config", MFD_CLOEXEC),
			    out = memfd_create("xl-output", MFD_CLOEXEC);
	_cleanup_free_ char *said = NULL;
	int status = 0, r;
	pid_t pid;

	(void)ts;
	r = in < 0 || out < 0 ? -errno : fill(in, config, len);
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot hand the configuration to xl");
	pid = fork();
	if (pid < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot start xl");
	if (pid == 0)
		child(in, out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	said = read_back(out);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		xlpt_diag_set(diag, XLPT_ERR_NO_XEN, "there is no xl to create the guest with");
		xlpt_diag_hint(diag, "install xl (xen-utils, xen-tools), or use xlpt start --print");
		return XLPT_ERR_NO_XEN;
	}
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "xl create failed");
	if (WIFEXITED(status))
		xlpt_diag_fact(diag, "its exit status is %d", WEXITSTATUS(status));
	else
		xlpt_diag_fact(diag, "signal %d ended it", WTERMSIG(status));
	xlpt_diag_add_log(diag, said);
	xlpt_diag_hint(diag, "what it said is above; its configuration is what xlpt start "
			     "--print shows");
	return XLPT_ERR_TOOLSTACK;
}
