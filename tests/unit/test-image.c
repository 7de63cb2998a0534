/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images and records are hostile input: each way of being wrong has its answer, none its crash. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "xl-plugin/backend/image.h"

#define UUID "217d0b44-bdb5-4ce2-b6a1-bc2c53e95d43"

static char dir[] = "/tmp/xlpt-image-XXXXXX";
static char path[64];

static const char good_config[] =
	"{\"c_info\":{\"type\":\"pv\",\"name\":\"web1\",\"uuid\":\"" UUID "\"},"
	"\"b_info\":{\"max_memkb\":262144},"
	"\"pcidevs\":[{\"bus\":2,\"vdevfn\":40,\"permissive\":true,\"rdm_policy\":\"strict\"},"
	"{\"func\":1,\"dev\":16,\"bus\":1,\"domain\":1,\"seize\":true}],"
	"\"on_reboot\":\"restart\"}";

struct image {
	char *data;
	size_t len;
};

static void put32(struct xlpt_str *s, uint32_t v)
{
	xlpt_str_addn(s, (const char *)&v, sizeof(v));
}

/* extra: what a later xl may put behind the configuration. */
static void build(struct xlpt_str *s, const char *config, size_t len, const char *extra)
{
	static const uint32_t zero[2] = { 0 }, context[2] = { 1, 0 };

	xlpt_str_addn(s, "Xen saved domain, xl format\n \0 \r", 32);
	put32(s, 0x01020304);
	put32(s, 3);
	put32(s, 0);
	put32(s, (uint32_t)(4 + len + strlen(extra)));
	put32(s, (uint32_t)len);
	xlpt_str_addn(s, config, len);
	xlpt_str_add(s, extra);
	xlpt_str_addn(s, "LibxlFmt\0\0\0\2\0\0\0\0", 16);
	xlpt_str_addn(s, (const char *)context, 8);
	xlpt_str_addn(s,
		      "\xff\xff\xff\xff\xff\xff\xff\xff"
		      "XENF\0\0\0\3\0\0\0\0\0\0\0\0",
		      24);
	for (int i = 0; i < 4; i++)
		put32(s, 1);
	put32(s, 1);
	put32(s, 13);
	xlpt_str_addn(s, "thirteen bytes\0\0", 16);
	xlpt_str_addn(s, (const char *)zero, 8);
	put32(s, 2);
	put32(s, 8);
	xlpt_str_addn(s, "emulator", 8);
	xlpt_str_addn(s, (const char *)zero, 8);
}

static void put(const char *file, const char *data, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static int open_data(const char *data, size_t len, struct xlpt_image *image, struct xlpt_diag *diag)
{
	put(path, data, len);
	return xlpt_image_open(image, NULL, path, diag);
}

static void test_good(void **state)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	_cleanup_image_ struct xlpt_image image;
	_cleanup_free_ char *spec = NULL, *head = NULL;
	size_t len;

	(void)state;
	build(&s, good_config, sizeof(good_config), "later");
	assert_int_equal(open_data(s.s, s.len, &image, NULL), 0);
	assert_string_equal(image.guest.name, "web1");
	assert_string_equal(image.guest.uuid, UUID);
	assert_int_equal(image.guest.type, XLPT_GUEST_PV);
	assert_int_equal(image.n, 2);
	spec = xlpt_spec_format(&image.specs[0]);
	assert_string_equal(spec, "0000:02:00.0@5,permissive=1,rdm_policy=strict");
	assert_int_equal(image.specs[1].bdf.seg, 1);
	assert_int_equal(image.specs[1].bdf.dev, 16);
	/* The rest of it stays, tail included, and the lengths fit: it can be read again. */
	head = xlpt_image_head_without_devices(&image, &len);
	assert_null(memmem(head, len, "pcidevs", 7));
	assert_non_null(memmem(head, len, "on_reboot", 9));
	{
		_cleanup_str_ struct xlpt_str t = { 0 };
		_cleanup_image_ struct xlpt_image again;

		xlpt_str_addn(&t, head, len);
		assert_memory_equal(head + len - 5, "later", 5);
		xlpt_str_addn(&t, s.s + image.body, s.len - (size_t)image.body);
		assert_int_equal(open_data(t.s, t.len, &again, NULL), 0);
		assert_int_equal(again.n, 0);
		assert_int_equal(again.config_len + again.config_at, len - 5);
	}
}

static void wrong(const char *config, size_t len, const char *says)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_image image;

	build(&s, config, len, "");
	assert_int_equal(open_data(s.s, s.len, &image, &diag), XLPT_ERR_SYNTAX);
	if (!strstr(diag.fact, says))
		fail_msg("%s: %s, not %s", config, diag.fact, says);
	assert_non_null(diag.hint);
	assert_int_equal(image.fd, -1);
}

#define CONFIG(devs) "{\"c_info\":{\"name\":\"a\",\"uuid\":\"" UUID "\"},\"pcidevs\":" devs "}"

