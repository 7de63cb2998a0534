/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML below the libvirt reader: what is refused and where, what is left over, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "converters/libvirt/xml.h"

static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, head);
	for (size_t i = 0; i < n; i++)
		xlpt_str_add(&s, part);
	xlpt_str_add(&s, tail);
	return xlpt_str_take(&s);
}

static void refused(const char *text, size_t len, unsigned line, unsigned column, const char *what)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_lv_doc doc;

	assert_int_equal(xlpt_lv_parse(text, len, "in.xml", &doc, &diag), XLPT_ERR_SYNTAX);
	assert_null(doc.xml);
	assert_int_equal(diag.code, XLPT_ERR_SYNTAX);
	assert_string_equal(diag.file, "in.xml");
	assert_non_null(strstr(diag.message, what));
	assert_int_equal(diag.line, line);
	assert_int_equal(diag.column, column);
	assert_null(strchr(diag.message, '\n'));
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *what;
	} cases[] = {
		{ "name = \"x\"\n", 1, 1, "Start tag expected" },
		{ "<domain>\n<name>x</na", 2, 12, "expected '>'" },
		{ "<a>\n <b x=\"1\" y=2/>\n</a>", 2, 13, "AttValue" },
		{ "<domain>\n<name>f\xe9</name></domain>", 2, 8, "not proper UTF-8" },
		{ "<domain><q:x/></domain>", 1, 13, "prefix q" },
		{ "<domain>&foo;</domain>", 1, 14, "'foo'" },
		{ "<?xml version='1.0' encoding='klingon'?><domain/>", 1, 39, "klingon" },
		{ "<?xml version='1.0' encoding='EUC-JP'?><domain>\xc5r/></domain>", 1, 0, "" },
		{ "<a/><b/>", 1, 5, "Extra content" },
		{ "<a x='1' x='2'/>", 1, 0, "redefined" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_lv_doc doc;

		assert_int_equal(
			xlpt_lv_parse(cases[i].text, strlen(cases[i].text), "f", &doc, &diag),
			XLPT_ERR_SYNTAX);
		assert_int_equal(diag.line, cases[i].line);
		assert_true(diag.column > 0);
		if (cases[i].column)
			assert_int_equal(diag.column, cases[i].column);
		assert_non_null(strstr(diag.message, cases[i].what));
	}
	refused("", 0, 1, 1, "empty");
	refused("<a>\n b\0</a>", 12, 2, 3, "NUL");
}

/* Everything a document type could do: nothing of it happens, and the line is named. */
static void test_doors(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *what;
	} cases[] = {
		{ "<!DOCTYPE z [\n <!ENTITY a \"aaaa\">\n <!ENTITY b \"&a;&a;&a;\">\n]>\n"
		  "<domain>&b;</domain>",
		  2, "entity declaration" },
		{ "<!DOCTYPE z [ <!ENTITY a SYSTEM \"file:///etc/passwd\"> ]><z>&a;</z>", 1,
		  "entity declaration" },
		{ "<!DOCTYPE z [\n\n<!ENTITY % x SYSTEM \"http://127.0.0.1/x\"> %x; ]>\n<z/>", 3,
		  "entity declaration" },
		{ "<!DOCTYPE z [ <!ENTITY a SYSTEM \"x\" NDATA n> ]><z/>", 1,
		  "entity declaration" },
		{ "<!DOCTYPE z [ <!ATTLIST z type CDATA 'xen'> ]>\n<z/>", 1,
		  "attribute declaration" },
		{ "<!DOCTYPE z [ <!ELEMENT z ANY> ]>\n<z/>", 1, "element declaration" },
		{ "<!DOCTYPE z [ <!NOTATION n SYSTEM 'x'> ]>\n<z/>", 1, "notation declaration" },
	};
	static const char external[] = "<!DOCTYPE z SYSTEM 'file:///etc/passwd'>\n<z>k</z>";
	struct xlpt_lv_doc doc;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(
			xlpt_lv_parse(cases[i].text, strlen(cases[i].text), "f", &doc, &diag),
			XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, cases[i].what));
		assert_int_equal(diag.line, cases[i].line);
		assert_non_null(diag.hint);
	}
	/* A document type that declares nothing is harmless and not loaded. */
	assert_int_equal(xlpt_lv_parse(external, strlen(external), "f", &doc, NULL), 0);
	xlpt_lv_dispose(&doc);
}

