/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/world.h"

#include <signal.h>
#include <string.h>

static struct xlpt_bdf bdf_of(const char *text)
{
	struct xlpt_bdf bdf = { 0 };

	xlpt_bdf_parse(text, strlen(text), &bdf, NULL);
	return bdf;
}

/* What pciback can export follows from what is bound to it. */
static int on_write(struct fake_bus *bus, const char *path, const char *text, void *arg)
{
	struct world *w = arg;

	if (w->before_write)
		w->before_write(w->before_arg);
	if (w->stop_at && --w->stop_at == 0)
		raise(SIGTERM);
	/* What VFs had goes with them. */
	if (strstr(path, "0000:01:00.0/sriov_numvfs"))
		fake_rtnl_vfs(w->rtnl, "enp1s0", (unsigned)strtoul(text, NULL, 0));
	if (strstr(path, "/drivers/pciback/bind"))
		fake_pciback_seize(w->pciback, bdf_of(text));
	else if (strstr(path, "/drivers/pciback/unbind") ||
		 (strstr(path, "/driver/unbind") &&
		  xlpt_streq(fake_bus_driver_of(bus, text), "pciback")))
		fake_pciback_unseize(w->pciback, bdf_of(text));
	return 0;
}

static void make_bus(struct world *w)
{
	struct fake_bus *b = w->bus = fake_bus_new();
	_cleanup_free_ char *ahci = NULL, *disk = NULL;

	fake_bus_driver(b, "pciback", NULL);
	fake_bus_driver(b, "ahci", "8086:2922");
	fake_bus_driver(b, "e1000e", "8086:10d3");
	fake_bus_driver(b, "igb", "8086:10c9");
	fake_bus_driver(b, "nvme", "1b36:0010");
	fake_bus_add(
		b, "0000:00:01.0",
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
	fake_bus_add(b, "0000:00:1f.2",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x2922,
					 .class_code = 0x010601,
					 .driver = "ahci" });
	fake_bus_add(b, "0000:01:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .net = "enp1s0",
					 .parent = "0000:00:01.0" });
	fake_bus_add(b, "0000:01:10.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .pf = "0000:01:00.0",
					 .parent = "0000:00:01.0" });
	fake_bus_add(b, "0000:02:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0",
					 .irq = 11 });
	fake_bus_add(b, "0000:03:00.0",
		     &(struct fake_dev){ .vendor = 0x1b36,
					 .device = 0x0010,
					 .class_code = 0x010802,
					 .driver = "nvme",
					 .parent = "0000:00:01.0" });
	fake_bus_add(b, "0000:04:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0",
					 .multifunction = true });
	fake_bus_add(b, "0000:04:00.1",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0" });
	fake_bus_add(b, "0000:05:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .parent = "0000:00:01.0" });
	ahci = fake_bus_devpath(b, "0000:00:1f.2");
	disk = xlpt_xasprintf("%s/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1", ahci);
	{
		_cleanup_free_ char *dev = xlpt_xasprintf("%s/dev", disk);

		fake_bus_put(b, dev, "8:1\n");
	}
	fake_bus_link(b, "/sys/dev/block/8:1", disk);
	fake_bus_link(b, "/sys/class/block/sda1", disk);
	fake_bus_put(b, "/proc/1/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	fake_bus_put(b, "/proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	fake_bus_put(b, "/proc/swaps", "Filename Type Size Used Priority\n");
	fake_bus_put(b, "/proc/net/route",
		     "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n");
	fake_bus_put(b, "/run/.keep", "");
}

static void make_guest(struct world *w, uint32_t domid, const char *name, enum xlpt_guest_type type)
{
	fake_ts_guest(w->ts, domid, name, type);
	fake_store_set(w->store, name, "/local/domain/%u/name", domid);
	fake_store_set(w->store, "", "/local/domain/%u/device", domid);
}

static int run_remote(void *arg, const char *line, char **out);

struct world *world_new(void)
{
	struct world *w = xlpt_xcalloc(1, sizeof(*w));
	struct xlpt_host *h;

	fake_clock_init(&w->clock);
	w->snapshot = world_snapshot;
	w->store = fake_store_new(&w->clock);
	w->pciback = fake_pciback_start(w->store, &(struct fake_pciback_opts){ .step_ms = 5 });
	w->ts = fake_ts_new(w->store, w->pciback);
	make_bus(w);
	fake_ts_host(w->ts, fake_bus_host(w->bus));
	fake_ts_monitors(w->ts, w->bus);
	w->rtnl = fake_rtnl_new();
	fake_rtnl_link(w->rtnl, "enp1s0", "52:54:00:00:00:10", 0);
	fake_rtnl_vfs(w->rtnl, "enp1s0", 1);
	fake_bus_on_write(w->bus, on_write, w);
	make_guest(w, 3, "web1", XLPT_GUEST_PV);
	make_guest(w, 4, "db1", XLPT_GUEST_PV);
	make_guest(w, 5, "win1", XLPT_GUEST_HVM);
	make_guest(w, 6, "pvh1", XLPT_GUEST_PVH);
	fake_store_set(w->store, "", "/local/domain/0/backend");
	fake_store_set(w->store, "", "/libxl/pci");
	w->web1 = fake_pcifront_start(w->store, 3, &(struct fake_pcifront_opts){ .step_ms = 10 });
	w->db1 = fake_pcifront_start(w->store, 4, &(struct fake_pcifront_opts){ .step_ms = 10 });
	fake_ts_frontend(w->ts, 3, w->web1);
	fake_ts_frontend(w->ts, 4, w->db1);
	fake_ts_on_remote(w->ts, run_remote, w);
	/* Hidden at boot: on pciback, no note of where it came from. */
	h = fake_bus_host(w->bus);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", "0000:05:00.0", 12);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", "0000:05:00.0", 12);
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	fake_pcifront_stop(w->web1);
	fake_pcifront_stop(w->db1);
	fake_pciback_stop(w->pciback);
	fake_ts_free(w->ts);
	fake_rtnl_free(w->rtnl);
	fake_store_free(w->store);
	fake_bus_free(w->bus);
	fake_clock_dispose(&w->clock);
	free(w->out);
	free(w->err);
	free(w);
}

void world_frontend(struct world *w, const struct fake_pcifront_opts *o)
{
	fake_pcifront_stop(w->web1);
	w->web1 = fake_pcifront_start(w->store, 3, o);
	fake_ts_frontend(w->ts, 3, w->web1);
}

struct xlpt_env world_env(struct world *w)
{
	return (struct xlpt_env){
		.clock = &w->clock.clock,
		.host = fake_bus_host(w->bus),
		.store = fake_store_get(w->store),
		.ts = fake_ts_get(w->ts),
		.rtnl = fake_rtnl_get(w->rtnl),
		.pci_ids = "tests/data/pci.ids",
		.in = w->in,
	};
}

/* What asks a program to end. */
static const int asking[] = { SIGINT, SIGTERM, SIGHUP };

void world_hold_signals(bool hold)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(asking); i++)
		sigaddset(&set, asking[i]);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* When the command is over, a signal is for the test program again, and ends it. */
