/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The examples of the guides and others (tests/data/convert/NAME.xml): to xl they give NAME.xl,
 * byte for byte, and back from there the model of NAME.xml again. Everything written must pass
 * libvirt's own schemas. XLPT_UPDATE_GOLDEN=1 writes the .xl files instead of comparing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

#include "converters/convert.h"
#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/pool-def.h"
#include "tests/unit/domains.h"

#define DATA	"tests/data/convert/"
#define SCHEMAS "/usr/share/libvirt/schemas/"

static char *slurp(const char *path)
{
	struct xlpt_str s = { 0 };
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		xlpt_str_addn(&s, buf, n);
	fclose(f);
	return xlpt_str_take(&s);
}

static void golden(const char *path, const char *got)
{
	_cleanup_free_ char *want = slurp(path);

	if (getenv("XLPT_UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(got, f);
		assert_int_equal(fclose(f), 0);
		return;
	}
	if (!want || strcmp(want, got))
		print_message("%s:\n%s", path, got);
	assert_non_null(want);
	assert_string_equal(got, want);
}

/* xmllint's way to a schema: NULL when libvirt-clients is not installed. */
static xmlRelaxNG *schema(const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf(SCHEMAS "%s.rng", name);
	xmlRelaxNGParserCtxt *ctxt;
	xmlRelaxNG *rng = NULL;
	FILE *f = fopen(path, "r");

	if (!f)
		return NULL;
	fclose(f);
	ctxt = xmlRelaxNGNewParserCtxt(path);
	if (ctxt)
		rng = xmlRelaxNGParse(ctxt);
	xmlRelaxNGFreeParserCtxt(ctxt);
	assert_non_null(rng);
	return rng;
}

static void validate(xmlRelaxNG *rng, const char *text, const char *name)
{
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(rng);
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), name, NULL, XML_PARSE_NONET);
	int bad;

	assert_non_null(doc);
	bad = xmlRelaxNGValidateDoc(ctxt, doc);
	if (bad)
		print_message("%s does not pass libvirt's schema:\n%s", name, text);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	assert_int_equal(bad, 0);
}

/* A device alone, inside a domain that has nothing else. */
static char *wrap(const char *text)
{
	const char *body = text;

	while (xlpt_starts(body, "<!--"))
		body = strchr(body, '\n') + 1;
	return xlpt_starts(body, "<domain") ? xlpt_xstrdup(body)
	       : xlpt_starts(body, "<devices")
		       ? xlpt_xasprintf("<domain type='xen'><name>n</name><os><type>hvm</type></os>"
					"%s</domain>",
					body)
		       : xlpt_xasprintf("<domain type='xen'><name>n</name><os><type>hvm</type></os>"
					"<devices>%s</devices></domain>",
					body);
}

static void same_model(const char *name, const char *a, const char *b)
{
	_cleanup_dom_ struct xlpt_dom x, y;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(read_domain(XLPT_FORMAT_LIBVIRT, a, strlen(a), "a", &x, NULL, NULL), 0);
	assert_int_equal(read_domain(XLPT_FORMAT_LIBVIRT, b, strlen(b), "b", &y, NULL, NULL), 0);
	xlpt_dom_diff(&x, &y, &deltas);
	text = deltas_text(&deltas);
	if (*text)
		print_message("%s is not the same any more:\n%s", name, text);
	assert_int_equal(deltas.n, 0);
}

static void one_domain(const char *path, xmlRelaxNG *rng)
{
	_cleanup_free_ char *text = slurp(path), *want = NULL, *whole = NULL;
	_cleanup_str_ struct xlpt_str xl = { 0 }, xml = { 0 }, xl2 = { 0 }, again = { 0 },
				      plain = { 0 };
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_convert to_xl = { .to = XLPT_FORMAT_XL }, back = { .to = XLPT_FORMAT_LIBVIRT };
	int rc;

	/* What came from libvirt, libvirt can say: nothing has to be kept beside it. */
	assert_int_equal(
		read_domain(XLPT_FORMAT_LIBVIRT, text, strlen(text), path, &dom, NULL, NULL), 0);
	assert_int_equal(xlpt_libvirt_write(&dom, NULL, 0, &plain, NULL, NULL), 0);
	same_model(path, text, plain.s);

	rc = xlpt_convert(text, strlen(text), path, &to_xl, &xl, NULL, NULL, &diag);
	if (rc)
		print_message("%s: %s\n", path, diag.message);
	assert_int_equal(rc, 0);
	want = xlpt_xasprintf("%.*s.xl", (int)strlen(path) - 4, path);
	golden(want, xl.s);
	assert_int_equal(xlpt_convert(xl.s, xl.len, want, &back, &xml, NULL, NULL, NULL), 0);
	same_model(path, text, xml.s);
	whole = wrap(xml.s);
	if (rng)
		validate(rng, whole, path);

	/* From here on nothing changes any more, byte for byte. */
	assert_int_equal(xlpt_convert(xml.s, xml.len, path, &to_xl, &xl2, NULL, NULL, NULL), 0);
	assert_int_equal(xlpt_convert(xl2.s, xl2.len, path, &back, &again, NULL, NULL, NULL), 0);
	assert_string_equal(again.s, xml.s);
}

