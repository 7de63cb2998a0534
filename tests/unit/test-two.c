/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two processes change pools, and virtual functions, at once: both changes are there
 * afterwards, or one says that it was refused. The host is a directory that both have;
 * the kernel's link settings are asked of this process, which plays the kernel.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/pool/pools.h"

#define ROUNDS	(world_stride() > 1 ? 12 : 60)
#define MESSAGE 65536

/* ---- the kernel's settings, from another process ---- */

static int ask(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
	       struct xlpt_str *answer)
{
	int fd = *(int *)nl->priv;
	char *buf = xlpt_xcalloc(1, MESSAGE);
	ssize_t r;

	(void)port;
	r = send(fd, msg, len, 0);
	if (r == (ssize_t)len)
		r = recv(fd, buf, MESSAGE, 0);
	if (r > 0)
		xlpt_str_addn(answer, buf, (size_t)r);
	free(buf);
	return r > 0 ? 0 : -EIO;
}

static void no_close(struct xlpt_rtnl *nl)
{
	(void)nl;
}

static const struct xlpt_rtnl_ops ask_ops = { .talk = ask, .close = no_close };

/* One question of a child; false when it has ended. */
static bool answer(struct world *w, int fd)
{
	struct xlpt_rtnl *nl = fake_rtnl_get(w->rtnl);
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *buf = xlpt_xcalloc(1, MESSAGE);
	ssize_t r = recv(fd, buf, MESSAGE, 0);

	if (r > 0) {
		assert_int_equal(nl->ops->talk(nl, 0, buf, (size_t)r, &text), 0);
		assert_int_equal(send(fd, text.s, text.len, 0), (ssize_t)text.len);
	}
	free(buf);
	return r > 0;
}

/* ---- two commands ---- */

struct said {
	int status;
	char text[4096];
};

static int child(struct world *w, int kernel, int out, const char *line)
{
	struct xlpt_rtnl nl = { .ops = &ask_ops, .priv = &kernel };
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt %s", line);
	struct xlpt_env env = { .clock = &xlpt_clock_real,
				.host = fake_bus_host(w->bus),
				.rtnl = &nl };
	char *argv[16] = { 0 }, *save = NULL;
	int argc = 0, status;

	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	env.out = env.err = fdopen(out, "w");
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	return status;
}

static void both(struct world *w, const char *a, const char *b, struct said said[2])
{
	const char *const lines[] = { a, b };
	struct pollfd kernel[2];
	int gate[2], out[2];
	pid_t pids[2];
	char c;

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < 2; i++) {
		int sp[2], text[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sp), 0);
		assert_int_equal(pipe(text), 0);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i]) {
			close(gate[1]);
			close(sp[0]);
			close(text[0]);
			/* What the first child's pair would keep open. */
			if (i)
				close(kernel[0].fd);
			_exit(read(gate[0], &c, 1) == 0 ? child(w, sp[1], text[1], lines[i]) : 99);
		}
		close(sp[1]);
		close(text[1]);
		kernel[i] = (struct pollfd){ .fd = sp[0], .events = POLLIN };
		out[i] = text[0];
	}
	close(gate[0]);
	close(gate[1]);
	while (kernel[0].fd >= 0 || kernel[1].fd >= 0) {
		assert_true(poll(kernel, 2, 60000) > 0);
		for (size_t i = 0; i < 2; i++)
			if (kernel[i].fd >= 0 && kernel[i].revents && !answer(w, kernel[i].fd)) {
				close(kernel[i].fd);
				kernel[i].fd = -1;
			}
	}
	for (size_t i = 0; i < 2; i++) {
		ssize_t n = read(out[i], said[i].text, sizeof(said[i].text) - 1);
		int status;

		said[i].text[n > 0 ? n : 0] = '\0';
		close(out[i]);
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		said[i].status = WEXITSTATUS(status);
	}
}

static void both_ok(struct world *w, int round, const char *a, const char *b, struct said said[2])
{
	both(w, a, b, said);
	for (size_t i = 0; i < 2; i++)
		if (said[i].status)
			fail_msg("round %d: xlpt %s: exit %d\n%s", round, i ? b : a, said[i].status,
				 said[i].text);
}

/* ---- pools ---- */

static bool defined(struct world *w, const char *name)
{
	return xlpt_host_has(fake_bus_host(w->bus), XLPT_POOLS_DIR "/%s", name);
}

static void test_pool_define(void **state)
{
	struct world *w = *state;
	struct said said[2];

	for (int i = 0; i < ROUNDS; i++) {
		bool anew[2];

		both_ok(w, i, "pool define one dev=01:10.0", "pool define two dev=01:10.2", said);
		if (!defined(w, "one") || !defined(w, "two"))
			fail_msg("round %d: both said that they did it, and one is lost", i);
		/* The same one: the second finds the first's. */
		both_ok(w, i, "pool define lan dev=01:10.4", "pool define lan dev=01:10.6", said);
		for (size_t k = 0; k < 2; k++)
			anew[k] = strstr(said[k].text, "is defined anew");
		if (anew[0] == anew[1])
			fail_msg("round %d: both or none found the other's:\n%s%s", i, said[0].text,
				 said[1].text);
		both(w, "pool undefine lan", "pool undefine lan", said);
		if (defined(w, "lan") || !said[0].status == !said[1].status)
			fail_msg("round %d: both or none forgot it:\n%s%s", i, said[0].text,
				 said[1].text);
		both_ok(w, i, "pool undefine one", "pool undefine two", said);
		if (defined(w, "one") || defined(w, "two"))
			fail_msg("round %d: both said that they forgot it, and one is there", i);
	}
}

/* ---- virtual functions ---- */

static bool has(struct world *w, const char *vf, const char *word)
{
	_cleanup_free_ char *text = fake_rtnl_snapshot(w->rtnl);
	const char *line = strstr(text, vf), *end = line ? strchr(line, '\n') : NULL,
		   *at = line ? strstr(line, word) : NULL;

	return at && end && at < end;
}

/* The kernel takes both rates in one message: who sets one has to give the other again. */
static void test_vf_set(void **state)
{
	struct world *w = *state;
	struct said said[2];

	fake_rtnl_features(w->rtnl, "enp1s0", FAKE_RTNL_MIN_RATE);
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_free_ char *max = xlpt_xasprintf("vf set 01:10.0 max_rate=%d", 500 + i),
				    *min = xlpt_xasprintf("vf set 01:10.0 min_rate=%d", 100 + i),
				    *want_rate = xlpt_xasprintf("rate %d-%d", 100 + i, 500 + i),
				    *vlan = xlpt_xasprintf("vf set 01:10.2 vlan=%d", 10 + i),
				    *mac = xlpt_xasprintf("vf set 01:10.2 mac=52:54:00:00:01:%02x",
							  i),
				    *want_vlan = xlpt_xasprintf("vlan %d:", 10 + i),
				    *want_mac = xlpt_xasprintf("52:54:00:00:01:%02x", i);

		both_ok(w, i, max, min, said);
		if (!has(w, "vf 0", want_rate))
			fail_msg("round %d: both said that they did it, and one is lost:\n%s", i,
				 fake_rtnl_snapshot(w->rtnl));
		both_ok(w, i, vlan, mac, said);
		if (!has(w, "vf 1", want_vlan) || !has(w, "vf 1", want_mac))
			fail_msg("round %d: both said that they did it, and one is lost:\n%s", i,
				 fake_rtnl_snapshot(w->rtnl));
	}
}

#define two_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		two_test(test_pool_define),
		two_test(test_vf_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
