/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The built program, every command that writes and needs no Xen, and one thing that goes wrong
 * at each system call that changes something: afterwards the host is as before or as it was
 * meant, the exit status says which, the reason is said, and nothing foreign is left. What a
 * kill left of a change of several files the same command brings to its end.
 *
 *	matrix XLPT [STRIDE [SCENE [KIND [NTH]]]]
 *
 * A kill may leave files of ours that are not finished, under names that nothing reads (core/file.h):
 * boot write, boot remove and repair take them away. They are counted.
 *
 * STRIDE: of so many points only one. Scenes, kinds and points can be picked to look at one.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/util.h"
#include "tests/matrix/host.h"
#include "tests/matrix/inject.h"

static const struct scene {
	const char *prepare, *command;
	/* It runs for long or does the same thing often: of so many points only one. */
	unsigned stride;
	bool refuses; /* done is done: it does not replace what it has made */
} scenes[] = {
	{ "", "boot write 02:00.0", .stride = 1 },
	{ "boot write 02:00.0", "boot write 03:00.0", .stride = 1 },
	{ "boot write 02:00.0", "boot remove", .stride = 1 },
	{ "", "pin nic0 02:00.0", .stride = 1 },
	{ "pin nic0 02:00.0", "pin --replace nic0 03:00.0", .stride = 1 },
	{ "pin nic0 02:00.0", "pin remove nic0", .stride = 1 },
	{ "", "pool define lan pf=01:00.0", .stride = 1 },
	{ "pool define lan pf=01:00.0", "pool define lan pf=01:00.0 policy=spread", .stride = 1 },
	{ "pool define lan pf=01:00.0", "pool undefine lan", .stride = 1 },
	{ "", "convert -o /root/out.xml /root/guest.cfg", .stride = 1 },
	{ "convert -o /root/out.xml /root/guest.cfg", "convert -o /root/out.cfg /root/out.xml",
	  .stride = 1 },
	{ "", "convert --edit /root/guest.cfg --add 03:00.0", .stride = 1 },
	{ "", "guard install", .stride = 1 },
	{ "guard install", "guard remove", .stride = 1 },
	{ "", "capture -o /root/c.tar.gz", .stride = 5, .refuses = true },
};

static struct host *host;
static unsigned points, bad, leftovers;

/* ---- one run ---- */

static void run(const char *command, enum inject kind, unsigned nth, struct outcome *o)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(command);
	char *argv[16] = { (char[]){ "/usr/sbin/xlpt" } }, *save = NULL;
	size_t n = 1;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	if (inject_run(host_root(host), argv, kind, nth, o)) {
		printf("  SKIP    this kernel does not let system calls be watched\n");
		exit(0);
	}
}

static int plainly(const char *command)
{
	struct outcome o;
	int status;

	run(command, INJECT_NOTHING, 0, &o);
	status = o.status;
	if (status)
		printf("xlpt %s: exit %d\n%s%s", command, status, o.out, o.err);
	inject_dispose(&o);
	return status;
}

static void prepare(const struct scene *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s->prepare);
	char *save = NULL;

	host_reset(host);
	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save))
		if (plainly(line))
			exit(1);
}

/* ---- judging ---- */

struct judged {
	const struct scene *scene;
	const char *before, *after;
	enum inject kind;
	unsigned nth;
	struct outcome o;
};

/* Lines of a that b does not have. */
static void missing(const char *sign, const char *a, const char *b)
{
	while (*a) {
		size_t len = strcspn(a, "\n") + 1;
		_cleanup_free_ char *line = xlpt_xstrndup(a, len);

		if (!strstr(b, line))
			printf("%s%s", sign, line);
		a += len;
	}
}

static void wrong(const struct judged *j, const char *what, const char *state)
{
	bad++;
	printf("xlpt %s, %s at %u (%s): exit %d: %s\n", j->scene->command, inject_name(j->kind),
	       j->nth, j->o.call, j->o.status, what);
	printf("%s%s", j->o.out, j->o.err);
	if (!state)
		return;
	missing("    since before, new:  ", state, j->before);
	missing("    since before, gone: ", j->before, state);
	missing("    as meant, missing:  ", j->after, state);
}

/* The command once more, as somebody would: it must do the whole of it. */
static void go_on(const struct judged *j, bool done)
{
	_cleanup_free_ char *state = NULL;
	struct outcome again;
	unsigned unfinished;

	run(j->scene->command, INJECT_NOTHING, 0, &again);
	state = host_state(host, &unfinished);
	leftovers += unfinished;
	if (strcmp(state, j->after) != 0 || (again.status && !done && !j->scene->refuses)) {
		printf("again: exit %d: %s%s", again.status, again.out, again.err);
		wrong(j, "run again, it is not as it was meant", state);
	}
	inject_dispose(&again);
}