static void test_limits(void **state)
{
	_cleanup_free_ char *deep = repeat("", "<a>", 100000, "");
	_cleanup_free_ char *many = repeat("<a>", "<b/>", 100001, "</a>");
	_cleanup_free_ char *fits = repeat("<a>", "<b/>", 99999, "</a>");
	_cleanup_free_ char *wide = repeat("<a>\n<b", " x=''", 5000, "/></a>");
	_cleanup_free_ char *huge = repeat("<a>", "0123456789abcdef", 9u << 16, "</a>");
	_cleanup_free_ char *quoted = repeat("<a>\n<b x='", ">", 20000, "'/></a>");
	_cleanup_free_ char *comment = repeat("<a><!-- <b x=' ", "> \"", 20000, " --></a>");
	struct xlpt_lv_doc doc;

	(void)state;
	refused(deep, strlen(deep), 1, 195, "nested deeper");
	refused(many, strlen(many), 1, 400002, "100000 elements");
	refused(wide, strlen(wide), 2, 1, "longer than 16 KiB");
	refused(quoted, strlen(quoted), 2, 1, "longer than 16 KiB");
	refused(huge, strlen(huge), 1, 1, "larger than 8 MiB");
	assert_int_equal(xlpt_lv_parse(fits, strlen(fits), "f", &doc, NULL), 0);
	xlpt_lv_dispose(&doc);
	assert_int_equal(xlpt_lv_parse(comment, strlen(comment), "f", &doc, NULL), 0);
	xlpt_lv_dispose(&doc);
}

