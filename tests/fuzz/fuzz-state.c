/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what xlpt keeps between two runs and reads again: journals, leases, guests,
 * saved images and the records beside them. The first byte says which. They are files of
 * root's, and yet a full disk, a crash or a hand may have done anything to them.
 */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/cli/env.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/kept/guests.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/macs.h"

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

#define JOURNAL "/run/xlpt/journal/1-1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/dev/shm/xlpt-fuzz-XXXXXX";

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void drop_all(void)
{
	nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* One directory for the whole run, in memory. */
static struct xlpt_env *host(void)
{
	static struct xlpt_env env;
	static struct xlpt_host h;

	if (env.host)
		return &env;
	NEED(mkdtemp(dir) && xlpt_host_open(&h, dir) == 0 && atexit(drop_all) == 0);
	NEED(xlpt_host_mkdirs(&h, "/run/xlpt/journal", 0700) == 0);
	env.host = &h;
	env.clock = &xlpt_clock_real;
	env.out = env.err = fopen("/dev/null", "we");
	NEED(env.err);
	return &env;
}

static char *put(const char *path, const uint8_t *data, size_t size)
{
	struct xlpt_host *h = host()->host;
	int fd = h->ops->open(h, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	NEED(fd >= 0 && xlpt_file_write_all(fd, data, size) == 0);
	close(fd);
	return xlpt_xasprintf("%s%s", h->root, path);
}

/* What it holds may have a line break, which a name had; in a file it is one line, and comes back. */
static void in_one_line(const char *text)
{
	_cleanup_free_ char *line = xlpt_text_encoded(text);

	NEED(!strchr(line, '\n'));
	NEED(!strcmp(xlpt_text_decode(line), text));
}

static void journal(const uint8_t *data, size_t size)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;

	free(put(JOURNAL, data, size));
	NEED(xlpt_journal_interrupted(host(), &js, &n, NULL) == 0 && n <= 1);
	for (size_t i = 0; i < n; i++) {
		NEED(js[i].op);
		in_one_line(js[i].op);
		for (char **note = js[i].notes; note && *note; note++)
			in_one_line(*note);
		xlpt_journal_get(&js[i], "file", 0);
		xlpt_journal_moves(&js[i]);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
}

/* What is read is written, and reads the same again. */
static void lease(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xlpt_xstrndup((const char *)data, size);
	struct xlpt_lease a = { .bdf = { .bus = 1, .dev = 16 }, .fd = -1 }, b = a;
	char record[XLPT_LEASE_RECORD + 1] = "", again[XLPT_LEASE_RECORD + 1] = "";

	if (size < XLPT_LEASE_RECORD / 2 && xlpt_lease_parse(&a, text)) {
		xlpt_lease_format(&a, record);
		memcpy(again, record, sizeof(again));
		NEED(xlpt_lease_parse(&b, again));
		xlpt_lease_format(&b, again);
		NEED(!memcmp(record, again, XLPT_LEASE_RECORD));
		free(xlpt_lease_holder(&a));
	}
	xlpt_lease_dispose(&a);
	xlpt_lease_dispose(&b);
}

static void known(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xlpt_xstrndup((const char *)data, size);
	_cleanup_known_ struct xlpt_known a = { 0 }, b = { 0 };
	_cleanup_str_ struct xlpt_str one = { 0 }, two = { 0 };
	_cleanup_free_ char *again = NULL;

	if (!xlpt_known_parse(&a, text))
		return;
	xlpt_known_format(&a, &one);
	again = xlpt_xstrdup(one.s);
	NEED(xlpt_known_parse(&b, again));
	xlpt_known_format(&b, &two);
	NEED(!strcmp(one.s, two.s));
}

static void macs(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xlpt_xstrndup((const char *)data, size);
	_cleanup_macs_ struct xlpt_macs a = { 0 }, b = { 0 };
	_cleanup_str_ struct xlpt_str one = { 0 }, two = { 0 };
	_cleanup_free_ char *again = NULL;

	if (!xlpt_macs_parse(&a, text))
		return;
	xlpt_macs_format(&a, &one);
	again = xlpt_xstrdup(one.s);
	NEED(xlpt_macs_parse(&b, again));
	xlpt_macs_format(&b, &two);
	NEED(!strcmp(one.s, two.s));
}

static void record(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *path = put("/run/image.xlpt", data, size),
			    *image = xlpt_xstrndup(path, strlen(path) - strlen(".xlpt"));
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_image_record_ struct xlpt_image_record r = { 0 };
	struct xlpt_image of = { .fd = -1,
				 .path = image,
				 .size = 4096,
				 .guest.uuid = "00000000-0000-4000-8000-000000000003" };
	int rc = xlpt_image_record_read(&of, &r, &diag);

	NEED(rc == 0 ? r.present : diag.message != NULL);
	for (size_t i = 0; i < r.n; i++)
		NEED(r.specs[i].has_bdf && !r.specs[i].all_funcs);
}

static void image(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *path = put("/run/image", data, size);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_image of;
	size_t len = 0;

	if (xlpt_image_open(&of, NULL, path, &diag)) {
		NEED(diag.message && diag.hint);
		return;
	}
	free(xlpt_image_head_without_devices(&of, &len));
	xlpt_image_dispose(&of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (*data) {
	case 'j':
		journal(data + 1, size - 1);
		break;
	case 'l':
		lease(data + 1, size - 1);
		break;
	case 'g':
		known(data + 1, size - 1);
		break;
	case 'm':
		macs(data + 1, size - 1);
		break;
	case 'r':
		record(data + 1, size - 1);
		break;
	case 'i':
		image(data + 1, size - 1);
		break;
	}
	return 0;
}
