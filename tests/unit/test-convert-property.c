/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Generated domains, there and back: xl -> libvirt -> xl and libvirt -> xl ->
 * libvirt mean the same as before, and the XML passes libvirt's schema (the
 * check of virt-xml-validate). XLPT_DOMAINS=10000 is the full run, XLPT_SEED=N
 * repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <unistd.h>

#include "converters/convert.h"
#include "converters/model/internal.h"
#include "tests/unit/domains.h"

static uint64_t state;
static xmlRelaxNG *schema; /* NULL: libvirt-clients is not installed */
static unsigned long validated;

static uint64_t rnd(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

#define PICK(list) ((list)[rnd(XLPT_ARRAY_SIZE(list))])

static const char *const texts[] = {
	"web1",	     "a b",	    "x,y",	  "quote\"s",	  "it's", "a=b", "<&>",
	"#no",	     "back\\slash", "\xc3\xa9",	  "/usr/share/x", "1",	  "off", "[x]",
	"tab\there", "a%20b",	    "two\nlines", "]]>",	  "-"
};
static const char *const paths[] = { "/dev/vg/root", "/var/x.qcow2", "/x,y",	    "/a b", "/a=b",
				     "/x,",	     "/dev/sdb",     "/with'quote", "/p#q" };

struct pool {
	const char *name; /* of the field */
	const char *const *values;
	size_t n;
};

#define V(...)                                \
	(const char *const[]){ __VA_ARGS__ }, \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)
/* clang-format off */
static const struct pool pools[] = {
	{ "uuid", V("2147d599-9cc6-c0dc-92ab-4064b5446e9b") },
	{ "mac", V("00:16:3e:11:22:33", "52:54:00:00:00:01", "00:16:3e:aa:bb:cc") },
	{ "vdev", V("xvda", "xvdb", "hda", "hdc", "sda", "xvdc1") },
	{ "bus", V("xen", "ide", "scsi") },
	{ "cpuset", V("0-3", "1", "0,2-5", "all", "0-7,^3") },
	{ "cpuset_soft", V("0-3", "1") },
	{ "vcpus", V("0-1", "2,3") },
	{ "distances", V("10,20", "20,10") },
	{ "boot", V("c", "cd", "ndc") },
	{ "script", V("vif-bridge", "/etc/xen/scripts/vif-route", "block-iscsi") },
	{ "vifname", V("vif1", "tap3") },
	{ "source", V("xenbr0", "br0", "default") },
	{ "backend", V("netvm", "dom0") },
	{ "listen", V("0.0.0.0", "127.0.0.1", "::1") },
	{ "host", V("localhost", "10.0.0.1") },
	{ "service", V("4555", "9999") },
	{ "bind_host", V("localhost") },
	{ "bind_service", V("4556") },
	{ "keymap", V("en-us", "de") },
	{ "model", V("e1000", "rtl8139", "ac97", "es1370", "virtio") },
	{ "gfx_passthru", V("0", "1", "igd") },
	{ "ips", V("10.0.0.1", "10.0.0.2", "fe80::1") },
	{ "viridian_groups", V("base", "freq", "!stimer", "all") },
	{ "image_compression", V("auto_glz", "off") },
	{ "streaming", V("filter", "off") },
	{ "instanceid", V("09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f") },
	{ "interfaceid", V("09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f") },
	{ "alias", V("ua-nic0", "ua-gpu") },
	{ "portgroup", V("engineering") },
	{ "network", V("passthrough") },
};
/* clang-format on */

static const char *text_for(const char *field)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(pools); i++)
		if (!strcmp(pools[i].name, field))
			return pools[i].values[rnd(pools[i].n)];
	if (strstr(field, "path") || !strcmp(field, "target") || !strcmp(field, "kernel") ||
	    !strcmp(field, "ramdisk") || !strcmp(field, "loader") || !strcmp(field, "emulator") ||
	    strstr(field, "file") || !strcmp(field, "bootloader") ||
	    !strcmp(field, "acpi_firmware"))
		return PICK(paths);
	return PICK(texts);
}

static uint64_t number_for(const char *field)
{
	if (!strcmp(field, "memory") || !strcmp(field, "maxmem") || !strcmp(field, "size") ||
	    !strcmp(field, "vram"))
		return rnd(4) ? (1 + rnd(64)) * 1024 : 1 + rnd(100000);
	if (!strcmp(field, "port"))
		return 5900 + rnd(20);
	if (!strcmp(field, "rate"))
		return (1 + rnd(2000)) * (rnd(2) ? 1000 : 1024);
	return rnd(8) + (rnd(4) ? 0 : 1);
}

