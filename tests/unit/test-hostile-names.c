/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host on which others have named things as badly as they can: guests,
 * interfaces, mount points, xenstore's nodes, files of xlpt's own folders, what
 * the kernel's files say, and words of the command line. Every reading command
 * shows that as text without an order to a terminal, and as JSON that is UTF-8
 * and parses; and no file that xlpt keeps gets a line by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/unit/pooling.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/macs.h"

/* What a shell runs, a terminal obeys, a reader is misled by, and a parser chokes on; no blank. */
#define IFNAME "e$(id)`id`\033[31m\a\177\xff\xe2\x80\xae\xc2\x9b\"\\\\x1b"
#define EVIL   IFNAME "\nnote\nimage\t/etc/passwd\r\xed\xa0\x80"
/* The same as mountinfo and fstab write it. */
#define MOUNTED "/mnt/\033[31m\\012\\040\\011\xff\xe2\x80\xae$(id)"

static void name_guest(struct world *w, uint32_t domid, const char *name)
{
	struct xlpt_guest *g = fake_ts_find(w->ts, domid, NULL);

	assert_non_null(g);
	free(g->name);
	g->name = xlpt_xstrdup(name);
	fake_store_set(w->store, name, "/local/domain/%u/name", domid);
}

static void kept_file(struct world *w, const char *dir, const char *text)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, IFNAME);

	fake_bus_put(w->bus, path, text);
}

static int hostile_host(void **state)
{
	struct world *w = pools_world();
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, "0000:0e:00.0"),
			    *net = xlpt_xasprintf("%s/net/%s/address", dev, IFNAME),
			    *up = xlpt_xasprintf("%s/net/%s/flags", dev, IFNAME), *methods = NULL,
			    *sys = xlpt_xasprintf("/sys/class/net/%s", IFNAME),
			    *to = xlpt_xasprintf("%s/net/%s", dev, IFNAME);
	_cleanup_free_ char *route =
		xlpt_xasprintf("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
			       "%s\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\n",
			       IFNAME);

	*state = w;
	fake_bus_put(w->bus, net, "52:54:00:00:00:01\n");
	fake_bus_put(w->bus, up, "0x1003\n");
	fake_bus_link(w->bus, sys, to);
	fake_bus_put(w->bus, "/proc/net/route", route);
	fake_bus_put(w->bus, "/proc/1/mountinfo",
		     "20 1 8:1 / " MOUNTED " rw - ext4 /dev/\033[2Jsda1 rw\n");
	fake_bus_put(w->bus, "/proc/swaps",
		     "Filename Type Size Used Priority\n/dev/\033[2J\xff partition 1 1 1\n");
	fake_bus_put(w->bus, "/proc/cmdline", "root=/dev/\033[2J\xff console=" IFNAME "\n");
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "6.1\033[31m\xff\n");
	fake_bus_put(w->bus, "/etc/modprobe.d/" IFNAME ".conf",
		     "options xen-pciback hide=(0000:05:00.0)\nsoftdep \033[31m pre: \xff\n");
	fake_bus_put(w->bus, "/etc/default/libvirt-guests", "ON_SHUTDOWN=suspend\n");
	free(XLPT_TAKE(dev));
	dev = fake_bus_devpath(w->bus, "0000:04:00.0");
	methods = xlpt_xasprintf("%s/reset_method", dev);
	fake_bus_put(w->bus, methods, "flr \033[31m\xff\n");
	pools_list_pool(w, "lan", 0x10, 3);
	kept_file(w, "/var/lib/xlpt/pools", "name = " IFNAME "\n");
	kept_file(w, "/var/lib/xlpt/pins", "xlpt-pin 1\n" EVIL);
	fake_bus_put(
		w->bus, "/var/lib/xlpt/leases/0000:01:10.2",
		"xlpt-lease 1\ndevice 0000:01:10.2\npool lan\nguest 5 - \033[31m\xff\xe2\x80\xae\n"
		"boot " POOLS_BOOT "\nsince 1\n");
	name_guest(w, 3, EVIL);
	/* And letters beyond ASCII, which are no harm. */
	name_guest(w, 4, "b\xc3\xbcro\xe2\x82\xac");
	name_guest(w, 5, "bidi\xe2\x80\xae\xff");
	ok(w, "attach 3 0000:02:00.0 --hide");
	/* What a guest can write, and what libxl's own notes may say. */
	fake_store_set(w->store, EVIL, "/local/domain/3/error/device/pci/0/error");
	fake_store_set(w->store, "22 version mismatch (" EVIL ")",
		       "/local/domain/0/error/backend/pci/3/0/error");
	fake_store_set(w->store, EVIL, "/libxl/pci/0000-03-00-0/driver_path");
	return 0;
}