static void one_network(const char *path, xmlRelaxNG *rng)
{
	_cleanup_free_ char *text = slurp(path), *want = NULL;
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 }, back = { 0 };
	_cleanup_str_ struct xlpt_str own = { 0 }, xml = { 0 }, xml2 = { 0 };

	assert_int_equal(xlpt_libvirt_network_read(text, strlen(text), path, &def.pool, NULL), 0);
	xlpt_pool_def_format(&def, &own);
	want = xlpt_xasprintf("%.*s.pool", (int)strlen(path) - 4, path);
	golden(want, own.s);
	assert_int_equal(xlpt_pool_def_parse(own.s, own.len, want, &back, NULL), 0);
	assert_int_equal(xlpt_libvirt_network_write(&back.pool, &xml, NULL), 0);
	assert_int_equal(xlpt_libvirt_network_write(&def.pool, &xml2, NULL), 0);
	assert_string_equal(xml.s, xml2.s);
	if (rng)
		validate(rng, xml.s, path);
}

static void test_examples(void **state)
{
	xmlRelaxNG *domains = schema("domain"), *networks = schema("network");
	size_t n = 0;
	glob_t files;

	(void)state;
	if (!domains)
		print_message("not validated: " SCHEMAS " is missing (install libvirt-clients)\n");
	assert_int_equal(glob(DATA "*.xml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		_cleanup_free_ char *text = slurp(files.gl_pathv[i]);

		if (xlpt_starts(text, "<network"))
			one_network(files.gl_pathv[i], networks);
		else
			one_domain(files.gl_pathv[i], domains);
		n++;
	}
	assert_true(n >= 22);
	globfree(&files);
	xmlRelaxNGFree(domains);
	xmlRelaxNGFree(networks);
	xmlRelaxNGCleanupTypes();
}

/* What the examples of xl configurations give (test-convert-xl.c compares them) passes as well. */
static void test_from_xl(void **state)
{
	xmlRelaxNG *domains = schema("domain");
	glob_t files;

	(void)state;
	assert_int_equal(glob(DATA "*.cfg", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		_cleanup_free_ char *text = slurp(files.gl_pathv[i]);
		_cleanup_str_ struct xlpt_str xml = { 0 };
		struct xlpt_convert how = { .to = XLPT_FORMAT_LIBVIRT };

		assert_int_equal(xlpt_convert(text, strlen(text), files.gl_pathv[i], &how, &xml,
					      NULL, NULL, NULL),
				 0);
		if (domains)
			validate(domains, xml.s, files.gl_pathv[i]);
	}
	assert_true(files.gl_pathc > 0);
	globfree(&files);
	xmlRelaxNGFree(domains);
	xmlRelaxNGCleanupTypes();
}

/* With the network's XML beside it, the interface is a device from the pool. */
static void test_pool(void **state)
{
	_cleanup_free_ char *net = slurp(DATA "rhel7-network-pf.xml");
	_cleanup_free_ char *iface = slurp(DATA "rhel7-interface-network.xml");
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_str_ struct xlpt_str xl = { 0 }, xml = { 0 };
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL, .pools = &def.pool, .n_pools = 1 };
	struct xlpt_convert back = { .to = XLPT_FORMAT_LIBVIRT };

	(void)state;
	assert_int_equal(xlpt_libvirt_network_read(net, strlen(net), "n", &def.pool, NULL), 0);
	assert_int_equal(xlpt_convert(iface, strlen(iface), "i", &how, &xl, NULL, NULL, NULL), 0);
	golden(DATA "rhel7-interface-network.pooled", xl.s);
	assert_int_equal(xlpt_convert(xl.s, xl.len, "i", &back, &xml, NULL, NULL, NULL), 0);
	assert_non_null(strstr(xml.s, "<source network='passthrough'/>"));
	assert_non_null(strstr(xml.s, "<mac address='52:54:00:21:08:44'/>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_from_xl),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
