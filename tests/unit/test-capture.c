/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A capture says the same as the host it was made of; it has no secrets; and
 * what is not a capture is told, not believed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/tempdir.h"
#include "tests/fake/bus-internal.h"
#include "tests/fake/world.h"
#include "tests/unit/lasting.h"
#include "xenstore/store-file.h"
#include "xl-plugin/backend/captured.h"

static char dir[] = "/tmp/xlpt-test-capture-XXXXXX";

static void sh(const char *fmt, ...) XLPT_PRINTF(1, 2);
static void sh(const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	if (system(line))
		fail_msg("%s", line);
}

static int setup(void **state)
{
	strcpy(strrchr(dir, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(dir));
	*state = world_new();
	/* Where it is put together, apart from other runs of this test. */
	setenv("TMPDIR", dir, 1);
	return 0;
}

static int teardown(void **state)
{
	unsetenv("TMPDIR");
	world_free(*state);
	sh("rm -rf %s", dir);
	return 0;
}

/* "xlpt LINE --sysroot TREE", on no host at all. */
static int offline(const char *line, char **text)
{
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt %s --sysroot %s/tree", line, dir);
	struct fake_clock clock;
	struct xlpt_env env = { .pci_ids = "tests/data/pci.ids" };
	char *argv[32] = { 0 }, *save = NULL;
	size_t len;
	int argc = 0, status;

	fake_clock_init(&clock);
	env.clock = &clock.clock;
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	env.out = env.err = open_memstream(text, &len);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fake_clock_dispose(&clock);
	return status;
}

static void capture(struct world *w)
{
	if (world_run(w, "capture -o %s/c.tar.gz", dir))
		fail_msg("%s%s", w->out, w->err);
	sh("mkdir %s/tree && tar -C %s/tree --strip-components=1 -xzf %s/c.tar.gz", dir, dir, dir);
}

static void same(struct world *w, const char *line)
{
	_cleanup_free_ char *text = NULL;
	int live = world_run(w, "%s", line), off = offline(line, &text);
	_cleanup_free_ char *want = xlpt_xasprintf("%s%s", w->out, w->err);

	if (live != off || strcmp(want, text) != 0)
		fail_msg("xlpt %s: exit %d and %d\n--- live\n%s--- captured\n%s", line, live, off,
			 want, text);
}

static void test_same(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_run(w, "attach web1 --hide 02:00.0"), 0);
	assert_int_equal(world_run(w, "attach win1 05:00.0"), 0);
	assert_int_equal(world_run(w, "hide 01:10.0"), 0);
	assert_int_equal(world_run(w, "pin nic0 02:00.0"), 0);
	assert_int_equal(world_run(w, "pin vf0 01:10.0"), 0);
	/* Lists that nobody reads, and who took a device: boot verify finds them there as here. */
	fake_bus_put(w->bus, "/etc/default/grub.d/mine",
		     "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(03:00.0)\"\n");
	fake_bus_put(w->bus, "/boot/efi/EFI/debian/xen.cfg",
		     "options=iommu=1 xen-pciback.hide=(02:00.0) x.password=hunter2\n");
	fake_bus_put(w->bus, "/etc/driverctl.d/0000:02:00.0", "vfio-pci\n");
	fake_bus_put(w->bus, "/usr/lib/dracut/modules.d/90qubes-pciback/x", "");
	/* One that has ended and is still there. */
	assert_int_equal(world_run(w, "attach db1 --hide 04:00.0 04:00.1"), 0);
	fake_ts_down(w->ts, 4);
	capture(w);
	same(w, "list");
	same(w, "list --json");
	same(w, "list --all");
	same(w, "show 02:00.0");
	same(w, "show --json 01:10.0");
	same(w, "show 00:1f.2");
	same(w, "show pin:nic0");
	same(w, "status");
	same(w, "status --json");
	same(w, "status web1");
	same(w, "status win1 --json");
	same(w, "pin list");
	same(w, "pin show vf0 --json");
	same(w, "reset --list 02:00.0 01:10.0");
	sh("grep -q 'xen-pciback.hide' %s/tree/boot/efi/EFI/debian/xen.cfg", dir);
	sh("! grep -r hunter2 %s/tree", dir);
	sh("test -e %s/tree/usr/lib/dracut/modules.d/90qubes-pciback", dir);
	same(w, "boot verify");
	same(w, "boot verify 02:00.0");
	same(w, "topology");
	same(w, "show --xml 02:00.0");
	same(w, "guard check web1");
	same(w, "pool list");
	same(w, "boot plan");
}

