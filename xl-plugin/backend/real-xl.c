/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is xl's own and not libxl's: the head of an image, the protocol between
 * two hosts, and the process that looks after a guest until it ends. The real xl
 * is run for them, and its callers look at what came of it.
 */
#include "xl-plugin/backend/real-xl.h"

#include <string.h>

#include "core/run.h"
#include "core/text.h"
#include "xl-plugin/backend/causes.h"

#define SHOWN_LINES 12

/* The last lines that say something: xl tells how far it is in hundreds of them. */
static void add_lines(const struct xlpt_run *run, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_xstrdup(xlpt_str_get(&run->err));
	_cleanup_str_ struct xlpt_str shown = { 0 };
	const char *lines[SHOWN_LINES];
	char *save = NULL;
	size_t n = 0;

	for (char *l = strtok_r(text, "\r\n", &save); l; l = strtok_r(NULL, "\r\n", &save))
		if (!strstr(l, "xc: progress:"))
			lines[n++ % SHOWN_LINES] = l;
	for (size_t i = n > SHOWN_LINES ? n - SHOWN_LINES : 0; i < n; i++)
		xlpt_str_addf(&shown, "%s%s", shown.len ? "\n" : "", lines[i % SHOWN_LINES]);
	if (shown.len)
		xlpt_diag_add_log(diag, shown.s);
}

static int failed(const struct xlpt_run *run, const char *what, const char *hint,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ char *ended = xlpt_run_ended(run->status);

	if (run->status == 127)
		xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "cannot %s: there is no %s", what,
			      run->argv[0]);
	else
		xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "cannot %s: %s %s", what, run->argv[0],
			      ended);
	add_lines(run, diag);
	xlpt_diag_hint(diag, "%s", hint);
	xlpt_cause_explain(diag);
	return XLPT_ERR_TOOLSTACK;
}

int xlpt_xl_save(struct xlpt_toolstack *ts, uint32_t domid, const char *path, const int keep[2],
		 struct xlpt_diag *diag)
{
	_cleanup_free_ char *id = xlpt_xasprintf("%u", domid);
	const char *argv[] = { "xl", "save", "-p", id, path, NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	int rc;

	run.idle = ts->idle;
	run.keep[0] = keep[0];
	run.keep[1] = keep[1];
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	return failed(&run, "save the guest", "make room for its memory, or mend what xl names",
		      diag);
}

/*
 * The configuration in front is ours, so that xl need not be given one in its own
 * language. The caller frees run->feed.
 */
static void feed(struct xlpt_run *run, const struct xlpt_image *image)
{
	run->feed = xlpt_image_head_without_devices(image, &run->feed_len);
	run->feed_fd = image->fd;
	run->feed_at = image->body;
}

int xlpt_xl_restore(struct xlpt_toolstack *ts, const struct xlpt_image *image, bool paused,
		    struct xlpt_diag *diag)
{
	const char *argv[] = { "xl", "restore", paused ? "-p" : "/dev/stdin",
			       paused ? "/dev/stdin" : NULL, NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	int rc;

	run.idle = ts->idle;
	feed(&run, image);
	rc = xlpt_run_program(&run, diag);
	free(XLPT_TAKE(run.feed));
	if (rc || !run.status)
		return rc;
	return failed(&run, "restore the guest",
		      "mend what xl names: memory, disks and networks of "
		      "the guest have to be there",
		      diag);
}

int xlpt_xl_migrate(struct xlpt_toolstack *ts, uint32_t domid, const char *transport,
		    const char *host, const int keep[2], struct xlpt_diag *diag)
{
	_cleanup_free_ char *id = xlpt_xasprintf("%u", domid);
	/*
	 * xl puts "exec" in front and gives it to sh: the far side, which leaves a
	 * process behind for the life of the guest, is not to inherit our locks.
	 */
	_cleanup_free_ char *command = xlpt_xasprintf("8>&- 9>&- %s", transport);
	const char *argv[] = { "xl", "migrate", "-s", command, id, host, NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	int rc;

	(void)ts;
	run.keep[0] = keep[0];
	run.keep[1] = keep[1];
	run.asks = true;
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	return failed(&run, "migrate the guest", "mend what xl names; --offline needs less of it",
		      diag);
}

int xlpt_xl_remote(struct xlpt_toolstack *ts, const char *transport, const char *host,
		   const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		   int *status, char **out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *line = xlpt_xasprintf("%s %s %s", transport, host, command);
	_cleanup_strv_ char **words = xlpt_text_split(line);
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT((const char *const *)words);
	int rc;

	(void)ts;
	*out = NULL;
	/* One of a journal that an older xlpt wrote, which gave it to a shell. */
	if (!words || !*words) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "the transport \"%s\" is more than words",
			      transport);
		xlpt_diag_hint(diag, "do it by hand: %s", line);
		return XLPT_ERR_SYNTAX;
	}
	if (image)
		feed(&run, image);
	run.answer = run.asks = run.stoppable = true;
	run.timeout_ms = timeout_ms;
	rc = xlpt_run_program(&run, diag);
	free(XLPT_TAKE(run.feed));
	if (rc == XLPT_ERR_TIMEOUT) {
		xlpt_diag_set(diag, rc, "%s does not answer: \"%s\" did not end within %lld s",
			      host, command, (long long)(timeout_ms / 1000));
		xlpt_diag_hint(diag, "try it by hand: %s %s %s", transport, host, command);
	}
	if (rc)
		return rc;
	if (strlen(xlpt_str_get(&run.out)) != run.out.len) {
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      "%s answers \"%s\" with something that is no text", host, command);
		xlpt_diag_hint(diag, "try it by hand: %s %s %s", transport, host, command);
		return XLPT_ERR_DATA;
	}
	*status = run.status;
	/* What the far side says of a failure is for people, and comes on either. */
	if (run.status)
		xlpt_str_addf(&run.out, "%s%s", run.out.len ? "\n" : "", xlpt_str_get(&run.err));
	*out = xlpt_str_take(&run.out);
	return 0;
}
