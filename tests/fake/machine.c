/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/machine.h"

#include <string.h>

#include "tests/fake/machine-internal.h"

struct fns {
	struct machine_fn *items;
	size_t n, alloc;
};

void machine_bad(const struct machine_fn *f, const char *word)
{
	fprintf(stderr, "machine: %s: \"%s\" cannot be read\n", XLPT_BDF_STR(f->bdf), word);
	abort();
}

const char *machine_word(const struct machine_fn *f, const char *key)
{
	size_t n = strlen(key);

	for (char *const *w = f->words; *w; w++)
		if (!strncmp(*w, key, n) && (*w)[n] == '=')
			return *w + n + 1;
	return NULL;
}

unsigned long machine_number(const struct machine_fn *f, const char *key, int base)
{
	const char *word = machine_word(f, key);

	return word ? strtoul(word, NULL, base) : 0;
}

bool machine_has(const struct machine_fn *f, const char *flag)
{
	for (char *const *w = f->words; *w; w++)
		if (!strcmp(*w, flag))
			return true;
	return false;
}

static struct machine_fn *find(const struct fns *fns, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < fns->n; i++)
		if (xlpt_bdf_eq(fns->items[i].bdf, bdf))
			return &fns->items[i];
	return NULL;
}

static struct machine_fn *named(const struct fns *fns, const struct machine_fn *f, const char *word)
{
	struct machine_fn *other = NULL;
	struct xlpt_bdf bdf;

	if (xlpt_bdf_from_sysfs_name(word, &bdf))
		other = find(fns, bdf);
	if (!other)
		machine_bad(f, word);
	return other;
}

static void parse_line(char *line, struct machine_fn *f)
{
	unsigned vendor, device, class_code;
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	size_t n = 0;

	*f = (struct machine_fn){ 0 };
	if (!xlpt_bdf_from_sysfs_name(word, &f->bdf))
		machine_bad(f, word);
	word = strtok_r(NULL, " \t", &save);
	if (!word || sscanf(word, "%x:%x", &vendor, &device) != 2)
		machine_bad(f, "vendor and device");
	word = strtok_r(NULL, " \t", &save);
	if (!word || sscanf(word, "%x", &class_code) != 1)
		machine_bad(f, "class");
	f->vendor = (uint16_t)vendor;
	f->device = (uint16_t)device;
	f->class_code = class_code;
	while ((word = strtok_r(NULL, " \t", &save)) && n + 1 < MACHINE_WORDS)
		f->words[n++] = xlpt_xstrdup(word);
	if (word)
		machine_bad(f, word);
}

/* Calls fn with each line that says something. */
static void each_line(const char *dir, const char *name, void (*fn)(char *line, void *arg),
		      void *arg)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	char line[8192];

	if (!f) {
		fprintf(stderr, "cannot open %s: run the tests in the top folder\n", path);
		abort();
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "#\n")] = '\0';
		if (line[strspn(line, " \t")])
			fn(line, arg);
	}
	fclose(f);
}

static void add_function(char *line, void *arg)
{
	struct fns *fns = arg;

	XLPT_GROW(fns->items, fns->n, fns->alloc);
	parse_line(line, &fns->items[fns->n++]);
}

static void add_group(char *line, void *arg)
{
	struct fake_machine *m = arg;
	char *save = NULL, *number = strtok_r(line, ":", &save), *word;

	while ((word = strtok_r(NULL, " \t", &save))) {
		struct fake_group *g;

		m->groups = xlpt_xrealloc(m->groups, m->n_groups + 1, sizeof(*m->groups));
		g = &m->groups[m->n_groups++];
		if (!xlpt_bdf_from_sysfs_name(word, &g->bdf))
			abort();
		snprintf(g->number, sizeof(g->number), "%s", number);
	}
}

/* The bridge whose secondary bus f is on; else the innermost in whose range it is. */
static struct machine_fn *bridge_of(const struct fns *fns, const struct machine_fn *f)
{
	struct machine_fn *best = NULL;
	unsigned best_first = 0;