static void test_encodings(void **state)
{
	static const char latin[] =
		"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\n<b>f\xe9</b></a>";
	static const char bom[] = "\xef\xbb\xbf<a>\n<b>f\xc3\xa9</b></a>";
	static const char utf16[] = "\xff\xfe<\0a\0>\0\n\0<\0b\0>\0f\0\xe9\0<\0/\0b\0>\0<\0/\0a\0>";
	static const struct {
		const char *text;
		size_t len;
		unsigned line;
	} cases[] = {
		{ latin, sizeof(latin) - 1, 3 },
		{ bom, sizeof(bom) - 1, 2 },
		{ utf16, sizeof(utf16), 2 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_lv_doc_ struct xlpt_lv_doc doc;
		_cleanup_free_ char *text = NULL;
		unsigned line, column;
		xmlNode *b;

		assert_int_equal(xlpt_lv_parse(cases[i].text, cases[i].len, "f", &doc, NULL), 0);
		b = xlpt_lv_child(xmlDocGetRootElement(doc.xml), "b");
		text = xlpt_lv_text(b);
		assert_string_equal(text, "f\xc3\xa9");
		xlpt_lv_where(&doc, b, NULL, &line, &column);
		assert_int_equal(line, cases[i].line);
	}
}

static void test_where(void **state)
{
	static const char text[] = "<d>\n  <e a='> b='\n     b='2'/><f/>\n</d>";
	_cleanup_lv_doc_ struct xlpt_lv_doc doc;
	unsigned line, column;
	xmlNode *d, *e, *f;

	(void)state;
	assert_int_equal(xlpt_lv_parse(text, strlen(text), "f", &doc, NULL), 0);
	d = xmlDocGetRootElement(doc.xml);
	e = xlpt_lv_child(d, "e");
	f = xlpt_lv_child(d, "f");
	xlpt_lv_where(&doc, f, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 313);
	xlpt_lv_where(&doc, e, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 203);
	xlpt_lv_where(&doc, e, "a", &line, &column);
	assert_int_equal(line * 100 + column, 206);
	xlpt_lv_where(&doc, e, "b", &line, &column);
	assert_int_equal(line * 100 + column, 306);
	xlpt_lv_where(&doc, d, NULL, &line, &column);
	assert_int_equal(line * 100 + column, 101);
}

static void collect(void *ctx, const char *path, const char *text, unsigned line, unsigned column)
{
	xlpt_str_addf(ctx, "%u:%u %s %s\n", line, column, path, text);
}

static void put_back(void *ctx, const char *path, const char *text, unsigned line, unsigned column)
{
	(void)line, (void)column;
	assert_true(xlpt_lv_restore(ctx, path, text));
}

static void test_rest(void **state)
{
	static const char text[] = "<d type='xen' xmlns:q='http://q/1.0'>\n"
				   "  <name>x</name>\n"
				   "  <os><loader secure='yes'>/l</loader></os>\n"
				   "  <note q:by='me'>a\nb</note>\n"
				   "  <memtune><hard_limit unit='k'>5</hard_limit></memtune>\n"
				   "  <q:line><q:arg value='-s &lt;'/></q:line>\n"
				   "</d>";
	_cleanup_lv_doc_ struct xlpt_lv_doc doc, built;
	_cleanup_str_ struct xlpt_str got = { 0 }, out = { 0 };
	_cleanup_free_ char *name = NULL, *loader = NULL;
	xmlNode *d, *os, *l, *top;

	(void)state;
	assert_int_equal(xlpt_lv_parse(text, strlen(text), "f", &doc, NULL), 0);
	d = xmlDocGetRootElement(doc.xml);
	xlpt_lv_mark(d);
	xlpt_lv_attr(d, "type");
	name = xlpt_lv_text(xlpt_lv_child(d, "name"));
	os = xlpt_lv_child(d, "os");
	l = xlpt_lv_child(os, "loader");
	loader = xlpt_lv_text(l);
	xlpt_lv_mark(xlpt_lv_child(d, "note"));
	xlpt_lv_rest(&doc, d, collect, &got);
	assert_string_equal(
		xlpt_str_get(&got),
		"3:15 os/loader/@secure yes\n"
		"4:3 note/@{http://q/1.0}q:by me\n"
		"4:3 note/text() a\nb\n"
		"6:3 memtune <memtune><hard_limit unit='k'>5</hard_limit></memtune>\n"
		"7:3 line <q:line xmlns:q='http://q/1.0'><q:arg value='-s &lt;'/></q:line>\n");

	/* What was left over, put below a document that says what was understood. */
	assert_int_equal(xlpt_lv_parse("<d/>", 4, "f", &built, NULL), 0);
	top = xmlDocGetRootElement(built.xml);
	xlpt_lv_set(top, "type", "xen");
	xlpt_lv_add_text(xlpt_lv_need(top, "os"), "loader", loader);
	xlpt_lv_rest(&doc, d, put_back, top);
	xlpt_lv_save(top, false, &out);
	assert_string_equal(xlpt_str_get(&out),
			    "<d type='xen'>\n"
			    "  <os>\n"
			    "    <loader secure='yes'>/l</loader>\n"
			    "  </os>\n"
			    "  <note xmlns:q='http://q/1.0' q:by='me'>a\nb</note>\n"
			    "  <memtune>\n"
			    "    <hard_limit unit='k'>5</hard_limit>\n"
			    "  </memtune>\n"
			    "  <q:line xmlns:q='http://q/1.0'>\n"
			    "    <q:arg value='-s &lt;'/>\n"
			    "  </q:line>\n"
			    "</d>\n");
	assert_false(xlpt_lv_restore(top, "a b/c", "<c/>"));
	assert_false(xlpt_lv_restore(top, "c", "no xml"));
	assert_false(xlpt_lv_restore(top, "@c d", "x"));
	assert_false(xlpt_lv_restore(top, "@c", "\x01"));
}

/* Blanks of every kind survive, in attributes as well, where XML would make them one. */
static void test_blanks(void **state)
{
	static const char nasty[] = " two\nlines\tand\r <&>'\" ";
	_cleanup_lv_doc_ struct xlpt_lv_doc doc = { .xml = xmlNewDoc((const xmlChar *)"1.0") };
	struct xlpt_str out[2] = { { 0 } };
	struct xlpt_lv_doc back[2];
	xmlNode *top = xlpt_lv_add(NULL, "d");

	(void)state;
	xmlDocSetRootElement(doc.xml, top);
	xlpt_lv_set(top, "a", nasty);
	xlpt_lv_add_text(top, "t", nasty);
	xlpt_lv_add_text(top, "b", "  ");
	for (int line = 0; line < 2; line++) {
		_cleanup_free_ char *text = NULL, *blank = NULL;
		xmlNode *d;

		xlpt_lv_save(top, line, &out[line]);
		if (line)
			assert_null(strchr(out[line].s, '\n'));
		assert_int_equal(xlpt_lv_parse(out[line].s, out[line].len, "f", &back[line], NULL),
				 0);
		d = xmlDocGetRootElement(back[line].xml);
		assert_string_equal(xlpt_lv_attr(d, "a"), nasty);
		text = xlpt_lv_raw(xlpt_lv_child(d, "t"));
		assert_string_equal(text, nasty);
		blank = xlpt_lv_raw(xlpt_lv_child(d, "b"));
		assert_string_equal(blank, "  ");
		xlpt_lv_dispose(&back[line]);
		xlpt_str_dispose(&out[line]);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },     { "25", true, 25 },    { "0x19", true, 25 },
		{ "0X1f", true, 31 }, { "031", true, 25 },   { "0x", false, 0 },
		{ "08", false, 0 },   { "", false, 0 },	     { " 1", false, 0 },
		{ "-1", false, 0 },   { "+1", false, 0 },    { "1f", false, 0 },
		{ "256", false, 0 },  { "0x100", false, 0 }, { "99999999999999999999", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		uint64_t v = 0;

		assert_int_equal(xlpt_lv_number(cases[i].text, 255, &v), cases[i].ok);
		assert_int_equal(v, cases[i].value);
	}
	assert_true(xlpt_lv_sayable("f\xc3\xa9 \t\n<&>"));
	assert_false(xlpt_lv_sayable("\x1b[0m"));
	assert_false(xlpt_lv_sayable("\xe9"));
	assert_false(xlpt_lv_sayable("\xed\xa0\x80"));
	assert_false(xlpt_lv_sayable("\xef\xbf\xbf"));
}

/* What a document calls its encoding must not be loaded from where the environment says. */
static void test_encoding_of_others(void **state)
{
	static const char text[] = "<?xml version='1.0' encoding='XLPT-EVIL'?><domain/>";
	struct xlpt_lv_doc doc;

	(void)state;
	setenv("GCONV_PATH", "/nonexistent", 1);
	assert_int_equal(xlpt_lv_parse(text, strlen(text), "in.xml", &doc, NULL), XLPT_ERR_SYNTAX);
	assert_null(getenv("GCONV_PATH"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding_of_others),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