/* What is read must not be what another command changes. */
static void test_read_only(void **state)
{
	struct world *w = *state;
	static const char *const lines[] = { "attach web1 05:00.0",
					     "detach web1 05:00.0",
					     "hide 02:00.0",
					     "unhide 05:00.0",
					     "repair",
					     "reset 05:00.0",
					     "pin x 05:00.0",
					     "pin remove x",
					     "capture" };

	capture(w);
	sh("cp -a %s/tree %s/before", dir, dir);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(offline(lines[i], &text), 2);
		assert_non_null(strstr(text, "  try: "));
	}
	sh("diff -r --no-dereference %s/tree %s/before", dir, dir);
}

static void test_secrets(void **state)
{
	struct world *w = *state;

	fake_store_set(w->store, "hunter2", "/local/domain/0/backend/vfb/3/0/vncpasswd");
	fake_store_set(w->store, "hunter2", "/vm/00000000-0000-4000-8000-000000000003/vncpasswd");
	fake_store_set(w->store, "hunter2", "/local/domain/3/data/secret");
	fake_store_set(w->store, "hunter2", "/local/domain/3/console/vnc-pass");
	fake_store_set(w->store, "hunter2", "/libxl/3/device/vfb/0/vncpasswd");
	fake_bus_put(w->bus, "/etc/xen/web1.cfg", "vncpasswd='hunter2'\n");
	fake_bus_put(w->bus, "/var/lib/xen/userdata-d.3.libxl-json", "hunter2\n");
	fake_bus_put(w->bus, "/boot/grub/grub.cfg", "password hunter2\n");
	fake_bus_put(w->bus, "/etc/shadow", "hunter2\n");
	fake_bus_put(w->bus, "/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/dhchap_secret",
		     "hunter2\n");
	fake_bus_put(w->bus, "/var/lib/xlpt/backup/etc/x", "hunter2\n");
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf", "options x y=1\n");
	fake_bus_put(w->bus, "/var/lib/xlpt/applied", "entry one\n# password=hunter2\n");
	fake_bus_put(w->bus, "/var/lib/xlpt/macs", "xlpt-macs 1\n");
	assert_int_equal(world_run(w, "attach web1 05:00.0"), 0);
	capture(w);
	sh("! grep -r hunter2 %s/tree", dir);
	sh("grep -q 'y=1' %s/tree/etc/modprobe.d/hand.conf", dir);
	sh("grep -q '/local/domain/3/device/pci/0/state ' %s/tree/xlpt-capture/xenstore", dir);
	sh("grep -q 'entry one' %s/tree/var/lib/xlpt/applied", dir);
	sh("grep -q xlpt-macs %s/tree/var/lib/xlpt/macs", dir);
	sh("grep -q '^name web1' %s/tree/run/xlpt/guests/00000000-0000-4000-8000-000000000003",
	   dir);
	sh("test $(stat -c %%a %s/c.tar.gz) = 600", dir);
	/* Where it was put together nothing stays. */
	sh("! ls -d %s/xlpt-capture-?????? 2>/dev/null", dir);
}