static void generate(const struct xlpt_shape *shape, void *base, unsigned chance, bool top)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++) {
		void *p = xlpt_field_at(base, f);
		struct xlpt_list *list = p;
		struct xlpt_spec *spec = p;
		size_t n, words = 0;

		if (f->type == XLPT_F_CARRIES || (top && !strcmp(f->name, "devices_only")))
			continue;
		/* xlpt start's own words, which no conversion reads. */
		if (!strcmp(f->name, "pool") || !strcmp(f->name, "pin"))
			continue;
		if (rnd(100) >= chance && f->type != XLPT_F_ADDR)
			continue;
		switch (f->type) {
		case XLPT_F_STR:
			*(char **)p = xlpt_xstrdup(text_for(f->name));
			break;
		case XLPT_F_NUM:
			*(struct xlpt_num *)p = (struct xlpt_num){ true, number_for(f->name) };
			break;
		case XLPT_F_TRI:
			*(int *)p = rnd(2) ? XLPT_ON : XLPT_OFF;
			break;
		case XLPT_F_WORD:
			while (f->words[words + 1])
				words++;
			*(int *)p = 1 + (int)rnd(words);
			break;
		case XLPT_F_STRV:
			n = 1 + rnd(3);
			*(char ***)p = xlpt_xcalloc(n + 1, sizeof(char *));
			for (size_t i = 0; i < n; i++)
				(*(char ***)p)[i] = xlpt_xstrdup(text_for(f->name));
			break;
		case XLPT_F_BDF:
			*(struct xlpt_opt_bdf *)p = (struct xlpt_opt_bdf){
				true, { .bus = (uint8_t)rnd(2), .dev = (uint8_t)rnd(32) }
			};
			break;
		case XLPT_F_FLAG:
			*(bool *)p = true;
			break;
		case XLPT_F_SLOT:
			*(int *)p = (int)rnd(32);
			break;
		case XLPT_F_ADDR:
			spec->has_bdf = true;
			spec->all_funcs = !rnd(8);
			spec->bdf =
				(struct xlpt_bdf){ .bus = (uint8_t)rnd(256),
						   .dev = (uint8_t)rnd(32),
						   .func = spec->all_funcs ? 0 : (uint8_t)rnd(8) };
			break;
		case XLPT_F_LIST:
			n = 1 + rnd(3);
			list->items = xlpt_xcalloc(n, f->shape->size);
			list->n = list->alloc = n;
			for (size_t i = 0; i < n; i++) {
				xlpt_shape_init(f->shape, xlpt_list_item(list, f->shape, i));
				generate(f->shape, xlpt_list_item(list, f->shape, i), 40, false);
			}
			break;
		case XLPT_F_PART:
			generate(f->shape, p, 25, false);
			break;
		case XLPT_F_CARRIES:
			break;
		}
	}
}

/* What no side could mean. */
static void sane(struct xlpt_dom *dom)
{
	if (!dom->name || strpbrk(dom->name, "/\n\t\"<"))
		xlpt_dom_set(dom, "name", "web1");
	if (!dom->memory.has)
		dom->memory = (struct xlpt_num){ true, 1048576 };
	if (!dom->type)
		dom->type = XLPT_DOM_PV;
	for (size_t i = 0; i < dom->n_pci; i++) {
		struct xlpt_pci *p = &dom->pci[i];

		if (p->spec.name) { /* name= excludes an address */
			free(p->spec.name);
			p->spec.name = NULL;
		}
	}
	for (size_t i = 0; i < dom->n_vcpupin; i++)
		dom->vcpupin[i].vcpu = (struct xlpt_num){ true, i };
}

static void fail_with(uint64_t seed, const char *what, const char *detail, const char *one,
		      const char *two)
{
	print_error("---- first\n%s\n---- second\n", one);
	print_error("%s\n", two);
	print_error("---- XLPT_SEED=%llu: %s\n%s\n", (unsigned long long)seed, what, detail);
	fail();
}

/* What the model has no word for, in the text of one side. */
static void add_strange(enum xlpt_format side, struct xlpt_str *text)
{
	static const char *const keys[] = {
		"altp2m = \"mixed\"\n", "ioports = [ \"2f8-2ff\", '3f8' ]\n",
		"# a comment % \\\n",	"x = 'a' # two\n",
		"vuart=\"sbsa\"\n",	"iomem = [\"1,2\"]\niomem += ['3']\n"
	};
	static const char *const parts[] = { "<rng model='virtio'><backend model='random'/></rng>",
					     "<tpm model='tpm-tis'/>",
					     "<memballoon model='xen'/>" };
	char *end;

	if (side == XLPT_FORMAT_XL) {
		for (uint64_t n = rnd(3); n; n--)
			xlpt_str_add(text, PICK(keys));
		return;
	}
	end = strstr(text->s, "</devices>");
	if (end && rnd(2)) {
		_cleanup_free_ char *rest = xlpt_xstrdup(end);

		text->len = (size_t)(end - text->s);
		xlpt_str_addf(text, "%s%s", PICK(parts), rest);
	}
}