	for (size_t i = 0; i < fns->n; i++) {
		const char *bus = machine_word(&fns->items[i], "bus");
		unsigned first, last;

		if (!bus || fns->items[i].bdf.seg != f->bdf.seg || &fns->items[i] == f ||
		    sscanf(bus, "%x-%x", &first, &last) != 2 || !first || f->bdf.bus < first ||
		    f->bdf.bus > last || fns->items[i].bdf.bus == f->bdf.bus ||
		    (best && first <= best_first))
			continue;
		best = &fns->items[i];
		best_first = first;
	}
	return best;
}

static const char *path_of(const struct fns *fns, struct machine_fn *f)
{
	const char *vf = machine_word(f, "vf"), *root = machine_word(f, "root"),
		   *name = XLPT_BDF_STR(f->bdf);
	struct machine_fn *bridge;

	if (f->path)
		return f->path;
	bridge = bridge_of(fns, f);
	if (vf) {
		const char *pf = path_of(fns, named(fns, f, vf));

		f->path = xlpt_xasprintf("%.*s/%s", (int)(strrchr(pf, '/') - pf), pf, name);
	} else if (root) {
		f->path = xlpt_xasprintf("%s/pci%04x:%02x/%s", path_of(fns, named(fns, f, root)),
					 f->bdf.seg, f->bdf.bus, name);
	} else if (bridge) {
		f->path = xlpt_xasprintf("%s/%s", path_of(fns, bridge), name);
	} else {
		f->path = xlpt_xasprintf("devices/pci%04x:%02x/%s", f->bdf.seg, f->bdf.bus, name);
	}
	return f->path;
}

/* Function 0 of a slot in which there are others; lspci does not print the bit. */
static bool multifunction(const struct fns *fns, const struct machine_fn *f)
{
	if (machine_has(f, "nomf"))
		return false;
	if (machine_has(f, "mf"))
		return true;
	for (size_t i = 0; f->bdf.func == 0 && i < fns->n; i++)
		if (&fns->items[i] != f && xlpt_bdf_same_slot(fns->items[i].bdf, f->bdf) &&
		    !machine_word(&fns->items[i], "vf"))
			return true;
	return false;
}

static void XLPT_PRINTF(4, 5) attr(struct fake_machine *m, const struct machine_fn *f,
				   const char *name, const char *fmt, ...)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/%s/%s", f->path, name), *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	fake_bus_put(m->bus, path, text);
}

static void link_to(struct fake_machine *m, const struct machine_fn *f, const char *name,
		    const char *target)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/%s/%s", f->path, name);
	_cleanup_str_ struct xlpt_str rel = { 0 };

	for (const char *p = f->path; *p; p++)
		if (*p == '/')
			xlpt_str_add(&rel, "../");
	xlpt_str_addf(&rel, "../%s", target);
	fake_bus_link(m->bus, path, rel.s);
}

static void bars(struct fake_machine *m, const struct machine_fn *f)
{
	_cleanup_str_ struct xlpt_str rows = { 0 };

	for (unsigned n = 0; n < 6; n++) {
		char key[] = "bar0";
		const char *word;
		unsigned long long size = 0, at = 0;
		unsigned flags;

		key[3] = (char)('0' + n);
		word = machine_word(f, key);
		if (!word) {
			xlpt_str_addf(&rows, "0x%016x 0x%016x 0x%016x\n", 0, 0, 0);
			continue;
		}
		if (sscanf(strchr(word, ':') ? strchr(word, ':') + 1 : "", "%llx@%llx", &size,
			   &at) < 1)
			machine_bad(f, word);
		flags = xlpt_starts(word, "io") ? 0x40101
						: 0x40200 | (strstr(word, ":64") ? 0x100000 : 0) |
							  (strstr(word, ":pf") ? 0x2000 : 0);
		xlpt_str_addf(&rows, "0x%016llx 0x%016llx 0x%016x\n", at, at + size - 1, flags);
	}
	if (machine_word(f, "rom"))
		xlpt_str_addf(&rows, "0x%016x 0x%016lx 0x%016x\n", 0xc0000,
			      0xc0000 + machine_number(f, "rom", 16) - 1, 0x46200);
	attr(m, f, "resource", "%s", xlpt_str_get(&rows));
}