static const struct {
	const char *path, *text;
} secrets[] = {
	{ "/proc/cmdline",
	  "root=/dev/sda1 rd.iscsi.password=hunter2 netroot=iscsi:me:hunter2@10.0.0.1::::iqn "
	  "xen_pciback.hide=(0000:05:00.0) iommu=hunter1\n" },
	{ "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"iscsi_password=hunter2 quiet\"\n" },
	{ "/etc/default/grub.d/xen.cfg",
	  "GRUB_CMDLINE_XEN='x password=\"hunter2 hunter2\"'\n"
	  "password_pbkdf2 root grub.pbkdf2.sha512.10000.hunter2\n" },
	{ "/etc/modprobe.d/my-secret.conf", "options wifi psk=hunter2 mode=1\n" },
	{ "/etc/modules", "iscsi_tcp secret=hunter2\n" },
	{ "/etc/dracut.conf.d/x.conf", "kernel_cmdline=\"rd.iscsi.in.password=hunter2\"\n" },
	{ "/etc/mkinitcpio.conf", "# password hunter2\n" },
	{ "/proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				  "21 1 0:9 / /f rw - fuse ftp://me:hunter2@nas/x rw\n" },
	{ "/proc/sys/kernel/osrelease", "6.12\n" },
	{ "/boot/config-6.12",
	  "CONFIG_SECRETMEM=y\nCONFIG_CMDLINE=\"cifspass=hunter2 quiet\"\nCONFIG_X=y\n" },
	{ "/run/xlpt/boot-changed", "password: hunter2\n" },
};

/* Wherever a password stands in what is taken, a mark stands in its place, and that is said. */
static void test_secrets_in_lists(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(secrets); i++)
		fake_bus_put(w->bus, secrets[i].path, secrets[i].text);
	fake_bus_put(w->bus, "/proc/bus/input/devices", "B: KEY=402000000 3803078f800d001\n");
	/* Guests write what they like. */
	fake_store_set(w->store, "password=hunter2", "/local/domain/3/error/device/pci/0/error");
	fake_store_set(w->store, "hunter2", "/local/domain/3/device/pci/0/vncpasswd");
	/* Files for one program's eyes, and a link as distributions have them. */
	fake_bus_put(w->bus, "/root/keys.conf", "unmarked hunter2\n");
	fake_bus_link(w->bus, "/etc/modprobe.d/keys.conf", "/root/keys.conf");
	fake_bus_put(w->bus, "/root/d/own.conf", "unmarked hunter2\n");
	fake_bus_link(w->bus, "/run/modprobe.d", "../root/d");
	fake_bus_put(w->bus, "/usr/lib/modprobe.d/plain.conf", "options plain a=1\n");
	fake_bus_link(w->bus, "/etc/modprobe.d/plain.conf", "/usr/lib/modprobe.d/plain.conf");
	sh("chmod 600 %s/root/keys.conf %s/root/d/own.conf", w->bus->dir, w->bus->dir);
	sh("chmod 600 %s/etc/modules", w->bus->dir);

	/* Two things that commands read are not in it. */
	assert_int_equal(world_run(w, "capture -o %s/c.tar.gz", dir), 1);
	assert_non_null(
		strstr(w->err, "taken out of /proc/cmdline: rd.iscsi.password, iscsi (2)\n"));
	assert_non_null(
		strstr(w->err, "taken out of /xlpt-capture/xenstore: vncpasswd, password (2)\n"));
	assert_non_null(strstr(
		w->err, "left out: /etc/modprobe.d/keys.conf: a link to a file that is not for "
			"everybody to read\n"));
	assert_non_null(
		strstr(w->err, "is not whole: 2 things that commands read could not be taken\n"));
	assert_non_null(strstr(w->err, "to mend: "));
	sh("mkdir %s/tree && tar -C %s/tree --strip-components=1 -xzf %s/c.tar.gz", dir, dir, dir);
	sh("! grep -r hunter2 %s/tree", dir);
	sh("grep -q 'CONFIG_SECRETMEM=y' %s/tree/boot/config-6.12", dir);
	sh("grep -q 'B: KEY=402000000 3803078f800d001' %s/tree/proc/bus/input/devices", dir);
	sh("grep -q 'TAKEN-OUT-BY-XLPT quiet' %s/tree/boot/config-6.12", dir);
	sh("grep -q 'xen_pciback.hide=(0000:05:00.0) iommu=hunter1' %s/tree/proc/cmdline", dir);
	sh("grep -q 'options plain a=1' %s/tree/etc/modprobe.d/plain.conf", dir);
	sh("grep -q '^/etc/modules: secret (1)$' %s/tree/xlpt-capture/taken-out", dir);
	sh("grep -q '^/run/modprobe.d/own.conf: a link' %s/tree/xlpt-capture/left-out", dir);
	/* The lists of xlpt's own are no texts of the host. */
	sh("grep -q '^/etc/modprobe.d/my-secret.conf: psk (1)$' %s/tree/xlpt-capture/taken-out",
	   dir);
	assert_null(strstr(w->err, "taken out of /xlpt-capture/taken-out"));
	sh("test $(wc -l <%s/tree/xlpt-capture/taken-out) = %zu", dir, XLPT_ARRAY_SIZE(secrets));
}