static void no_message(void *ctx, const char *fmt, ...)
{
	(void)ctx, (void)fmt;
}

static void validate(uint64_t seed, const char *from, const char *xml)
{
	xmlRelaxNGValidCtxt *ctxt;
	xmlDoc *doc;
	int bad = 1;

	if (!schema)
		return;
	ctxt = xmlRelaxNGNewValidCtxt(schema);
	doc = xmlReadMemory(xml, (int)strlen(xml), "x", NULL, XML_PARSE_NONET);
	xmlRelaxNGSetValidErrors(ctxt, no_message, no_message, NULL);
	if (doc)
		bad = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	if (bad)
		fail_with(seed, "libvirt's schema does not take it", "", from, xml);
	validated++;
}

static void there_and_back(uint64_t seed, enum xlpt_format side)
{
	enum xlpt_format other = side == XLPT_FORMAT_XL ? XLPT_FORMAT_LIBVIRT : XLPT_FORMAT_XL;
	_cleanup_dom_ struct xlpt_dom made, a, b;
	_cleanup_str_ struct xlpt_str text = { 0 }, over = { 0 }, back = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *detail = NULL;
	struct xlpt_convert to_other = { .to = other }, to_side = { .to = side };
	int rc;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (int i = 0; i < 8; i++)
		rnd(2);
	xlpt_dom_init(&made);
	xlpt_dom_init(&a);
	xlpt_dom_init(&b);
	generate(&xlpt_dom_shape, &made, 30, true);
	sane(&made);
	rc = xlpt_convert_write(side, &made, NULL, 0, &text, NULL, &diag);
	add_strange(side, &text);
	if (rc == 0)
		rc = read_domain(side, text.s, text.len, "made", &a, &losses, &diag);
	if (rc)
		fail_with(seed, "the generated text is not read", diag.message, xlpt_str_get(&text),
			  "");
	rc = xlpt_convert(text.s, text.len, "made", &to_other, &over, NULL, NULL, &diag);
	if (rc)
		fail_with(seed, "there", diag.message, text.s, diag.fact ? diag.fact : "");
	if (other == XLPT_FORMAT_LIBVIRT)
		validate(seed, text.s, over.s);
	rc = xlpt_convert(over.s, over.len, "over", &to_side, &back, NULL, &losses, &diag);
	if (rc)
		fail_with(seed, "back", diag.message, text.s, over.s);
	for (size_t i = 0; i < losses.n; i++)
		if (losses.items[i].severity == XLPT_LOSS_DROPPED)
			fail_with(seed, "dropped", losses.items[i].what, text.s, over.s);
	rc = read_domain(side, back.s, back.len, "back", &b, &losses, &diag);
	if (rc)
		fail_with(seed, "what came back is not read", diag.message, over.s, back.s);
	xlpt_dom_normalise(&a);
	xlpt_dom_normalise(&b);
	if (xlpt_dom_diff(&a, &b, &deltas)) {
		detail = deltas_text(&deltas);
		fail_with(seed, "not the same", detail, text.s, over.s);
	}
}

static void run(enum xlpt_format side)
{
	const char *seed = getenv("XLPT_SEED"), *n = getenv("XLPT_DOMAINS");
	unsigned long from = seed ? strtoul(seed, NULL, 10) : 1;
	unsigned long count = seed ? 1 : n ? strtoul(n, NULL, 10) : 300;

	for (unsigned long i = 0; i < count; i++)
		there_and_back(from + i, side);
}

static void test_xl(void **st)
{
	static const char rng[] = "/usr/share/libvirt/schemas/domain.rng";
	xmlRelaxNGParserCtxt *ctxt;

	(void)st;
	if (access(rng, R_OK) == 0) {
		ctxt = xmlRelaxNGNewParserCtxt(rng);
		schema = xmlRelaxNGParse(ctxt);
		xmlRelaxNGFreeParserCtxt(ctxt);
		assert_non_null(schema);
	}
	run(XLPT_FORMAT_XL);
	print_message("%lu documents pass libvirt's schema\n", validated);
	assert_true(!schema || validated);
	xmlRelaxNGFree(schema);
	xmlRelaxNGCleanupTypes();
}

static void test_libvirt(void **st)
{
	(void)st;
	run(XLPT_FORMAT_LIBVIRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xl),
		cmocka_unit_test(test_libvirt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