/* ---- what may not come out ---- */

static void judge(const char *line, const char *what, const char *text)
{
	for (const char *s = text; *s;) {
		/* A document may be indented by tabs. */
		size_t tabs = strspn(s, "\t"), n = strcspn(s, "\n");
		_cleanup_free_ char *one = xlpt_xstrndup(s + tabs, n - tabs);

		if (!xlpt_text_is_plain(one)) {
			_cleanup_free_ char *shown = xlpt_text_shown(one);

			fail_msg("xlpt %s: its %s has, raw: %s", line, what, shown);
		}
		s += n + (s[n] == '\n');
	}
}

/* The line that mends is there to be copied into a shell. */
static void judge_mend(const char *line, const char *text)
{
	for (const char *s = text; (s = strstr(s, "  to mend: ")); s++) {
		_cleanup_free_ char *one = xlpt_xstrndup(s, strcspn(s, "\n"));

		if (strstr(one, "$(id)") || strchr(one, '`'))
			fail_msg("xlpt %s: a shell runs part of: %s", line, one);
	}
}

static void judge_json(const char *line, const char *text)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)strlen(text) + 1);
	if (!o || json_tokener_get_error(t) != json_tokener_success)
		fail_msg("xlpt %s: no JSON: %s\n%s", line,
			 json_tokener_error_desc(json_tokener_get_error(t)), text);
	json_object_put(o);
	json_tokener_free(t);
}

/* Each with a @ where a word of the evil kind stands; what they exit with is not asked. */
/* clang-format off */
static const char *const commands[] = {
	"list",
	"list -o device,driver,state,set,reset,sriov,numa,id,guest,parent,class,name",
	"list --guest 3",
	"list --guest @",
	"list --driver @",
	"list --class @",
	"show 0000:00:1f.2",
	"show 0000:01:00.0",
	"show 0000:01:10.2",
	"show 0000:02:00.0",
	"show 0000:04:00.0",
	"show 0000:0e:00.0",
	"show @",
	"topology",
	"topology --dot",
	"status",
	"status 3",
	"status @",
	"doctor",
	"doctor --metrics",
	"repair --dry-run",
	"attach 3 0000:00:1f.2 --dry-run",
	"attach 3 0000:0e:00.0 --dry-run",
	"attach 3 0000:04:00.0 --dry-run",
	"attach 3 0000:02:00.0 --dry-run",
	"attach 4 0000:02:00.0 --dry-run",
	"attach 3 @",
	"attach 3 0000:04:00.0,name=@ --dry-run",
	"attach 3 0000:04:00.0,@",
	"attach 3 pool:@",
	"attach 3 pin:@",
	"attach 3 0000:04:00.0 --config @",
	"attach @ 0000:04:00.0",
	"detach 3 0000:02:00.0 --dry-run",
	"detach 4 0000:02:00.0 --dry-run",
	"detach @ @",
	"hide 0000:0e:00.0 --dry-run",
	"hide 0000:00:1f.2 --dry-run",
	"unhide 0000:02:00.0 --dry-run",
	"reset 0000:04:00.0 --dry-run",
	"reset 0000:04:00.0 --method @",
	"reset 0000:02:00.0 --dry-run",
	"pin list",
	"pin show @",
	"pin @ 0000:04:00.0",
	"pool list",
	"pool show lan",
	"pool show @",
	"pool export lan",
	"pool export lan --xml",
	"pool release --dry-run",
	"pool define @ pf=@",
	"vf list",
	"vf list @",
	"vf set 0000:01:10.0 mac=@",
	"vf create @ 2 --dry-run",
	"budget",
	"budget 0000:02:00.0",
	"guard status",
	"guard check 3",
	"guard check @",
	"guard check 3 --for @",
	"boot plan 0000:04:00.0",
	"boot plan @",
	"boot verify",
	"save 3 @ --dry-run",
	"migrate 3 @ --dry-run",
	"migrate 3 other --map @ --dry-run",
	"restore @",
	"start @ --dry-run",
	"convert @",
	"convert --explain @",
	"capture --list",
	"__complete commands",
	"__complete devices",
	"__complete guests",
	"__complete pins",
	"__complete pools",
	"__complete pfs",
	"__complete vfs",
	"__complete options @",
	"__complete line -- attach @",
	"__complete line -- attach 3 x",
	"__complete line -- vf create x",
	"@",
	"help @",
	"list --@",
	"-v list",
	"--sysroot @ list",
};
/* clang-format on */