static const char *reason(enum inject kind)
{
	switch (kind) {
	case INJECT_INT:
		return "SIGINT";
	case INJECT_TERM:
		return "SIGTERM";
	case INJECT_HUP:
		return "SIGHUP";
	case INJECT_EFBIG:
		return "File too large";
	case INJECT_ENOSPC:
	case INJECT_FULL:
		return "No space left on device";
	case INJECT_EIO:
		return "Input/output error";
	case INJECT_EMFILE:
		return "as many files open as it may";
	default:
		return "";
	}
}

/* What libraries and other programs say of it is their own. */
static bool other_reason(const struct judged *j)
{
	if (j->kind == INJECT_EFBIG)
		return strstr(j->o.err, "File size limit exceeded");
	return j->kind == INJECT_EMFILE && (strstr(j->o.err, "Too many open files") ||
					    strstr(j->o.err, "libkmod did not read it to its end"));
}

static void judge(const struct judged *j)
{
	_cleanup_free_ char *state = NULL;
	unsigned unfinished;
	bool before, after;
	int status = j->o.status;

	state = host_state(host, &unfinished);
	before = !strcmp(state, j->before);
	after = !strcmp(state, j->after);
	if (status == -1) {
		wrong(j, "it did not end", NULL);
	} else if (j->kind == INJECT_KILL) {
		go_on(j, after);
	} else if (status > 5) {
		wrong(j, "it died", NULL);
	} else if (status == 0	 ? !after
		   : status == 5 ? !after && !strstr(j->o.err, "left behind")
				 : !before) {
		wrong(j,
		      after    ? "it is as it was meant"
		      : before ? "it is as before"
			       : "it is between",
		      state);
	} else if (status && !strstr(j->o.err, reason(j->kind)) && !other_reason(j)) {
		wrong(j, "the reason is not said", NULL);
	} else if (unfinished) {
		wrong(j, "a file that is not finished is left", NULL);
	} else {
		go_on(j, after);
	}
}

/* Whether there was such a point. */
static bool try_one(const struct scene *s, const char *before, const char *after, enum inject kind,
		    unsigned nth)
{
	struct judged j = {
		.scene = s, .before = before, .after = after, .kind = kind, .nth = nth
	};
	bool met;

	host_reset(host);
	run(s->command, kind, nth, &j.o);
	met = j.o.met || kind == INJECT_CLOSED || kind == INJECT_FULL;
	if (met) {
		points++;
		judge(&j);
	}
	inject_dispose(&j.o);
	return met;
}

static void try_scene(const struct scene *s, unsigned stride, int only_kind, unsigned only_nth)
{
	_cleanup_free_ char *before = NULL, *after = NULL, *twice = NULL;
	unsigned from = points;

	prepare(s);
	host_keep(host);
	before = host_state(host, NULL);
	if (plainly(s->command))
		exit(1);
	after = host_state(host, NULL);
	host_reset(host);
	if (plainly(s->command))
		exit(1);
	twice = host_state(host, NULL);
	if (strcmp(twice, after) != 0 || !strcmp(before, after)) {
		printf("xlpt %s does not do the same thing twice, or nothing\n%s---\n%s",
		       s->command, after, twice);
		exit(1);
	}
	for (int kind = 1; kind < N_INJECTS; kind++) {
		bool once = kind == INJECT_CLOSED || kind == INJECT_FULL;
		unsigned step = s->stride * stride *
				(kind == INJECT_EMFILE ? 4
				 : kind == INJECT_HUP  ? 2
						       : 1);

		if (only_kind && kind != only_kind)
			continue;
		if (only_nth || once) {
			try_one(s, before, after, kind, only_nth ? only_nth : 1);
			continue;
		}
		/* Not the same points in each scene, when only some are looked at. */
		for (unsigned n = 1 + from % step; try_one(s, before, after, kind, n); n += step)
			;
	}
	printf("  %5u   %s\n", points - from, s->command);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned stride = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	int only = argc > 3 ? atoi(argv[3]) : 0, kind = argc > 4 ? atoi(argv[4]) : 0;
	_cleanup_free_ char *xlpt = argc > 1 ? realpath(argv[1], NULL) : NULL;

	if (!xlpt || !stride) {
		fprintf(stderr, "usage: matrix XLPT [STRIDE [SCENE [KIND [NTH]]]]\n");
		return 2;
	}
	host = host_new(xlpt);
	if (!host) {
		printf("  SKIP    the matrix: it needs root or user namespaces\n");
		return 0;
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++)
		if (!only || only == (int)i + 1) {
			/* Back to the host that was made. */
			host_forget(host);
			try_scene(&scenes[i], stride, kind, argc > 5 ? (unsigned)atoi(argv[5]) : 0);
		}
	printf("  %s      %u points, %u wrong; %u unfinished files were left by kills\n",
	       bad ? "FAIL" : "OK  ", points, bad, leftovers);
	host_free(host);
	return bad != 0;
}
