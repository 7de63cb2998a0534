/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* batch: requests as JSON lines on standard input, answers as JSON lines, all in this process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/batch.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static bool is_closed(int fd, int other_way)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || (flags & O_ACCMODE) == other_way;
}

/* Answers that nobody gets, and requests that nobody gives: before the first one is run. */
static int check_streams(struct xlpt_diag *diag)
{
	bool in = is_closed(STDIN_FILENO, O_WRONLY), out = is_closed(STDOUT_FILENO, O_RDONLY);

	if (!in && !out)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_IO, "standard %s is closed", in ? "input" : "output");
	xlpt_diag_fact(diag, in ? "batch reads its requests there"
				: "batch writes its answers there; no request was run");
	xlpt_diag_hint(diag, in ? "give the requests by a pipe or a file"
				: "name a pipe or a file for the answers, or /dev/null");
	return XLPT_ERR_IO;
}

/*
 * The commands, and what they run, get neither the requests nor the way of the answers: their
 * standard input is empty, and what goes to their standard output goes to standard error.
 */
static int keep_streams(struct xlpt_env *env, FILE **in, struct xlpt_diag *diag)
{
	int in_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), none[2] = { -1, -1 };
	int out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	FILE *out = out_fd < 0 ? NULL : fdopen(out_fd, "w");

	fflush(env->out);
	*in = in_fd < 0 ? NULL : fdopen(in_fd, "r");
	if (!*in || !out || pipe2(none, O_CLOEXEC) || dup2(none[0], STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, errno,
				"cannot keep the requests apart from what commands read");
		xlpt_diag_hint(diag, "see what of this process is used up: descriptors, memory");
		return XLPT_ERR_IO;
	}
	close(none[0]);
	close(none[1]);
	env->out = out;
	return 0;
}

/* One line, of which no more than XLPT_BATCH_LINE + 1 bytes are kept. False at the end. */
static bool read_line(FILE *in, char *buf, size_t *len)
{
	int c;

	*len = 0;
	while ((c = getc(in)) != EOF && c != '\n')
		if (*len <= XLPT_BATCH_LINE)
			buf[(*len)++] = (char)c;
	buf[*len] = '\0';
	return c != EOF || (*len && !ferror(in));
}

static int cmd_batch(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_free_ char *buf = xlpt_xcalloc(1, XLPT_BATCH_LINE + 2);
	FILE *in = env->in;
	size_t len;
	int rc = in ? 0 : check_streams(diag);

	(void)args;
	if (rc == 0 && !in)
		rc = keep_streams(env, &in, diag);
	if (rc)
		return rc;
	/* A signal ends the request that runs as it would end the command, and nothing follows it. */
	xlpt_stop_catch();
	for (unsigned line = 1; !xlpt_stop_came() && read_line(in, buf, &len); line++) {
		if (len && !xlpt_stop_came())
			xlpt_batch_answer(env, buf, len, line);
		if (ferror(env->out) || env->out_errno)
			break;
	}
	if (xlpt_stop_came()) {
		xlpt_diag_set(diag, XLPT_ERR_STOPPED, "stopped by %s",
			      xlpt_stop_name(xlpt_stop_came()));
		xlpt_diag_hint(diag, "what has an answer is done; send the rest again");
		rc = XLPT_ERR_STOPPED;
	} else if (ferror(in)) {
		rc = xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the requests");
		xlpt_diag_hint(diag, "what has an answer is done; send the rest again");
	}
	if (in != env->in)
		fclose(in);
	return rc;
}

const struct xlpt_command xlpt_cmd_batch = {
	.name = "batch",
	.synopsis = "",
	.help = "Run many commands in one process: requests and answers are JSON lines",
	.details =
		"A request is {\"id\": 1, \"argv\": [\"list\", \"-a\"]} in one line, its answer a line with\n"
		"schema, id, exit (the exit status), answers (the command's JSON objects), text (what\n"
		"is no JSON) and diagnoses (its lines on standard error). A request that fails does not\n"
		"end the others. xlpt-batch(8) has an example.",
	.run = cmd_batch,
};