static void write_config(struct fake_machine *m, const struct fns *fns, const struct machine_fn *f)
{
	_cleanup_free_ char *path =
		xlpt_xasprintf("%s/sys/%s/config", fake_bus_host(m->bus)->root, f->path);
	uint8_t cfg[4096];
	size_t len = machine_config(f, multifunction(fns, f), cfg);
	FILE *out = fopen(path, "w");

	if (!out || fwrite(cfg, 1, len, out) != len || fclose(out))
		abort();
}

static void make(struct fake_machine *m, const struct fns *fns, const struct machine_fn *f,
		 bool groups)
{
	const char *name = XLPT_BDF_STR(f->bdf), *sub = machine_word(f, "sub"), *word;
	_cleanup_free_ char *dir = xlpt_xasprintf("/sys/bus/pci/devices/%s", name),
			    *target = xlpt_xasprintf("../../../%s", f->path);
	unsigned subvendor = 0, subdevice = 0;

	if (sub)
		sscanf(sub, "%x:%x", &subvendor, &subdevice);
	attr(m, f, "vendor", "0x%04x\n", f->vendor);
	attr(m, f, "device", "0x%04x\n", f->device);
	attr(m, f, "class", "0x%06x\n", f->class_code);
	attr(m, f, "revision", "0x%02lx\n", machine_number(f, "rev", 16));
	attr(m, f, "subsystem_vendor", "0x%04x\n", subvendor);
	attr(m, f, "subsystem_device", "0x%04x\n", subdevice);
	attr(m, f, "irq", "%lu\n", machine_number(f, "irq", 10));
	word = machine_word(f, "numa");
	attr(m, f, "numa_node", "%s\n", word ? word : "-1");
	bars(m, f);
	write_config(m, fns, f);
	word = machine_word(f, "sriov");
	if (word) {
		attr(m, f, "sriov_totalvfs", "%lu\n", strtoul(word, NULL, 10));
		attr(m, f, "sriov_numvfs", "%lu\n", strtoul(strchr(word, '/') + 1, NULL, 10));
	}
	word = machine_word(f, "vf");
	if (word) {
		_cleanup_free_ char *pf = xlpt_xasprintf("../%s", word);
		_cleanup_free_ char *path = xlpt_xasprintf("/sys/%s/physfn", f->path);

		fake_bus_link(m->bus, path, pf);
	}
	word = machine_word(f, "drv");
	if (word) {
		_cleanup_free_ char *driver = xlpt_xasprintf("bus/pci/drivers/%s", word);

		link_to(m, f, "driver", driver);
	}
	for (size_t i = 0; groups && i < m->n_groups; i++) {
		_cleanup_free_ char *group =
			xlpt_xasprintf("kernel/iommu_groups/%s", m->groups[i].number);

		if (xlpt_bdf_eq(m->groups[i].bdf, f->bdf) &&
		    strcmp(m->groups[i].number, "none") != 0)
			link_to(m, f, "iommu_group", group);
	}
	fake_bus_link(m->bus, dir, target);
}

struct fake_machine *fake_machine_load(const char *dir, bool groups)
{
	struct fake_machine *m = xlpt_xcalloc(1, sizeof(*m));
	struct fns fns = { 0 };

	m->bus = fake_bus_new();
	each_line(dir, "expected", add_group, m);
	each_line(dir, "spec", add_function, &fns);
	for (size_t i = 0; i < fns.n; i++) {
		path_of(&fns, &fns.items[i]);
		make(m, &fns, &fns.items[i], groups);
	}
	m->n_functions = fns.n;
	for (size_t i = 0; i < fns.n; i++) {
		for (char **w = fns.items[i].words; *w; w++)
			free(*w);
		free(fns.items[i].path);
	}
	free(fns.items);
	return m;
}

void fake_machine_free(struct fake_machine *m)
{
	fake_bus_free(m->bus);
	free(m->groups);
	free(m);
}