static void test_configurations(void **state)
{
	/* clang-format off */
	static const char *const devices[] = {
		CONFIG("[{\"bus\":256}]"), CONFIG("[{\"dev\":32}]"), CONFIG("[{\"func\":8}]"),
		CONFIG("[{\"domain\":65536}]"), CONFIG("[{\"bus\":-1}]"), CONFIG("[{\"bus\":\"2\"}]"),
		CONFIG("[{\"bus\":1.5}]"), CONFIG("[3]"), CONFIG("[null]"),
		CONFIG("[{\"bus\":99999999999999999999}]"),
	};
	/* clang-format on */
	char deep[400];

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(devices); i++)
		/* That of Debian 12 cuts a number that is too large down, that of Debian 13 refuses it. */
		wrong(devices[i], strlen(devices[i]),
		      strstr(devices[i], "99999999999") ? "" : "no valid address");
	wrong(CONFIG("{}"), strlen(CONFIG("{}")), "no list");
	wrong("", 0, "not JSON");
	wrong("[]", 2, "not JSON");
	wrong("{} x", 4, "not JSON");
	wrong("{\"c_info\":1}", 12, "no usable name");
	wrong("{\"c_info\":{\"name\":\"a\"}}", 23, "no uuid");
	wrong("{\"c_info\":{\"name\":\"a/b\"}}", 25, "no usable name");
	wrong("{\"c_info\":{\"name\":\"a\\n\"}}", 25, "no usable name");
	/* Half of it behind a NUL. */
	wrong("{}\0{}", 5, "not JSON");
	memset(deep, '[', sizeof(deep));
	wrong(deep, sizeof(deep), "not JSON");
}

/* Every length that is too short is told as such; every flipped byte is survived. */
static void test_damaged(void **state)
{
	_cleanup_str_ struct xlpt_str s = { 0 };

	(void)state;
	build(&s, good_config, sizeof(good_config), "");
	for (size_t len = 0; len < s.len; len++) {
		struct xlpt_image image;

		assert_int_not_equal(open_data(s.s, len, &image, NULL), 0);
	}
	for (size_t i = 0; i < s.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			_cleanup_image_ struct xlpt_image image = { .fd = -1 };

			s.s[i] ^= (char)(1 << bit);
			if (open_data(s.s, s.len, &image, NULL) == 0) {
				size_t len;

				free(xlpt_image_head_without_devices(&image, &len));
			}
			s.s[i] ^= (char)(1 << bit);
		}
}

static void test_not_files(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_image image;

	(void)state;
	assert_int_equal(xlpt_image_open(&image, NULL, "/dev/zero", &diag), XLPT_ERR_SYNTAX);
	assert_int_equal(xlpt_image_open(&image, NULL, dir, &diag), XLPT_ERR_SYNTAX);
	assert_int_equal(xlpt_image_open(&image, NULL, "/nonexistent", &diag), XLPT_ERR_NOT_FOUND);
}

static void test_record(void **state)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	_cleanup_image_ struct xlpt_image image;
	_cleanup_image_record_ struct xlpt_image_record record = { 0 };
	_cleanup_free_ char *file = xlpt_image_record_path(path), *spec = NULL;
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{ "", XLPT_ERR_SYNTAX },
		{ "xlpt image 2\n", XLPT_ERR_SYNTAX },
		{ "xlpt image 1\nguest " UUID " web1\nsize 1\n", XLPT_ERR_CONFLICT },
		{ "xlpt image 1\nsize 1\n", XLPT_ERR_CONFLICT },
		{ "xlpt image 1\ndevice 99:99.9\n", XLPT_ERR_SYNTAX },
		{ "xlpt image 1\ndevice 01:00.*\n", XLPT_ERR_SYNTAX },
		{ "xlpt image 1\ndevice name=x\n", XLPT_ERR_SYNTAX },
	};
	const struct xlpt_spec *specs[1];

	(void)state;
	build(&s, good_config, sizeof(good_config), "");
	assert_int_equal(open_data(s.s, s.len, &image, NULL), 0);
	unlink(file);
	assert_int_equal(xlpt_image_record_read(&image, &record, NULL), 0);
	assert_false(record.present);
	specs[0] = &image.specs[0];
	assert_int_equal(xlpt_image_record_write(path, &image.guest, image.size, specs, 1, NULL),
			 0);
	assert_int_equal(xlpt_image_record_read(&image, &record, NULL), 0);
	assert_int_equal(record.n, 1);
	spec = xlpt_spec_format(&record.specs[0]);
	assert_string_equal(spec, "0000:02:00.0@5,permissive=1,rdm_policy=strict");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		xlpt_image_record_dispose(&record);
		put(file, bad[i].text, strlen(bad[i].text));
		assert_int_equal(xlpt_image_record_read(&image, &record, &diag), bad[i].code);
		assert_int_equal(record.n, 0);
	}
	/* None to attach: an old one goes. */
	assert_int_equal(xlpt_image_record_write(path, &image.guest, image.size, NULL, 0, NULL), 0);
	assert_int_equal(access(file, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	cmocka_unit_test(test_configurations),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_not_files),
		cmocka_unit_test(test_record),
	};
	int status;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/a", dir);
	status = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return status;
}