/* The list says the same, and nothing is written. */
static void test_list(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(secrets); i++)
		fake_bus_put(w->bus, secrets[i].path, secrets[i].text);
	assert_int_equal(world_run(w, "capture --list"), 0);
	assert_non_null(strstr(w->out, "/etc/default/grub\n"));
	assert_non_null(strstr(
		w->err,
		"taken out of /etc/default/grub.d/xen.cfg: password, password_pbkdf2 (2)\n"));
	assert_int_equal(world_run(w, "capture --list -o %s/c.tar.gz", dir), 2);
	assert_int_equal(world_run(w, "capture --list --json"), 0);
	assert_non_null(strstr(w->out, "\"file\": null"));
	assert_non_null(strstr(w->out, "\"what\": \"rd.iscsi.password, iscsi\""));
	assert_non_null(strstr(w->out, "\"whole\": true"));
	sh("! ls %s/* 2>/dev/null", dir);
	fake_bus_link(w->bus, "/etc/modprobe.d/keys.conf", "/root/keys.conf");
	fake_bus_put(w->bus, "/root/keys.conf", "x\n");
	sh("chmod 600 %s/root/keys.conf", w->bus->dir);
	assert_int_equal(world_run(w, "capture --list"), 1);
	assert_non_null(strstr(w->err, "the capture would be not whole"));
	assert_int_equal(world_run(w, "capture --list --json"), 1);
	assert_non_null(strstr(w->out, "\"whole\": false"));
	assert_null(strstr(w->out, "\"error\""));
}

static struct xlpt_host_ops bus_ops;
static const char *unreadable;

static ssize_t failing_read(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	size_t n = strlen(path), end = strlen(unreadable);

	return n >= end && !strcmp(path + n - end, unreadable) ? -EIO
							       : bus_ops.read(h, path, buf, size);
}

/* What could not be read is told; it is a failure when a command would say something else then. */
static void test_not_whole(void **state)
{
	static const struct {
		const char *path;
		int status;
	} cases[] = { { "/proc/sys/kernel/osrelease", 1 },
		      { "0000:02:00.0/config", 1 },
		      { "/proc/cmdline", 1 },
		      { "0000:02:00.0/vpd", 0 },
		      { "/proc/interrupts", 0 } };
	struct world *w = *state;

	bus_ops = w->bus->ops;
	w->bus->ops.read = failing_read;
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "6.12\n");
	fake_bus_put(w->bus, "/proc/cmdline", "quiet\n");
	fake_bus_put(w->bus, "/proc/interrupts", "x\n");
	fake_bus_put(w->bus, "/sys/devices/pci0000:00/0000:00:01.0/0000:02:00.0/vpd", "x");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		unreadable = cases[i].path;
		sh("rm -rf %s/*", dir);
		if (world_run(w, "capture -o %s/c.tar.gz", dir) != cases[i].status ||
		    !strstr(w->err, cases[i].path))
			fail_msg("%s: %s%s", cases[i].path, w->out, w->err);
		sh("tar -xzOf %s/c.tar.gz --wildcards '*/xlpt-capture/left-out' | grep -q '%s: Input/output error'",
		   dir, cases[i].path);
		if (cases[i].status)
			assert_non_null(strstr(w->err, "is not whole: "));
	}
}

