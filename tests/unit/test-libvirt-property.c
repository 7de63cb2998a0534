/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Models filled at random from their tables, nonsense included: whatever is in them, the XML passes
 * libvirt's schema and is read again, and with what had to be kept beside it, gives the same model
 * to the last value. XLPT_DOMAINS=10000 is the full run, XLPT_SEED=N repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/model/internal.h"
#include "tests/unit/domains.h"

static const char rng_path[] = "/usr/share/libvirt/schemas/domain.rng";
static uint64_t state;

static uint64_t rnd(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* clang-format off */
static const char *const texts[] = {
	"",
	" ",
	"a",
	"web 1",
	"x,y",
	"<&>\"'",
	"two\nlines",
	"tab\there",
	"\r",
	"\x01",
	"\xff",
	"\xc3\xa9",
	"\xed\xa0\x80",
	"\xef\xbf\xbe",
	"]]>",
	"--",
	"-",
	"%41",
	"/",
	"/a b",
	"/dev/sda",
	"/x\ny",
	"C:\\x",
	"rbd:p/i:auth_supported=none",
	"rbd:p/i:auth_supported=none:mon_host=a\\:1\\;b",
	"rbd:p/i:auth_supported=none:mon_host=[2001\\:db8\\:\\:1]\\:6789",
	"rbd:p:i",
	"rbd:",
	"nbd:h:1",
	"0-3,^2",
	"0-",
	"^1",
	",",
	"all",
	"00:16:3e:11:22:33",
	"01:00:5e:00:00:01",
	"00:16:3E:AA:BB:CC",
	"2147d599-9cc6-c0dc-92ab-4064b5446e9b",
	"2147d5999cc6c0dc92ab4064b5446e9b",
	"xvda",
	"hda",
	"sdb",
	"d1p0",
	"fda",
	"ioemu:hda",
	"10,20",
	"10,20,30",
	"9",
	"cdn",
	"cx",
	"c",
	"vmx",
	"svm",
	"aes",
	"sse4.2",
	"no good",
	"10.0.0.1",
	"10.0.0.1/24",
	"10.0.0.1/33",
	"::1/64",
	"::ffff:10.0.0.1",
	"fe80::1",
	"localhost",
	"under_score",
	"eth0",
	"br0.5",
	"netfront",
	"e1000",
	"ac97",
	"hda",
	"ich6",
	"gus",
	"off",
	"auto_glz",
	"filter",
	"xen",
	"vfio",
	"0",
	"1",
	"0123456789012345678901234567890123456789",
	"qusb2",
	"nec-xhci",
	"base",
	"xenbr0",
	"pygrub",
};
/* clang-format on */

static const uint64_t numbers[] = { 0,
				    1,
				    2,
				    3,
				    10,
				    255,
				    256,
				    999,
				    1000,
				    1001,
				    4095,
				    4096,
				    5900,
				    65535,
				    65536,
				    1048576,
				    4294967295u,
				    4294967296u,
				    UINT64_MAX / 2,
				    UINT64_MAX - 3600,
				    UINT64_MAX };

static void generate(const struct xlpt_shape *shape, void *base, unsigned chance, bool top)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++) {
		void *p = xlpt_field_at(base, f);
		struct xlpt_list *list = p;
		struct xlpt_spec *spec = p;
		size_t n, words = 1;

		if ((top && strcmp(f->name, "devices_only") == 0) ||
		    (f->type != XLPT_F_PART && rnd(100) >= chance))
			continue;
		switch (f->type) {
		case XLPT_F_STR:
			*(char **)p = xlpt_xstrdup(texts[rnd(XLPT_ARRAY_SIZE(texts))]);
			break;
		case XLPT_F_NUM:
			*(struct xlpt_num *)p = (struct xlpt_num){
				true, rnd(2) ? numbers[rnd(XLPT_ARRAY_SIZE(numbers))] : rnd(300)
			};
			break;
		case XLPT_F_TRI:
			*(int *)p = rnd(2) ? XLPT_ON : XLPT_OFF;
			break;
		case XLPT_F_WORD:
			while (f->words[words])
				words++;
			*(int *)p = 1 + (int)rnd(words - 1);
			break;
		case XLPT_F_STRV:
			n = 1 + rnd(3);
			*(char ***)p = xlpt_xcalloc(n + 1, sizeof(char *));
			for (size_t i = 0; i < n; i++)
				(*(char ***)p)[i] =
					xlpt_xstrdup(texts[rnd(XLPT_ARRAY_SIZE(texts))]);
			break;
		case XLPT_F_BDF:
			*(struct xlpt_opt_bdf *)p =
				(struct xlpt_opt_bdf){ true,
						       { (uint16_t)rnd(65536), (uint8_t)rnd(256),
							 (uint8_t)rnd(32), (uint8_t)rnd(8) } };
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
			spec->bdf = (struct xlpt_bdf){ (uint16_t)rnd(65536), (uint8_t)rnd(256),
						       (uint8_t)rnd(32),
						       spec->all_funcs ? 0 : (uint8_t)rnd(8) };
			break;
		case XLPT_F_LIST:
			n = 1 + rnd(3);
			list->items = xlpt_xcalloc(n, f->shape->size);
			list->n = list->alloc = n;
			for (size_t i = 0; i < n; i++) {
				xlpt_shape_init(f->shape, xlpt_list_item(list, f->shape, i));
				generate(f->shape, xlpt_list_item(list, f->shape, i), 50, false);
			}
			break;
		case XLPT_F_PART:
			generate(f->shape, p, 30, false);
			break;
		case XLPT_F_CARRIES:
			break;
		}
	}
}