static char *with_evil(const char *line)
{
	struct xlpt_str s = { 0 };

	for (; *line; line++)
		if (*line == '@')
			xlpt_str_add(&s, IFNAME);
		else
			xlpt_str_addn(&s, line, 1);
	return xlpt_str_take(&s);
}

static void run_all(struct world *w)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(commands); i++) {
		_cleanup_free_ char *line = with_evil(commands[i]);
		_cleanup_free_ char *json = xlpt_xasprintf("%s --json", line);

		world_run(w, "%s", line);
		judge(commands[i], "output", w->out);
		judge(commands[i], "errors", w->err);
		judge_mend(commands[i], w->err);
		judge_mend(commands[i], w->out);
		if (strchr(w->out, '\n') && xlpt_starts(commands[i], "__complete"))
			assert_null(strstr(w->out, "note"));
		/* There it would be the word that is typed. */
		if (strstr(commands[i], " -- "))
			continue;
		world_run(w, "%s", json);
		judge(commands[i], "JSON", w->out);
		judge(commands[i], "errors with --json", w->err);
		if (*w->out && *w->out == '{')
			judge_json(commands[i], w->out);
	}
}

static void test_reading_commands(void **state)
{
	struct world *w = *state;

	run_all(w);
	world_run(w, "guard check 3");
	assert_non_null(strstr(w->err, "to mend: shut $'e\\x24\\x28id\\x29\\x60"));
	/* It is said, not left out. */
	ok(w, "status");
	assert_non_null(
		strstr(w->out, "e$(id)`id`\\x1b[31m\\x07\\x7f\\xff\\xe2\\x80\\xae\\xc2\\x9b\""));
	ok(w, "list --json");
	/* In JSON what is UTF-8 comes back as it was. */
	assert_non_null(
		strstr(w->out, "e$(id)`id`\\u001b[31m\\u0007\\u007f\\\\xff\\u202e\\u009b\\\""));
	/* And with operations that were interrupted, which every command tells. */
	kept_file(w, "/run/xlpt/journal", "xlpt 1\nop " EVIL "\n");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop attach\nguest 3 - \033[31m\xff\ndevice 0000:04:00.1 hide \033[1m\n"
		     "config /etc/\033[31m\nbegin add \033[31m\xff to it\n");
	run_all(w);
}

/* Each note is looked for among all: a journal with more of them than xlpt writes is not read. */
static void test_many_notes(void **state)
{
	struct world *w = *state;
	_cleanup_str_ struct xlpt_str text = { 0 };

	xlpt_str_add(&text, "xlpt 1\nop attach\n");
	for (unsigned i = 0; i < 32768; i++)
		xlpt_str_add(&text, "note x\n");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", text.s);
	world_run(w, "status");
	assert_null(strstr(w->err, "is not a journal that this xlpt can read"));
	xlpt_str_add(&text, "note x\n");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", text.s);
	world_run(w, "status");
	assert_non_null(strstr(w->err, "/run/xlpt/journal/1-1 is not a journal that this xlpt can "
				       "read"));
	assert_non_null(strstr(w->err, "then: rm -r /run/xlpt/journal/1-1\n"));
	/* A script gets it, too. */
	world_run(w, "--json status");
	assert_non_null(strstr(w->out, "\"unreadable\": [\n    \"/run/xlpt/journal/1-1\"\n  ]"));
}

/* A configuration that is somebody else's, by name and by what is in it. */
static void test_convert(void **state)
{
	struct world *w = *state;
	char dir[] = "/tmp/xlpt-names-XXXXXX";
	_cleanup_free_ char *path = NULL;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	path = xlpt_xasprintf("%s/%s.cfg", dir, IFNAME);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("name = \"a\\033[31m\\n\xff\"\nmemory = 64\nkernel = \"/k\033[31m\"\n"
	      "odd_\033key = 1\nfoo = [ \"\033[31m\xe2\x80\xae\" ]\n",
	      f);
	fclose(f);
	for (int i = 0; i < 4; i++) {
		static const char *const how[] = { "--explain", "--strict", "--json",
						   "--semantics" };

		world_run(w, "convert %s %s", how[i], path);
		judge(how[i], "errors", w->err);
		if (i == 2 && *w->out == '{') {
			judge(how[i], "JSON", w->out);
			judge_json(how[i], w->out);
		}
	}
	unlink(path);
	rmdir(dir);
}

/* ---- what is kept ---- */

static void test_journal(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .out = stdout,
				.err = stderr,
				.clock = &w->clock.clock,
				.host = fake_bus_host(w->bus) };
	static const struct xlpt_step step = { .what = (char *)"add it to " EVIL };
	struct xlpt_guest *g = fake_ts_find(w->ts, 3, NULL);
	struct xlpt_plan_observer o;
	struct xlpt_journal j, *left = NULL;
	_cleanup_free_ char *text = NULL;
	size_t n = 0, lines = 0;

	xlpt_journal_init(&j, "save", g);
	xlpt_journal_add(&j, B("0000:02:00.0"), true, EVIL);
	j.devs[0].spec = xlpt_xstrdup("0000:02:00.0,name=" EVIL);
	j.devs[0].identity = xlpt_xstrdup("mac=x\tvlan=1\n" EVIL);
	xlpt_journal_config(&j, "/etc/" EVIL);
	assert_int_equal(xlpt_journal_note(&j, "file /srv/" EVIL, NULL), 0);
	assert_int_equal(xlpt_journal_begin(&env, &j, NULL), 0);
	assert_int_equal(xlpt_journal_note(&j, "state " EVIL, NULL), 0);
	o = xlpt_journal_observer(&j);
	assert_int_equal(o.before(o.priv, 0, &step, false, NULL), 0);
	assert_int_equal(xlpt_host_read_text(env.host, &text, "%s", j.path), 0);
	for (const char *c = text; *c; c++) {
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
		lines += *c == '\n';
	}
	/* xlpt, op, guest, device, spec, identity, config, note; note, begin: not one more. */
	assert_int_equal(lines + 1, 10);
	xlpt_closep(&j.fd); /* as a kill does */
	assert_int_equal(xlpt_journal_interrupted(&env, &left, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(left->op, "save");
	assert_string_equal(left->guest.name, EVIL);
	assert_int_equal(left->n, 1);
	assert_string_equal(left->devs[0].spec, "0000:02:00.0,name=" EVIL);
	assert_string_equal(left->devs[0].identity, "mac=x\tvlan=1\n" EVIL);
	assert_string_equal(left->config, "/etc/" EVIL);
	assert_string_equal(xlpt_journal_get(left, "file", 0), "/srv/" EVIL);
	assert_string_equal(xlpt_journal_get(left, "state", 0), EVIL);
	assert_null(xlpt_journal_get(left, "image", 0));
	assert_null(xlpt_journal_get(left, "file", 1));
	assert_string_equal(left->last, "add it to " EVIL);
	xlpt_journal_dispose(left);
	free(left);
	xlpt_journal_dispose(&j);
}

/* What is kept of a guest is read again, whatever its name is; also an empty one, and one of blanks. */
static void test_kept(void **state)
{
	static const char uuid[] = "4a1f0000-0000-4000-8000-000000000003";
	static const char *const names[] = { "",     " ",    " a", "a ",    "-",
					     "none", "a  b", "3",  "\\x41", EVIL };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++) {
		struct xlpt_guest g = { .domid = 3, .name = (char *)names[i] };
		struct xlpt_mac mac = { .pool = (char *)"lan", .name = (char *)names[i] };
		_cleanup_macs_ struct xlpt_macs read_macs = { 0 };
		_cleanup_str_ struct xlpt_str macs = { 0 };
		struct xlpt_journal j, read = { .fd = -1 };
		struct xlpt_lease lease = { .fd = -1,
					    .domid = 3,
					    .pool = (char *)"lan",
					    .guest = (char *)names[i],
					    .boot = "x" };
		_cleanup_lease_ struct xlpt_lease read_lease = { .fd = -1 };
		char record[XLPT_LEASE_RECORD + 1] = "";
		_cleanup_free_ char *text = NULL;

		xlpt_journal_init(&j, "attach", &g);
		text = xlpt_journal_format(&j);
		assert_true(xlpt_journal_parse(&read, text));
		assert_string_equal(read.guest.name, names[i]);
		xlpt_journal_dispose(&read);
		xlpt_journal_dispose(&j);
		snprintf(mac.uuid, sizeof(mac.uuid), "%s", uuid);
		xlpt_macs_format(&(struct xlpt_macs){ .items = &mac, .n = 1 }, &macs);
		assert_true(xlpt_macs_parse(&read_macs, macs.s));
		assert_string_equal(read_macs.items[0].name, names[i]);
		xlpt_lease_format(&lease, record);
		assert_true(xlpt_lease_parse(&read_lease, record));
		if (strcmp(names[i], EVIL) != 0)
			assert_string_equal(read_lease.guest, names[i]);
	}
	/* What is cut before the name is no record. */
	{
		struct xlpt_journal read = { .fd = -1 };
		char cut[] = "xlpt 1\nop attach\nguest 3 4a1f";

		assert_false(xlpt_journal_parse(&read, cut));
		xlpt_journal_dispose(&read);
	}
}

/* A save that was killed, of a guest whose name asks repair to remove a file. */
static void test_repair_removes_nothing(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .out = stdout,
				.err = stderr,
				.clock = &w->clock.clock,
				.host = fake_bus_host(w->bus) };
	const char *precious = pools_config("precious");
	_cleanup_free_ char *name = xlpt_xasprintf("evil\nnote image %s", precious);
	struct xlpt_journal j;

	name_guest(w, 4, name);
	xlpt_journal_init(&j, "save", fake_ts_find(w->ts, 4, NULL));
	xlpt_journal_add(&j, B("0000:03:00.0"), false, NULL);
	assert_int_equal(xlpt_journal_note(&j, "file /var/lib/xen/save/evil", NULL), 0);
	assert_int_equal(xlpt_journal_begin(&env, &j, NULL), 0);
	xlpt_closep(&j.fd);
	world_run(w, "repair");
	assert_int_equal(access(precious, F_OK), 0);
	xlpt_journal_dispose(&j);
}