static void test_output(void **state)
{
	struct world *w = *state;
	unsigned writes = fake_bus_writes(w->bus);

	assert_int_equal(world_run(w, "capture --dry-run"), 0);
	assert_non_null(strstr(w->out, "/sys/devices/pci0000:00/0000:00:1f.2/config\n"));
	assert_non_null(strstr(w->out, "/xlpt-capture/xenstore\n"));
	assert_int_equal(fake_bus_writes(w->bus), writes);
	assert_int_equal(world_run(w, "capture -o %s/x.tar.gz --json", dir), 0);
	assert_non_null(strstr(w->out, "\"file\""));
	assert_int_equal(world_run(w, "capture -o %s/x.tar.gz", dir), 1);
	assert_non_null(strstr(w->err, "File exists"));
	assert_int_equal(world_run(w, "capture -o /nonexistent/x.tar.gz"), 1);
	assert_int_equal(world_run(w, "capture more"), 2);
	sh("! ls -d %s/xlpt-capture-?????? 2>/dev/null", dir);
}

/* A FIFO is written into, a link stays one, and no link of another user is followed by root. */
static void test_special_output(void **state)
{
	struct world *w = *state;

	sh("mkfifo %s/fifo; ln -s made.tar.gz %s/link; cat %s/fifo >%s/got.tar.gz & ", dir, dir,
	   dir, dir);
	assert_int_equal(world_run(w, "capture -o %s/fifo", dir), 0);
	sh("test -p %s/fifo && sleep 0.1 && gzip -t %s/got.tar.gz", dir, dir);
	assert_int_equal(world_run(w, "capture -o %s/link", dir), 0);
	sh("test -L %s/link && gzip -t %s/made.tar.gz", dir, dir);
	assert_int_equal(world_run(w, "capture -o %s/link", dir), 1);
	assert_non_null(strstr(w->err, "File exists"));
	sh("ls -A %s | grep -q '^.xlpt-' && exit 1 || exit 0", dir);
	if (geteuid() != 0)
		return;
	sh("ln -s stolen.tar.gz %s/his; chown -h 65534:65534 %s/his", dir, dir);
	assert_int_equal(world_run(w, "capture -o %s/his", dir), 1);
	assert_non_null(strstr(w->err, "another user"));
	sh("! ls %s/stolen.tar.gz 2>/dev/null", dir);
}

/* ---- hostile trees ---- */

static void broken(const char *file, const char *text, const char *says)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/tree/xlpt-capture/%s", dir, file),
			    *out = NULL;
	FILE *f;
	int status;

	sh("cp -a %s %s.kept", path, path);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	status = offline("status", &out);
	if (status != 1 || !strstr(out, says) || !strstr(out, "to mend: "))
		fail_msg("%s: exit %d\n%s", text, status, out);
	sh("mv %s.kept %s", path, path);
}