static void failed(uint64_t seed, const char *what, const char *detail, const char *xml)
{
	print_error("%s\nXLPT_SEED=%llu: %s\n%s\n", xml, (unsigned long long)seed, what, detail);
	fail();
}

static void no_message(void *ctx, const char *fmt, ...)
{
	(void)ctx, (void)fmt;
}

static void validate(xmlRelaxNG *rng, const char *text, uint64_t seed)
{
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(rng);
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "x", NULL, XML_PARSE_NONET);
	int bad = 1;

	xmlRelaxNGSetValidErrors(ctxt, no_message, no_message, NULL);
	if (doc)
		bad = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	if (bad)
		failed(seed, "libvirt's schema does not take it", "", text);
}

static void one(uint64_t seed, xmlRelaxNG *rng)
{
	_cleanup_dom_ struct xlpt_dom dom, back, again;
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 }, found = { 0 };
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 }, left = { 0 };
	_cleanup_str_ struct xlpt_str xml = { 0 }, full = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *detail = NULL;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (int i = 0; i < 8; i++)
		rnd(2);
	xlpt_dom_init(&dom);
	xlpt_dom_init(&back);
	xlpt_dom_init(&again);
	generate(&xlpt_dom_shape, &dom, 40, true);
	if (rnd(20))
		xlpt_dom_set(&dom, "name", "web1");
	/* What libvirt said of a file comes back, also what its schema does not take. */
	for (size_t i = 0; i < dom.n_disk; i++)
		if (dom.disk[i].kind == XLPT_DISK_FILE && dom.disk[i].target &&
		    *dom.disk[i].target != '/')
			dom.disk[i].kind = 0;
	if (xlpt_libvirt_write(&dom, NULL, 0, &xml, NULL, &diag)) {
		assert_int_equal(diag.code, XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, "name"));
		return;
	}
	if (rng)
		validate(rng, xml.s, seed);
	if (xlpt_libvirt_read(xml.s, xml.len, "made", &back, NULL, NULL, &diag))
		failed(seed, "not read again", diag.message, xml.s);
	xlpt_dom_diff_values(&dom, &back, &deltas);
	for (size_t i = 0; i < deltas.n; i++)
		xlpt_kept_add(&kept, deltas.items[i].path, deltas.items[i].a, deltas.items[i].b);
	assert_int_equal(xlpt_libvirt_write(&dom, &kept, 0, &full, NULL, &diag), 0);
	if (rng)
		validate(rng, full.s, seed);
	if (xlpt_libvirt_read(full.s, full.len, "full", &again, &found, NULL, &diag))
		failed(seed, "not read again with what is kept", diag.message, full.s);
	assert_int_equal(found.n, kept.n);
	xlpt_kepts_apply(&found, &again, "full", NULL);
	if (xlpt_dom_diff_values(&dom, &again, &left)) {
		detail = deltas_text(&left);
		failed(seed, "not the same", detail, full.s);
	}
}

static void test_models(void **s)
{
	const char *seed = getenv("XLPT_SEED"), *n = getenv("XLPT_DOMAINS");
	uint64_t runs = n ? strtoull(n, NULL, 10) : 1000;
	xmlRelaxNGParserCtxt *ctxt;
	xmlRelaxNG *rng = NULL;
	FILE *f = fopen(rng_path, "r");

	(void)s;
	if (f) {
		fclose(f);
		ctxt = xmlRelaxNGNewParserCtxt(rng_path);
		rng = xmlRelaxNGParse(ctxt);
		xmlRelaxNGFreeParserCtxt(ctxt);
		assert_non_null(rng);
	} else {
		print_message("not validated: %s is missing (install libvirt-clients)\n", rng_path);
	}
	if (seed)
		one(strtoull(seed, NULL, 10), rng);
	for (uint64_t i = 1; !seed && i <= runs; i++)
		one(i, rng);
	xmlRelaxNGFree(rng);
	xmlRelaxNGCleanupTypes();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_models) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