static int run_words(struct world *w, int argc, char **argv, char **out, char **err)
{
	struct xlpt_env env = world_env(w);
	struct sigaction before[XLPT_ARRAY_SIZE(asking)];
	size_t out_len, err_len;
	int status;

	env.out = open_memstream(out, &out_len);
	env.err = open_memstream(err, &err_len);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(asking); i++)
		sigaction(asking[i], NULL, &before[i]);
	status = xlpt_run(argc, argv, &env);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(asking); i++)
		sigaction(asking[i], &before[i], NULL);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static int run_line(struct world *w, char *line, char **out, char **err)
{
	char *argv[32] = { (char[]){ "xlpt" } }, *save = NULL;
	int argc = 1;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return run_words(w, argc, argv, out, err);
}

int world_run_words(struct world *w, int argc, char **argv)
{
	free(XLPT_TAKE(w->out));
	free(XLPT_TAKE(w->err));
	return run_words(w, argc, argv, &w->out, &w->err);
}

int world_run(struct world *w, const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	free(XLPT_TAKE(w->out));
	free(XLPT_TAKE(w->err));
	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return run_line(w, line, &w->out, &w->err);
}

/* The other host of a migration is this one, as in the lab. */
static int run_remote(void *arg, const char *line, char **out)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line), *err = NULL;
	int status = run_line(arg, copy, out, &err);

	if (status) {
		free(*out);
		*out = XLPT_TAKE(err);
	}
	return status;
}

/*
 * What xlpt notes below /libxl/DOMID of interrupt lines (xenstore/pcinote-line.c) stays when the
 * device has gone, as the ledger does: without these lines.
 */
static void drop_had_lines(char *dump)
{
	char *to = dump;

	for (char *line = dump, *next; *line; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		if (xlpt_starts(line, "/libxl/") && line[7] >= '0' && line[7] <= '9')
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

char *world_snapshot(struct world *w)
{
	_cleanup_free_ char *bus = fake_bus_snapshot(w->bus), *ts = fake_ts_snapshot(w->ts),
			    *libxl = fake_store_dump(w->store, "/libxl"),
			    *local = fake_store_dump(w->store, "/local"),
			    *rtnl = fake_rtnl_snapshot(w->rtnl);

	drop_had_lines(libxl);
	return xlpt_xasprintf("%s---\n%s---\n%s---\n%s---\n%s", bus, ts, libxl, local, rtnl);
}

/*
 * A shell starts what it runs in the background with SIGINT ignored, nohup with SIGHUP, and
 * xlpt leaves an ignored signal ignored: the tests are to see the same wherever they run.
 */
__attribute__((constructor)) static void plain_signals(void)
{
	static const int plain[] = { SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE, SIGXFSZ, SIGCHLD };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(plain); i++)
		signal(plain[i], SIG_DFL);
}

unsigned world_stride(void)
{
	const char *preload = getenv("LD_PRELOAD"), *wanted = getenv("XLPT_STRIDE");
	int stride = wanted ? atoi(wanted) : 0;

	if (stride > 0)
		return (unsigned)stride;
	return preload && strstr(preload, "vgpreload") ? 11 : 1;
}

unsigned world_each_point(size_t k, bool (*try_one)(const void *arg, unsigned nth), const void *arg)
{
	unsigned stride = world_stride(), met = 0, misses = 0;

	if (stride > 1 && k % 3)
		return 0;
	for (unsigned nth = 1; nth < 400 && misses < (stride > 1 ? 1 : 3); nth += stride) {
		bool hit = try_one(arg, nth);

		met += hit;
		misses = hit ? 0 : misses + 1;
	}
	return met;
}
