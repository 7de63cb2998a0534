/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/monitor.h"

#include <string.h>

#define STAT_START 20 /* fields of /proc/PID/stat from "state" to "starttime", the 22nd (proc(5)) */

/* When the process began, in clock ticks; 0 = it is not there, or has ended and is a zombie. */
static uint64_t start_of(struct xlpt_host *h, const char *pid)
{
	_cleanup_free_ char *text = NULL;
	uint64_t start = 0;
	char *p;

	if (xlpt_host_read_text(h, &text, "/proc/%s/stat", pid) < 0)
		return 0;
	/* The program's name is between parentheses and may have any character in it. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X')
		return 0;
	p += 2;
	for (int i = 1; p && i < STAT_START; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p && xlpt_parse_uint(p, strcspn(p, " \n"), 10, UINT64_MAX, &start) ? start : 0;
}

/* Anybody can call a program xl. "Uid:" has the real, effective, saved and file system's user (proc(5)). */
static bool is_roots(struct xlpt_host *h, const char *pid)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(h, &text, "/proc/%s/status", pid) >= 0 &&
	       strstr(text, "\nUid:\t0\t0\t0\t0");
}

static bool is_xl(struct xlpt_host *h, const char *pid)
{
	_cleanup_free_ char *comm = NULL;

	return xlpt_host_read_text(h, &comm, "/proc/%s/comm", pid) >= 0 && !strcmp(comm, "xl") &&
	       is_roots(h, pid);
}

static bool writes(struct xlpt_host *h, const char *pid, const char *log)
{
	_cleanup_free_ char *name = NULL;
	size_t n = strlen(log);

	return xlpt_host_link_name(h, &name, "/proc/%s/fd/1", pid) == 0 && !strncmp(name, log, n) &&
	       (!name[n] || name[n] == '.' || name[n] == ' ');
}

struct xlpt_monitor xlpt_monitor_find(struct xlpt_host *h, const char *name)
{
	_cleanup_free_ char *log = xlpt_xasprintf("xl-%s.log", name);
	_cleanup_strv_ char **pids = NULL;
	struct xlpt_monitor m = { 0 };

	if (strchr(name, '/') || xlpt_host_list(h, &pids, "/proc"))
		return m;
	for (char **p = pids; *p; p++) {
		uint64_t start, pid;

		if (!xlpt_parse_uint(*p, strlen(*p), 10, INT32_MAX, &pid) || !is_xl(h, *p) ||
		    !writes(h, *p, log))
			continue;
		start = start_of(h, *p);
		if (start > m.start)
			m = (struct xlpt_monitor){ .pid = (long long)pid, .start = start };
	}
	return m;
}

struct xlpt_monitor xlpt_monitor_of(struct xlpt_host *h, long long pid)
{
	_cleanup_free_ char *text = xlpt_xasprintf("%lld", pid);
	struct xlpt_monitor m = { .pid = pid, .start = start_of(h, text) };

	return m.start && is_xl(h, text) ? m : (struct xlpt_monitor){ 0 };
}

bool xlpt_monitor_lives(struct xlpt_host *h, const struct xlpt_monitor *m)
{
	_cleanup_free_ char *pid = xlpt_xasprintf("%lld", m->pid);

	return m->pid && start_of(h, pid) == m->start;
}