static void test_hostile(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	capture(w);
	broken("xenstore", "/a\n", "xenstore:1: a line is PATH VALUE");
	broken("xenstore", "/a b\n/a c\n", "a node is there twice");
	broken("xenstore", "/a b\n../a c\n", "xenstore:2: this is not a path");
	broken("xenstore", "/a \\x0\n", "xenstore:1: a \\");
	broken("xenstore", "/a \\x00\n", "xenstore:1: a \\");
	broken("toolstack", "rubbish\n", "toolstack:1: ");
	broken("toolstack", "xlpt-capture 1\nguest x\n", "toolstack:2: ");
	broken("toolstack", "xlpt-capture 1\nguest 1 - pv on off 0 0 2 x\n", "toolstack:2: ");
	broken("toolstack", "xlpt-capture 1\nassigned 02:00.0 1\n", "toolstack:2: ");
	broken("toolstack", "xlpt-capture 1\nconfig 1 nonsense\n", "toolstack:2: ");
	broken("toolstack",
	       "xlpt-capture 1\nguest 3 0 pv on off 0 0 0 a\nguest 4 0 pv on off 0 0 0 b\n"
	       "guest 3 0 pv on off 0 0 0 c\n",
	       "two guests have the same domain number");
	/* A link that leads out of the tree leads nowhere. */
	sh("ln -sfn /etc/passwd %s/tree/xlpt-capture/xl-dmesg", dir);
	assert_int_equal(offline("status", &text), 1);
	assert_non_null(strstr(text, "it cannot be read"));
	assert_null(strstr(text, "root"));
}

/* Values of a guest's choice come back as they were. */
static void test_round_trip(void **state)
{
	struct world *w = *state;
	struct xlpt_store *live = fake_store_get(w->store), back;
	_cleanup_free_ char *text = NULL, *value = NULL, *again = NULL;
	_cleanup_strv_ char **names = NULL;

	fake_store_set(w->store, "a\\b \n\x01\xff=x", "/local/domain/3/device/pci/0/odd");
	assert_int_equal(xlpt_store_dump_pci(live, &text, NULL), 0);
	assert_int_equal(xlpt_store_open_text(&back, &w->clock.clock, text, NULL), 0);
	assert_int_equal(xlpt_store_read(&back, 0, &value, "/local/domain/3/device/pci/0/odd"), 0);
	assert_string_equal(value, "a\\b \n\x01\xff=x");
	assert_int_equal(xlpt_store_list(&back, 0, &names, "/local/domain"), 0);
	assert_int_equal(xlpt_strv_len(names), 4);
	assert_int_equal(xlpt_store_write(&back, 0, "x", "/a"), -EROFS);
	assert_int_equal(xlpt_store_rm(&back, 0, "/local"), -EROFS);
	assert_int_equal(xlpt_store_dump_pci(&back, &again, NULL), 0);
	assert_string_equal(text, again);
	xlpt_store_close(&back);
}

/* What takes one moment for a small file takes no hours for a large one. */
static void test_large(void **state)
{
	const unsigned escapes = lasting_many(1500000), configs = lasting_many(200000),
		       guests = 3000;
	_cleanup_str_ struct xlpt_str store = { 0 }, ts_text = { 0 };
	struct xlpt_store s;
	struct xlpt_toolstack ts;
	unsigned found = 0;

	(void)state;
	xlpt_str_add(&store, "/local/domain/3/name ");
	for (unsigned i = 0; i < escapes; i++)
		xlpt_str_add(&store, "\\x41");
	xlpt_str_add(&ts_text, "xlpt-capture 1\n");
	for (unsigned i = 1; i <= guests; i++)
		xlpt_str_addf(&ts_text, "guest %u - pv on off 0 0 0 g%u\n", i, i);
	for (unsigned i = 0; i < configs; i++)
		xlpt_str_addf(&ts_text, "config %u 0000:02:00.0\n", i % guests + 1);
	alarm(60);
	assert_int_equal(xlpt_store_open_text(&s, &xlpt_clock_real, store.s, NULL), 0);
	xlpt_store_close(&s);
	assert_int_equal(xlpt_toolstack_open_text(&ts, ts_text.s, NULL, NULL, NULL), 0);
	for (uint32_t id = 1; id <= guests; id++) {
		struct xlpt_guest g = { 0 };
		struct xlpt_spec *specs = NULL;
		size_t n = 0;

		assert_int_equal(ts.ops->guest_by_id(&ts, id, &g, NULL), 0);
		assert_int_equal(ts.ops->guest_config_pci(&ts, id, &specs, &n, NULL), 0);
		found += (unsigned)n;
		for (size_t k = 0; k < n; k++)
			xlpt_spec_dispose(&specs[k]);
		free(specs);
		xlpt_guest_dispose(&g);
	}
	alarm(0);
	assert_int_equal(found, configs);
	xlpt_toolstack_close(&ts);
}

