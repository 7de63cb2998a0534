/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names from pci.ids (https://pci-ids.ucw.cz). The file has 36,000 lines, of which a host needs a
 * few dozen. libpci puts all of them into a table at the first question, which was half of what
 * "xlpt list" did on a small host. So the file is gone through once here, from line to line, and
 * only what is asked for is looked at. libpci still reads a file that is compressed.
 *
 * The format: "8086  Vendor", below it "\t1533  Device", below that subsystems; "C 02  Class",
 * below it "\t00  Subclass"; another capital letter begins a list of another kind.
 */
#include "pciback/device/names.h"

#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

#define SYSTEM_IDS PCI_PATH_IDS_DIR "/pci.ids"

enum {
	FILE_MAX = 16 << 20,   /* ten times as much as there is in 2023 */
	LINE_MAX_BYTES = 1023, /* the rest is cut off; libpci reads no longer one */
};

/* A vendor or base class (device or subclass -1), or what stands below it. */
struct wanted {
	uint64_t key;
	const char *name; /* in the file's text; NULL: not seen yet */
	size_t len;
};

struct names {
	struct wanted *items; /* sorted, each once */
	size_t n, alloc;
};

static uint64_t key_of(bool class, unsigned id, int below)
{
	return (uint64_t) class << 40 | (uint64_t)id << 20 | (unsigned)(below + 1);
}

/* Where the key is, or would be. */
static size_t find(const struct names *names, uint64_t key)
{
	size_t from = 0, to = names->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (names->items[mid].key < key)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static struct wanted *get(const struct names *names, uint64_t key)
{
	size_t i = find(names, key);

	return i < names->n && names->items[i].key == key ? &names->items[i] : NULL;
}

static void want(struct names *names, uint64_t key)
{
	size_t i = find(names, key);

	if (i < names->n && names->items[i].key == key)
		return;
	XLPT_GROW(names->items, names->n, names->alloc);
	memmove(names->items + i + 1, names->items + i, (names->n - i) * sizeof(*names->items));
	names->items[i] = (struct wanted){ .key = key };
	names->n++;
}

static bool same_ids(const struct xlpt_device *a, const struct xlpt_device *b)
{
	return a->vendor == b->vendor && a->device == b->device &&
	       a->class_code >> 8 == b->class_code >> 8;
}

static void want_all(struct names *names, const struct xlpt_device *devs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_device *d = &devs[i];
		unsigned base = d->class_code >> 16;

		if (i && same_ids(d, d - 1))
			continue;
		want(names, key_of(false, d->vendor, -1));
		want(names, key_of(false, d->vendor, d->device));
		want(names, key_of(true, base, -1));
		want(names, key_of(true, base, d->class_code >> 8 & 0xff));
	}
}

/* ---- reading the file ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A hexadecimal number of that many digits with a blank behind it, or -1. */
static int number(const char *s, const char *end, int digits)
{
	int v = 0;

	if (end - s <= digits || !is_blank(s[digits]))
		return -1;
	for (int i = 0; i < digits; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* The name behind a number; of two lines for one number the first counts. */
static void take_name(struct wanted *w, const char *s, const char *end)
{
	const char *stop = memchr(s, '\0', (size_t)(end - s));

	end = stop ? stop : end;
	while (s < end && is_blank(*s))
		s++;
	while (end > s && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	if (w->name || s == end)
		return;
	w->name = s;
	w->len = (size_t)(end - s);
}

/* How far the file was read: below which vendor or class. */
struct place {
	bool class, asked; /* asked: somebody wants its names */
	unsigned id;
};

static void read_top(const struct names *names, const char *s, const char *end, struct place *at)
{
	bool capital = *s >= 'A' && *s <= 'Z' && end - s > 1 && s[1] == ' ';
	int digits = capital ? 2 : 4, id;
	struct wanted *w;

	at->class = capital;
	at->asked = false;
	if (capital && *s != 'C')
		return;
	s += capital ? 2 : 0;
	id = number(s, end, digits);
	w = id < 0 ? NULL : get(names, key_of(capital, (unsigned)id, -1));
	if (!w)
		return;
	at->asked = true;
	at->id = (unsigned)id;
	take_name(w, s + digits, end);
}

static void read_below(const struct names *names, const char *s, const char *end,
		       const struct place *at)
{
	int digits = at->class ? 2 : 4, id = number(s, end, digits);
	struct wanted *w = id < 0 ? NULL : get(names, key_of(at->class, at->id, id));

	if (w)
		take_name(w, s + digits, end);
}

static void read_names(const struct names *names, const char *text, size_t len)
{
	const char *stop = text + len;
	struct place at = { 0 };

	for (const char *s = text, *next; s < stop; s = next) {
		const char *end = memchr(s, '\n', (size_t)(stop - s));

		next = end ? end + 1 : stop;
		end = end ? end : stop;
		/* Most lines are of a vendor that nobody asks for. */
		if ((*s == '\t' && !at.asked) || s == end || *s == '#')
			continue;
		end = end - s > LINE_MAX_BYTES ? s + LINE_MAX_BYTES : end;
		if (*s != '\t')
			read_top(names, s, end, &at);
		else if (s + 1 < end && s[1] != '\t')
			read_below(names, s + 1, end, &at);
	}
}

/* ---- telling ---- */

static char *name_of(const struct names *names, uint64_t key)
{
	const struct wanted *w = get(names, key);

	return w && w->name ? xlpt_xstrndup(w->name, w->len) : NULL;
}

static void tell(const struct names *names, struct xlpt_device *d)
{
	unsigned base = d->class_code >> 16;
	_cleanup_free_ char *base_name = NULL;

	d->vendor_name = name_of(names, key_of(false, d->vendor, -1));
	d->device_name = name_of(names, key_of(false, d->vendor, d->device));
	d->class_name = name_of(names, key_of(true, base, d->class_code >> 8 & 0xff));
	if (!d->class_name)
		base_name = name_of(names, key_of(true, base, -1));
	if (base_name)
		d->class_name = xlpt_xasprintf("%s [%04x]", base_name, d->class_code >> 8);
}

static void tell_all(const struct names *names, struct xlpt_device *devs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct xlpt_device *d = &devs[i];

		if (!i || !same_ids(d, d - 1)) {
			tell(names, d);
			continue;
		}
		d->vendor_name = xlpt_xstrdup(d[-1].vendor_name);
		d->device_name = xlpt_xstrdup(d[-1].device_name);
		d->class_name = xlpt_xstrdup(d[-1].class_name);
	}
}

/* ---- a compressed file, by libpci ---- */

/*
 * libpci reports a malformed file through a callback that must not return. Names are an
 * adornment, so the jump leads to "no names" instead of exit(1).
 */
static __thread jmp_buf failed;

static void __attribute__((noreturn, format(printf, 1, 2))) on_error(char *fmt, ...)
{
	(void)fmt;
	longjmp(failed, 1);
}

static void __attribute__((format(printf, 1, 2))) quiet(char *fmt, ...)
{
	(void)fmt;
}

static char *lookup(struct pci_access *acc, int what, unsigned id1, unsigned id2)
{
	int flags = what | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB;
	/* A name that is too long for its room becomes a message of libpci's. */
	char buf[LINE_MAX_BYTES + 1];

	return xlpt_xstrdup(pci_lookup_name(acc, buf, sizeof(buf), flags, id1, id2));
}

static void ask_libpci(struct xlpt_device *devs, size_t n, const char *pci_ids)
{
	struct pci_access *acc = pci_alloc();

	/* Without pci_init() libpci touches no device; it also leaves these for us to set. */
	acc->error = on_error;
	acc->warning = acc->debug = quiet;
	acc->id_lookup_mode = 0; /* no DNS, no cache file in the home directory */
	if (pci_ids)
		pci_set_name_list_path(acc, (char *)pci_ids, 0);
	if (setjmp(failed) == 0) {
		pci_load_name_list(acc);
		for (size_t i = 0; i < n; i++) {
			struct xlpt_device *d = &devs[i];

			d->vendor_name = lookup(acc, PCI_LOOKUP_VENDOR, d->vendor, 0);
			d->device_name = lookup(acc, PCI_LOOKUP_DEVICE, d->vendor, d->device);
			d->class_name = lookup(acc, PCI_LOOKUP_CLASS, d->class_code >> 8, 0);
		}
	}
	pci_cleanup(acc);
}

/* ---- */

static bool is_compressed(const struct xlpt_str *text)
{
	return text->len >= 2 && (uint8_t)text->s[0] == 0x1f && (uint8_t)text->s[1] == 0x8b;
}

void xlpt_names_fill(struct xlpt_device *devs, size_t n, const char *pci_ids)
{
	_cleanup_close_ int fd = -1;
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct names names = { 0 };
	struct stat st;

	if (!n)
		return;
	/* update-pciids may have written one; libpci takes it before the other. */
	if (!pci_ids && access(SYSTEM_IDS ".gz", F_OK) == 0) {
		ask_libpci(devs, n, NULL);
		return;
	}
	fd = open(pci_ids ? pci_ids : SYSTEM_IDS, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    xlpt_file_read_fd(fd, FILE_MAX, &text))
		return;
	if (is_compressed(&text)) {
		ask_libpci(devs, n, pci_ids ? pci_ids : SYSTEM_IDS);
		return;
	}
	want_all(&names, devs, n);
	read_names(&names, xlpt_str_get(&text), text.len);
	tell_all(&names, devs, n);
	free(names.items);
}