static void test_image_record(void **state)
{
	struct world *w = *state;
	const char *image = pools_config("an image");
	_cleanup_free_ char *record = xlpt_image_record_path(image);
	_cleanup_spec_ struct xlpt_spec spec;
	const struct xlpt_spec *specs[] = { &spec };
	struct xlpt_image img = { .path = (char *)image, .size = 8 };
	struct xlpt_image_record got;
	struct xlpt_guest *g = fake_ts_find(w->ts, 3, NULL);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	name_guest(w, 3, "evil\ndevice 0000:03:00.0");
	snprintf(img.guest.uuid, sizeof(img.guest.uuid), "%s", g->uuid);
	assert_int_equal(xlpt_spec_parse("0000:02:00.0,permissive=1", &spec, NULL), 0);
	assert_int_equal(xlpt_image_record_write(image, g, 8, specs, 1, &diag), 0);
	assert_int_equal(xlpt_image_record_read(&img, &got, &diag), 0);
	assert_int_equal(got.n, 1);
	assert_true(xlpt_bdf_eq(got.specs[0].bdf, B("0000:02:00.0")));
	xlpt_image_record_dispose(&got);
	unlink(record);
}

#define hostile(f) cmocka_unit_test_setup_teardown(f, hostile_host, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile(test_reading_commands),
		hostile(test_convert),
		hostile(test_journal),
		cmocka_unit_test(test_kept),
		hostile(test_repair_removes_nothing),
		hostile(test_image_record),
		hostile(test_many_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