/* Requester ids that Xen cannot tell apart; a host that was not asked for them has no answer. */
static void test_groups(void **state)
{
	static const char text[] = "xlpt-capture 1\ngroups\n"
				   "group 3 0000:02:00.0 0000:02:00.1\n";
	struct xlpt_bdf bdf = { .bus = 2 }, *out = NULL;
	struct xlpt_toolstack ts;
	size_t n;

	(void)state;
	assert_int_equal(xlpt_toolstack_open_text(&ts, text, NULL, NULL, NULL), 0);
	assert_int_equal(ts.ops->device_group(&ts, 3, bdf, &out, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(out[0].func, 1);
	free(out);
	assert_int_equal(ts.ops->device_group(&ts, 0, bdf, &out, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(out);
	xlpt_toolstack_close(&ts);
	assert_int_equal(xlpt_toolstack_open_text(&ts, "xlpt-capture 1\n", NULL, NULL, NULL), 0);
	assert_null(ts.ops->device_group);
	xlpt_toolstack_close(&ts);
	assert_int_equal(xlpt_toolstack_open_text(&ts, "xlpt-capture 1\ngroup 3 02:00.0 x\n", NULL,
						  NULL, NULL),
			 XLPT_ERR_DATA);
}

/* Who owns the folder could have root write, and remove, where he wants. */
static void test_folder_of_user(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *his = xlpt_xasprintf("%s/his", dir),
			    *below = xlpt_xasprintf("%s/root", his),
			    *link = xlpt_xasprintf("%s/link", his);
	struct xlpt_tempdir t = { .fd = -1 };

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(his, 0755) | mkdir(below, 0700) | chown(his, 65534, 65534), 0);
	setenv("TMPDIR", below, 1);
	assert_int_equal(world_run(w, "capture -o %s/c.tar.gz", dir), 1);
	assert_non_null(strstr(w->err, "other users could exchange it"));
	/* A link of his that leads to a folder of root's now may lead elsewhere a moment later. */
	assert_int_equal(symlink(dir, link), 0);
	setenv("TMPDIR", link, 1);
	assert_int_equal(xlpt_tempdir_make(&t, "xlpt-test-", NULL), 0);
	assert_true(xlpt_starts(t.path, dir) && t.path[strlen(dir)] == '/' &&
		    !xlpt_starts(t.path, his));
	xlpt_tempdir_dispose(&t);
	setenv("TMPDIR", below, 1);
	assert_int_equal(chown(his, 0, 0) | chmod(his, 0777), 0);
	assert_int_equal(world_run(w, "capture -o %s/c.tar.gz", dir), 1);
	assert_int_equal(chmod(his, 01777), 0);
	assert_int_equal(world_run(w, "capture -o %s/c.tar.gz", dir), 0);
	setenv("TMPDIR", dir, 1);
}

/* A tree without xenstore: the object is as its schema says it. */
static void test_without_xenstore(void **state)
{
	static const char *const members[] = { "\"interrupted\": [],", "\"unreadable\": [],",
					       "\"contradictions\": [],", "\"xen\": null" };
	_cleanup_free_ char *text = NULL;

	capture(*state);
	sh("rm -r %s/tree/xlpt-capture", dir);
	assert_int_equal(offline("status --json", &text), 0);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(members); i++)
		assert_non_null(strstr(text, members[i]));
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secrets_in_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_special_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folder_of_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_xenstore, setup, teardown),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_groups),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
