/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt convert from the command line: files, trees, errors that touch nothing. */
#include "tests/unit/converting.h"

static int setup(void **st)
{
	(void)st;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	return !mkdtemp(dir) || chdir(dir);
}

static int unlink_one(const char *path, const struct stat *sb, int flag, struct FTW *f)
{
	(void)sb;
	(void)flag;
	(void)f;
	return remove(path);
}

static int teardown(void **st)
{
	(void)st;
	return chdir("/") || nftw(dir, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define GUEST "name = 'w'\nmemory = 512\npci = [ '09:00.0' ]\n"

static void test_one(void **st)
{
	_cleanup_free_ char *xml = NULL, *cfg = NULL;

	(void)st;
	put("w.cfg", GUEST "altp2m = 1\n");
	assert_int_equal(run("w.cfg -o w.xml"), 0);
	assert_non_null(strstr(err, "w.cfg: 1 changed, 1 note (--explain lists them)"));
	xml = get("w.xml");
	assert_non_null(strstr(xml, "<hostdev"));
	assert_int_equal(run("--explain w.cfg"), 0);
	assert_non_null(strstr(out, "<domain"));
	assert_non_null(strstr(err, "w.cfg:4: changed: altp2m: "));
	assert_int_equal(run("w.xml -o back.cfg"), 0);
	cfg = get("back.cfg");
	assert_non_null(strstr(cfg, "altp2m = 1\n"));
	assert_int_equal(run("--devices-only w.cfg"), 0);
	assert_null(strstr(out, "<domain"));
	assert_non_null(strstr(out, "<hostdev"));
	assert_int_equal(run("--json w.cfg"), 0);
	assert_non_null(strstr(out, "\"severity\": \"changed\""));
	assert_non_null(strstr(out, "\"text\": "));
}

static void test_errors(void **st)
{
	_cleanup_free_ char *kept = NULL, *none = NULL;

	(void)st;
	put("w.cfg", GUEST "altp2m = 1\n");
	put("bad.cfg", "name = 'w'\npci = [ '09:00.9' ]\n");
	put("bad.xml", "<domain>\n<name>x</nam></domain>");
	put("old.xml", "old");
	assert_int_equal(run("--strict w.cfg -o old.xml"), 1);
	assert_non_null(strstr(err, "w.cfg:4:"));
	assert_int_equal(run("bad.cfg -o old.xml"), 2);
	assert_non_null(strstr(err, "bad.cfg:2:16: "));
	assert_int_equal(run("bad.xml -o old.xml"), 2);
	assert_non_null(strstr(err, "bad.xml:2:"));
	kept = get("old.xml");
	assert_string_equal(kept, "old");
	none = get("new.xml");
	assert_null(none);
	/* What people paste out of descriptions. */
	put("ns.xml", "<domain type='kvm'><name>a</name>\n<qemu:commandline/></domain>\n");
	expect(2, "ns.xml", "ns.xml:2:");
	expect(2, "ns.xml", "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'");
	assert_int_equal(run("w.cfg -o nodir/x.xml"), 1);
	assert_int_equal(run("nosuch.cfg"), 1);
	assert_int_equal(run("--to pdf w.cfg"), 2);
	assert_int_equal(run(""), 2);
	assert_int_equal(run("w.cfg bad.cfg"), 2);
	assert_int_equal(run("--add 09:00.0 w.cfg"), 2);
	assert_int_equal(run("--edit w.cfg"), 2);
	assert_int_equal(run("--edit w.cfg --add 9:0"), 2);
	assert_int_equal(run("--edit w.cfg --remove 0a:00.0"), 1);
	assert_int_equal(run("--edit w.cfg --add 0a:00.0 --to xl"), 2);
}

/* What xlpt start reads and nobody else does: whose it is, and what helps. */
static void test_ours(void **st)
{
	static const struct {
		const char *entry, *is, *helps;
		unsigned column;
	} all[] = {
		{ "pool:lan", "an entry out of a pool is", "the address of one VF here", 10 },
		{ "pool:lan,vlan=42", "an entry out of a pool is", "xlpt start takes this file",
		  10 },
		{ "pool:", "an entry out of a pool is", "xlpt start", 10 },
		{ "0000:01:10.0,pool=lan", "an entry out of a pool is", "xlpt start", 23 },
		{ "pin:nic0", "an entry with a pin is", "xlpt pin show NAME", 10 },
		{ "0000:01:10.0,mac=52:54:00:00:00:01", "the network identity of a VF is",
		  "<interface type='hostdev'>", 23 },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(all); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf(
			"name = \"a\"\nmemory = 512\npci = [ \"%s\" ]\n", all[i].entry);
		_cleanup_free_ char *says = xlpt_xasprintf(
			"a.cfg:3:%u: %s: %s xlpt's own, which neither xl nor libvirt knows",
			all[i].column, all[i].entry, all[i].is);

		put("a.cfg", text);
		assert_int_equal(run("a.cfg"), 2);
		if (!strstr(err, says) || !strstr(err, all[i].helps))
			fail_msg("no \"%s\" and \"%s\" in\n%s", says, all[i].helps, err);
	}
	put("a.cfg", "name = \"a\"\nmemory = 512\npci = [ \"0000:01:10.0,bogus=1\" ]\n");
	assert_int_equal(run("a.cfg"), 2);
	assert_non_null(strstr(err, "a.cfg:3:23: 0000:01:10.0,bogus=1: column 14: unknown key"));
}

static void test_compare(void **st)
{
	(void)st;
	put("a.cfg", GUEST "altp2m = 1 # why\n");
	put("b.cfg",
	    "memory = 512 # said in another order\nname = \"w\"\npci = [ '0000:09:00.0' ]\n"
	    "altp2m = 1\n");
	assert_int_equal(run("--compare a.cfg b.cfg"), 0);
	assert_string_equal(out, "");
	put("b.cfg", "name = 'w'\nmemory = 256\npci = [ '09:00.0,seize=1' ]\n");
	assert_int_equal(run("--compare a.cfg b.cfg"), 1);
	assert_string_equal(out, "memory: 524288 -> 262144\nmaxmem: 524288 -> 262144\n"
				 "pci[0000:09:00.0].seize: off -> on\n"
				 "pci[0000:09:00.0].managed: off -> on\n"
				 "extra: xl altp2m: 1 -> (not said)\n");
	assert_non_null(strstr(err, "5 differences"));
	assert_int_equal(run("--compare --json a.cfg b.cfg"), 1);
	assert_non_null(strstr(out, "\"second\": \"262144\""));
	assert_int_equal(run("--compare --devices-only a.cfg b.cfg"), 1);
	assert_null(strstr(out, "memory"));
	/* What is kept for the way back is not what libvirt is told. */
	put("a.cfg", GUEST "kernel = '/boot/k'\naltp2m = 1\n");
	assert_int_equal(run("a.cfg -o c.xml"), 0);
	assert_int_equal(run("--compare a.cfg c.xml"), 1);
	assert_string_equal(out, "extra: xl altp2m: 1 -> (not said)\n");
	put("bad.cfg", "name = 'w'\npci = [ '09:00.9' ]\n");
	assert_int_equal(run("--compare a.cfg bad.cfg"), 2);
	assert_non_null(strstr(err, "bad.cfg:2:16: "));
	assert_int_equal(run("--compare a.cfg"), 2);
	assert_int_equal(run("--compare a.cfg b.cfg c.xml"), 2);
	assert_int_equal(run("--compare - -"), 2);
	assert_int_equal(run("--compare a.cfg b.cfg -o d"), 2);
	assert_int_equal(run("--compare a.cfg nosuch"), 1);
}

static void test_tree(void **st)
{
	_cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;

	(void)st;
	assert_int_equal(mkdir("in", 0755) | mkdir("in/sub", 0755), 0);
	put("in/a.cfg", GUEST);
	put("in/b.conf", GUEST);
	put("in/sub/c.cfg", GUEST);
	put("in/sub/d.cfg", "broken\n");
	put("in/notes.txt", "no configuration");
	assert_int_equal(symlink("a.cfg", "in/link.cfg"), 0);
	assert_int_equal(run("-o out in"), 2);
	assert_non_null(strstr(err, "in/sub/d.cfg:1:"));
	assert_non_null(strstr(out, "3 converted, 1 failed"));
	a = get("out/a.xml");
	b = get("out/b.conf.xml");
	c = get("out/sub/c.xml");
	d = get("out/sub/d.xml");
	e = get("out/link.xml");
	assert_true(a && b && c && !d && !e);
	assert_int_equal(run("-o in in"), 2);
	assert_int_equal(run("--to xl -o out2 in"), 0);
	assert_non_null(strstr(out, "4 skipped"));
}

/* A directory like /etc/xen: what is no guest's is told, counted, and no error. */
static void test_others(void **st)
{
	_cleanup_free_ char *a = NULL, *b = NULL;

	(void)st;
	assert_int_equal(mkdir("xen", 0755), 0);
	put("xen/xl.conf", "#autoballoon=\"auto\"\nlockfile=\"/var/lock/xl\"\n");
	put("xen/oxenstored.conf", "quota-activate = true\n");
	put("xen/xlexample.cfg", GUEST);
	put("xen/hook.conf", "#!/bin/sh\nexit 0\n");
	put("xen/empty.cfg", "# name = 'x'\n\n");
	put("xen/tool.conf", "colour = 'red'\nvif.default.bridge = 'x'\n");
	put("xen/shell.conf", "# for the boot script\nXENDOMAINS_SAVE=/var/lib/xen/save\n");
	put("xen/w.cfg", GUEST);
	assert_int_equal(run("--to libvirt -o made xen"), 0);
	assert_non_null(strstr(err, "xen/shell.conf: skipped: it sets nothing of a guest"));
	assert_non_null(strstr(out, "1 converted, 0 failed, 7 skipped; 1 note"));
	assert_non_null(strstr(err, "xen/xl.conf: skipped: settings of Xen's own tools"));
	assert_non_null(strstr(err, "xen/hook.conf: skipped: a script"));
	assert_non_null(strstr(err, "xen/xlexample.cfg: skipped: an example"));
	assert_non_null(strstr(err, "xen/empty.cfg: skipped: empty"));
	assert_non_null(strstr(err, "xen/tool.conf: skipped: it sets nothing of a guest"));
	a = get("made/w.xml");
	b = get("made/xl.conf.xml");
	assert_true(a && !b);
	/* By itself, such a file is an error, and says which. */
	assert_int_equal(run("xen/empty.cfg"), 2);
	assert_non_null(strstr(err, "empty: it sets nothing"));
	assert_int_equal(run("xen/tool.conf"), 2);
	assert_non_null(strstr(err, "nothing of a guest"));
	assert_int_equal(run("xen/xlexample.cfg"), 0);
}

static void test_output_is_input(void **st)
{
	_cleanup_free_ char *kept = NULL;

	(void)st;
	put("w.cfg", GUEST);
	assert_int_equal(link("w.cfg", "hard.cfg") | symlink("w.cfg", "soft.cfg"), 0);
	assert_int_equal(run("w.cfg -o w.cfg"), 2);
	assert_non_null(strstr(err, "both input and output"));
	assert_int_equal(run("w.cfg -o ./hard.cfg"), 2);
	assert_int_equal(run("soft.cfg -o w.cfg"), 2);
	assert_int_equal(run("--to xl w.cfg -o w.cfg"), 2);
	kept = get("w.cfg");
	assert_string_equal(kept, GUEST);
	assert_int_equal(run("w.cfg -o w.xml"), 0);
	assert_int_equal(run("w.cfg -o w.xml"), 0);
}

static void test_report(void **st)
{
	char *changed, *kept, *note, *sum;

	(void)st;
	put("w.cfg", "oos = 1\ncolour = 'red'\n" GUEST "altp2m = 1\nkernel = 'k'\n"
		     "disk = [ 'iscsi:x,xvda,w', '/a,,xvdb,,direct-io-safe' ]\n");
	assert_int_equal(run("--explain w.cfg"), 0);
	changed = strstr(err, "w.cfg:6: changed: altp2m: ");
	kept = strstr(err, "w.cfg:1: kept: oos: ");
	note = strstr(err, "w.cfg:2: note: colour: unknown: ");
	sum = strstr(err, "\nw.cfg: 5 changed, 1 kept, 1 note\n");
	assert_true(changed && kept && note && sum);
	assert_true(changed < kept && kept < note && note < sum);
	assert_true(strstr(err, "disk[xvda].script: ") <
		    strstr(err, "disk[xvdb].direct_io_safe: "));
	assert_null(strstr(err, ":0:"));
	assert_int_equal(run("--explain --json w.cfg"), 0);
	assert_non_null(strstr(out, "\"counts\": {"));
	assert_non_null(strstr(out, "\"changed\": 5,"));
	assert_non_null(strstr(out, "\"element\": \"disk[xvda]\""));
	/* What has no place in the file has no line. */
	put("m.cfg", "name = 'w'\n");
	assert_int_equal(run("--explain m.cfg"), 0);
	assert_non_null(strstr(err, "m.cfg: note: memory: not said"));
	/* What changes nothing of the guest is nothing for --strict. */
	put("k.cfg", "oos = 1\ncolour = 'red'\n" GUEST);
	assert_int_equal(run("--strict k.cfg"), 0);
	assert_int_equal(run("--strict w.cfg"), 1);
	assert_non_null(strstr(err, "5 things of the guest would change"));
	put("n.cfg", GUEST "kernel = '/k'\n");
	assert_int_equal(run("--explain n.cfg"), 0);
	assert_string_equal(err, "n.cfg: nothing lost\n");
}

static void test_edit(void **st)
{
	_cleanup_free_ char *one = NULL, *two = NULL;
	struct stat sb;

	(void)st;
	put("w.cfg", "# mine\n" GUEST);
	assert_int_equal(chmod("w.cfg", 0600) | symlink("w.cfg", "l.cfg"), 0);
	assert_int_equal(run("--edit l.cfg --add pci_0000_0a_00_1 --remove 09:00.0 --dry-run"), 0);
	assert_string_equal(out, "# mine\nname = 'w'\nmemory = 512\npci = [ \"0000:0a:00.1\" ]\n");
	one = get("w.cfg");
	assert_string_equal(one, "# mine\n" GUEST);
	assert_int_equal(run("--edit l.cfg --add 0a:00.1,permissive=1"), 0);
	two = get("w.cfg");
	assert_string_equal(two, "# mine\nname = 'w'\nmemory = 512\n"
				 "pci = [ '09:00.0', '0000:0a:00.1,permissive=1' ]\n");
	assert_int_equal(stat("w.cfg", &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(lstat("l.cfg", &sb), 0);
	assert_true(S_ISLNK(sb.st_mode));
	/* An output that nobody else may read stays so, whatever the input was. */
	put("o.xml", "");
	assert_int_equal(chmod("o.xml", 0600) | chmod("w.cfg", 0644), 0);
	assert_int_equal(run("w.cfg -o o.xml"), 0);
	assert_int_equal(stat("o.xml", &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(chmod("w.cfg", 0600) | chmod("o.xml", 0644), 0);
	assert_int_equal(run("w.cfg -o o.xml"), 0);
	assert_int_equal(stat("o.xml", &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(run("--edit w.cfg --add 0a:00.1,permissive=1"), 0);
	assert_non_null(strstr(out, "needs no change"));
}

/* The check list goes to people once: on standard error, in the file, or in JSON. */
static void test_for_xen(void **st)
{
#define KVM \
	"<domain type='kvm'><name>k</name><memory>65536</memory><os><type>hvm</type></os></domain>"
	_cleanup_free_ char *cfg = NULL, *plain = NULL, *batch = NULL;

	(void)st;
	put("k.xml", KVM);
	put("w.cfg", GUEST);
	assert_int_equal(run("k.xml -o k.cfg"), 0);
	assert_non_null(strstr(err, "before the guest starts under Xen"));
	assert_non_null(strstr(err, "  - drivers: "));
	cfg = get("k.cfg");
	assert_non_null(strstr(cfg, "#xlpt-note: - drivers: "));
	assert_int_equal(run("--no-for-xen k.xml -o p.cfg"), 0);
	assert_null(strstr(err, "drivers"));
	plain = get("p.cfg");
	assert_null(strstr(plain, "drivers"));
	assert_int_equal(run("--json k.xml"), 0);
	assert_non_null(strstr(out, "\"todo\": "));
	assert_non_null(strstr(out, "xen-blkfront"));
	assert_int_equal(run("k.xml w.cfg --to xl -o ."), 0);
	assert_null(strstr(err, "drivers"));
	batch = get("k.cfg");
	assert_string_equal(batch, cfg);
	/* Where it makes no sense it is refused. */
	assert_int_equal(run("--for-xen --no-for-xen k.xml"), 2);
	assert_int_equal(run("--for-xen w.cfg"), 2);
	assert_int_equal(run("--for-xen --devices-only k.xml"), 2);
	assert_int_equal(run("--compare --for-xen k.xml k.cfg"), 2);
	assert_int_equal(run("--edit w.cfg --no-for-xen --add 09:00.1"), 2);
}

/* An HVM guest with devices and maxmem above memory is not created: told where a device is added. */
static void test_edit_memory(void **st)
{
	(void)st;
	put("m.cfg", "name = \"win\"\ntype = \"hvm\"\nmemory = 2048\nmaxmem = 8192\n");
	assert_int_equal(run("--edit m.cfg --add 0a:00.1 --dry-run"), 0);
	assert_non_null(strstr(out, "pci = [ \"0000:0a:00.1\" ]"));
	assert_non_null(strstr(err,
			       "m.cfg: an HVM guest with devices cannot have maxmem above "
			       "memory: xl create refuses it\n  to mend: write maxmem = 2048"));
	assert_int_equal(run("--edit m.cfg --add 0a:00.1"), 0);
	assert_non_null(strstr(err, "cannot have maxmem above memory"));
	assert_int_equal(run("--edit m.cfg --remove 0a:00.1"), 0);
	assert_string_equal(err, "");
	put("m.cfg", "name = \"win\"\ntype = \"pv\"\nmemory = 2048\nmaxmem = 8192\n");
	assert_int_equal(run("--edit m.cfg --add 0a:00.1"), 0);
	assert_string_equal(err, "");
	put("m.cfg", "name = \"p\"\ntype = \"pvh\"\nmemory = 2048\nmaxmem = 8192\n");
	assert_int_equal(run("--edit m.cfg --add 0a:00.1"), 0);
	assert_string_equal(err, "m.cfg: a PVH guest cannot have devices: xl create refuses it\n"
				 "  to mend: write type=\"hvm\" or type=\"pv\"\n");
	put("m.cfg", "name = \"p\"\ntype = \"pv\"\nmemory = 2048\npassthrough=\"disabled\"\n");
	assert_int_equal(run("--edit m.cfg --add 0a:00.1"), 0);
	assert_non_null(strstr(err, "to mend: leave passthrough out"));
}

/* Places in the guest that xl and QEMU would not give. */
static void test_edit_slots(void **st)
{
	(void)st;
	put("s.cfg", CFG "type = 'hvm'\npci = [ '01:00.0@5' ]\n");
	expect(0, "--edit s.cfg --add 04:00.0@5 -n",
	       "0000:01:00.0@5 and 0000:04:00.0@5 ask for one slot of the guest");
	expect(0, "--edit s.cfg --add 04:00.* -n", "as in 0000:04:00.*@7");
	assert_int_equal(run("--edit s.cfg --add 04:00.*@6 -n"), 0);
	assert_string_equal(err, "");
	put("s.cfg", CFG "kernel = '/k'\npci = [ '01:00.0@5' ]\n");
	assert_int_equal(run("--edit s.cfg --add 04:00.0@5 -n"), 0);
	assert_string_equal(err, "");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_is_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report, setup, teardown),
		cmocka_unit_test_setup_teardown(test_for_xen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_edit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_edit_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_edit_slots, setup, teardown),
	};
	/* clang-format on */
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(out);
	free(err);
	return failed;
}
