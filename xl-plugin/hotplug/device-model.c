/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of an HVM guest's device model, and the Xen that the device model was built for. */
#include "xl-plugin/hotplug/device-model.h"

#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"

#define LOG	  "/var/log/xen/qemu-dm-%s.log"
#define LOG_MAX	  (256 * 1024) /* of the new lines: a guest can make QEMU write without end */
#define LINES_MAX 8
/*
 * When QEMU has the library of another release: how long to wait for the guest's first use of the
 * memory.
 */
#define DOUBT_MS      5000
#define DOUBT_POLL_MS 250

static int log_open(struct xlpt_op *op, struct stat *st)
{
	_cleanup_free_ char *path = xlpt_xasprintf(LOG, op->guest.name);

	return strchr(op->guest.name, '/') ? -1 : xlpt_file_open(op->env->host, path, 0, st);
}

uint64_t xlpt_dm_log_end(struct xlpt_op *op)
{
	struct stat st;
	_cleanup_close_ int fd = log_open(op, &st);

	return fd < 0 ? 0 : (uint64_t)st.st_size;
}

/* The log from byte from on; from its beginning when it is a new file by now. Caller frees. */
static char *read_since(struct xlpt_op *op, uint64_t from)
{
	struct stat st;
	_cleanup_close_ int fd = log_open(op, &st);
	char *buf = xlpt_xcalloc(1, LOG_MAX + 1);

	if (fd >= 0 && pread(fd, buf, LOG_MAX, (uint64_t)st.st_size < from ? 0 : (off_t)from) < 0)
		*buf = '\0';
	return buf;
}

/*
 * Lines that are no error: those that the guest itself can cause, and those about a device that
 * leaves.
 */
static bool no_fault(const char *line)
{
	/* clang-format off */
	static const char *const words[] = { "Should not read BAR", "Should not write BAR",
					     "Failed to read register", "Failed to write register",
					     "Failed to access register", "remove old", "nbinding of",
					     "nmapping of" };
	/* clang-format on */

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/*
 * QEMU puts the guest's address of the device before what it says: "[00:05.0] xen_pt_realize:
 * Error: ...". Each sentence is taken once: QEMU repeats it for every page of a BAR.
 */
static void collect(const struct xlpt_item *item, char *text, struct xlpt_str *lines)
{
	_cleanup_free_ char *mark = xlpt_xasprintf("[%s] ", item->guest_address + strlen("0000:"));
	char *save = NULL;
	unsigned n = 0;

	for (char *l = strtok_r(text, "\n", &save); l && n < LINES_MAX;
	     l = strtok_r(NULL, "\n", &save)) {
		if (!xlpt_starts(l, mark) || !strstr(l, "Error: ") || no_fault(l))
			continue;
		for (char *p = l; *p; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				*p = '?';
		if (!strstr(xlpt_str_get(lines), l))
			xlpt_str_addf(lines, "%s%s", n++ ? "\n" : "", l);
	}
}

static bool release_of(const char *text, unsigned *major, unsigned *minor)
{
	return sscanf(text, "%u.%u", major, minor) == 2;
}

char *xlpt_other_release(struct xlpt_host *h, const char *pid, const char *library,
			 const char *version)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/proc/%s/maps", pid),
			    *word = xlpt_xasprintf("/%s.so.", library);
	_cleanup_str_ struct xlpt_str maps = { 0 };
	unsigned a, b, x, y;
	const char *at;

	if (xlpt_file_read(h, path, 4 << 20, &maps))
		return NULL;
	at = strstr(xlpt_str_get(&maps), word);
	if (!at || !release_of(at + strlen(word), &a, &b) || !release_of(version, &x, &y) ||
	    (a == x && b == y))
		return NULL;
	return xlpt_xasprintf("%u.%u", a, b);
}

char *xlpt_dm_other_xen(struct xlpt_env *env, uint32_t domid, const char *version)
{
	unsigned pid = 0;
	char text[16];

	if (xlpt_store_read_uint(env->store, 0, &pid, "/local/domain/%u/image/device-model-pid",
				 domid) ||
	    !pid)
		return NULL;
	snprintf(text, sizeof(text), "%u", pid);
	return xlpt_other_release(env->host, text, "libxenctrl", version);
}

void xlpt_dm_look(struct xlpt_op *op)
{
	struct xlpt_xen_caps caps;

	op->dm_looked = true;
	if (op->guest.type != XLPT_GUEST_HVM || op->env->ts->ops->caps(op->env->ts, &caps, NULL))
		return;
	op->dm_other_xen = xlpt_dm_other_xen(op->env, op->guest.domid, caps.version);
	if (op->dm_other_xen)
		xlpt_warn(
			op->env,
			"the device model of %s was built for Xen %s, and Xen %s runs: it may not "
			"be able to pass a device through",
			op->guest.name, op->dm_other_xen, caps.version);
}

int xlpt_dm_judge(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str lines = { 0 };
	int64_t until;

	if (!op->dm_looked)
		xlpt_dm_look(op);
	until = xlpt_now(op->env->clock) + (op->dm_other_xen ? DOUBT_MS : 0);
	for (;;) {
		_cleanup_free_ char *text = read_since(op, op->dm_log_end);

		collect(item, text, &lines);
		if (lines.len || xlpt_now(op->env->clock) >= until)
			break;
		op->env->clock->sleep_ms(op->env->clock, DOUBT_POLL_MS);
	}
	if (!lines.len)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
		      "the device model of %s lists %s, and the guest cannot "
		      "use it",
		      op->guest.name, XLPT_BDF_STR(item->spec.bdf));
	xlpt_diag_fact(diag, "it says so in " LOG, op->guest.name);
	xlpt_diag_add_log(diag, lines.s);
	if (op->dm_other_xen)
		xlpt_diag_hint(
			diag,
			"install the device model of the Xen that runs (this one was built for "
			"%s), and start %s anew",
			op->dm_other_xen, XLPT_WORD(op->guest.name));
	else
		xlpt_diag_hint(diag, "xl dmesg shows what Xen refused to the device model");
	return XLPT_ERR_CONFLICT;
}
