/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any file in the place of pci.ids: a bad one ends nothing, and its names are shown
 * as text and as JSON. A compressed one goes to libpci. The input is the file.
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- a host with one function: 8086:1533, class 02 ---- */

static ssize_t read_file(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	static const struct {
		const char *name, *text;
	} files[] = { { "vendor", "0x8086\n" },
		      { "device", "0x1533\n" },
		      { "class", "0x020000\n" } };
	const char *name = strrchr(path, '/') + 1;

	(void)h;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		size_t n = strlen(files[i].text);

		if (!xlpt_streq(name, files[i].name) || n > size)
			continue;
		memcpy(buf, files[i].text, n);
		return (ssize_t)n;
	}
	return -ENOENT;
}

static ssize_t no_link(struct xlpt_host *h, const char *path, char *buf, size_t size)
{
	(void)h;
	(void)path;
	(void)buf;
	(void)size;
	return -ENOENT;
}

static int no_list(struct xlpt_host *h, const char *path, char ***names)
{
	(void)h;
	(void)path;
	*names = NULL;
	return -ENOENT;
}

static int not_there(struct xlpt_host *h, const char *path)
{
	(void)h;
	(void)path;
	return -ENOENT;
}

static int no_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	return not_there(h, path);
}

static const struct xlpt_host_ops ops = { .read = read_file,
					  .readlink = no_link,
					  .list = no_list,
					  .exists = not_there,
					  .open = no_open };

/* ---- */

static void judge(const char *name, const uint8_t *data, size_t size)
{
	static const char complaint[] = "<pci_lookup_name";
	_cleanup_free_ char *shown = xlpt_text_shown(name);

	/* libpci says so in the place of a name when the room for it is too small. */
	must(!name || !xlpt_starts(name, complaint) ||
	     memmem(data, size, complaint, strlen(complaint)));
	must(!shown || xlpt_text_is_plain(shown));
}

/* The names as list and show print them. */
static void judge_json(const struct xlpt_device *d)
{
	struct json_object *o = json_object_new_object(), *back;
	_cleanup_free_ char *text = NULL, *why = NULL;
	size_t len = 0;
	struct xlpt_env env = { .out = open_memstream(&text, &len) };

	must(env.out);
	xlpt_json_add(o, "vendor", xlpt_json_str(d->vendor_name));
	xlpt_json_add(o, "device", xlpt_json_str(d->device_name));
	xlpt_json_add(o, "class", xlpt_json_str(d->class_name));
	xlpt_print_json(&env, o);
	fclose(env.out);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	must(xlpt_text_is_plain(text));
	back = xlpt_json_object_parse(text, &why);
	must(back && json_object_object_length(back) == 3);
	json_object_put(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_device_ struct xlpt_device one = { 0 }, two = { 0 };
	struct xlpt_host h = { .ops = &ops, .rootfd = -1 };
	struct xlpt_bdf bdf = { .bus = 1 };
	_cleanup_free_ char *path = NULL;
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("pci.ids", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	path = xlpt_xasprintf("/proc/self/fd/%d", fd);
	must(xlpt_scan_one(&h, bdf, XLPT_SCAN_NAMES, path, &one, NULL) == 0);
	must(xlpt_scan_one(&h, bdf, XLPT_SCAN_NAMES, path, &two, NULL) == 0);
	must(one.vendor == 0x8086 && one.device == 0x1533);
	must(xlpt_streq(one.vendor_name, two.vendor_name) &&
	     xlpt_streq(one.device_name, two.device_name) &&
	     xlpt_streq(one.class_name, two.class_name));
	judge(one.vendor_name, data, size);
	judge(one.device_name, data, size);
	judge(one.class_name, data, size);
	judge_json(&one);
	return 0;
}
