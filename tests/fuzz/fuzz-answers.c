/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what other programs answer. The first byte chooses: a device model's log, another
 * host's xlpt and xl (list -v), libxl's lines. An answer is taken or refused with a reason;
 * what of it is shown is one line of plain text.
 */
#include <json-c/json.h>
#include <string.h>

#include "core/text.h"
#include "tests/fuzz/tree.h"
#include "xl-plugin/backend/causes.h"
#include "xl-plugin/hotplug/device-model.h"
#include "xl-plugin/leave/leave.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOG "var/log/xen/qemu-dm-hvm1.log"

static const char *answer;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int64_t now(struct xlpt_clock *c)
{
	(void)c;
	return 1;
}

static int caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	(void)ts, (void)diag;
	*out = (struct xlpt_xen_caps){ .version = "4.17.5" };
	return 0;
}

static int remote(struct xlpt_toolstack *ts, const char *transport, const char *host,
		  const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		  int *status, char **out, struct xlpt_diag *diag)
{
	(void)ts, (void)transport, (void)host, (void)command, (void)image, (void)timeout_ms,
		(void)diag;
	*status = 0;
	*out = xlpt_xstrdup(answer);
	return 0;
}

static const struct xlpt_toolstack_ops ops = { .caps = caps, .remote = remote };

static void device_model(struct xlpt_env *env, const char *text, size_t len)
{
	struct xlpt_op op = { .env = env,
			      .dm_looked = true,
			      .guest = { .name = (char[]){ "hvm1" }, .type = XLPT_GUEST_HVM } };
	struct xlpt_item item = { .guest_address = "0000:00:05.0" };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	tree_put(LOG, text, len);
	if (xlpt_dm_judge(&op, &item, &diag)) {
		must(diag.code == XLPT_ERR_CONFLICT && diag.message && diag.fact && diag.hint &&
		     diag.log);
		/* Lines of others, each without what a terminal would obey. */
		for (const char *s = diag.log; *s; s++)
			must(*s == '\n' || ((unsigned char)*s >= ' ' && *s != 0x7f));
	}
}

static void other_host(struct xlpt_env *env)
{
	struct xlpt_guest guest = { .name = (char[]){ "web1" },
				    .uuid = "12345678-1234-1234-1234-123456789abc" };
	_cleanup_diag_ struct xlpt_diag diag = { 0 }, none = { 0 };
	struct json_object *root = xlpt_leave_ask(env, "ssh", "other", "list", &diag);
	bool there, paused;

	if (root)
		must(json_object_is_type(root, json_type_object));
	else
		must(diag.message && diag.hint);
	json_object_put(root);
	must(xlpt_leave_remote_state(env, "ssh", "other", &guest, &there, &paused, &none) == 0);
	must(there || !paused);
}

static void libxl(const char *text)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	const struct xlpt_cause *cause;

	xlpt_diag_set(&diag, XLPT_ERR_TOOLSTACK, "libxl failed");
	xlpt_diag_add_log(&diag, text);
	xlpt_cause_explain(&diag);
	cause = xlpt_cause_find(text);
	must(!cause || !cause->mend || (diag.fact && diag.hint));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_clock clock = { .now_ms = now };
	struct xlpt_toolstack ts = { .ops = &ops };
	struct xlpt_env env = { .clock = &clock, .ts = &ts, .host = &tree_host };
	_cleanup_free_ char *text = NULL;

	if (size < 2 || size > 1 << 16)
		return 0;
	if (tree_root < 0)
		tree_open();
	answer = text = xlpt_xstrndup((const char *)data + 1, size - 1);
	if (data[0] % 3 == 0)
		device_model(&env, text, strlen(text));
	else if (data[0] % 3 == 1)
		other_host(&env);
	else
		libxl(text);
	return 0;
}
