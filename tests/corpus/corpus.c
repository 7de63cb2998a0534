/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * corpus TESTS LIST - checks everything below the directory TESTS against the list of what is
 * known. Each file is looked at in a process of its own, with 20 s and 1 GiB. Exit status 1:
 * something is not in the list, or something in the list is no more.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "corpus.h"

#define FILE_MAX (8u << 20)

static struct corpus_known *known;
static const char *top;
static size_t failures;

struct figure {
	char *name;
	size_t n;
};

static struct figure *figures;
static size_t n_figures, alloc_figures;

static void count(const char *name)
{
	size_t i;

	for (i = 0; i < n_figures; i++)
		if (!strcmp(figures[i].name, name))
			break;
	if (i == n_figures) {
		XLPT_GROW(figures, n_figures, alloc_figures);
		figures[n_figures++] = (struct figure){ xlpt_xstrdup(name), 0 };
	}
	figures[i].n++;
}

void corpus_found(const struct corpus_out *out, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	fprintf(out->to, "-%s\t%s\n", out->check, text);
}

void corpus_count(const struct corpus_out *out, const char *figure)
{
	fprintf(out->to, "=%s\n", figure);
}

bool corpus_read(const char *path, struct xlpt_str *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return false;
	rc = xlpt_file_read_fd(fd, FILE_MAX, text);
	close(fd);
	return !rc && text->s;
}

/* ---- one file in a process of its own ---- */

typedef void look_fn(struct corpus_out *out, const char *path, const char *beside);

static void found(const char *check, const char *name, const char *text)
{
	if (corpus_known_has(known, check, name, text))
		return;
	if (failures++ < 20000)
		printf("%s\t%s\t%s\n", check, name, text);
}

/* "xlconfigdata to-xl: all": the folder counts for pairs, all XML is one. */
static char *figure_name(const char *group, const char *name, const char *figure)
{
	if (!strncmp(group, "to-", 3))
		return xlpt_xasprintf("%.*s %s: %s", (int)strcspn(name, "/"), name, group, figure);
	return xlpt_xasprintf("%s there and back: %s", group, figure);
}

/* What a child said; a line that begins with '=' is a figure, with '-' a finding. */
static void listen(int fd, const char *group, const char *name)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	FILE *from = fdopen(fd, "re");

	while (getline(&line, &size, from) > 0) {
		_cleanup_free_ char *figure = NULL;
		char *text = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (*line == '=') {
			figure = figure_name(group, name, line + 1);
			count(figure);
		} else if (text) {
			*text++ = '\0';
			found(line + 1, name, text);
		}
	}
	fclose(from);
}

static void look(look_fn *fn, const char *group, const char *path, const char *beside)
{
	const char *name = path + strlen(top) + 1;
	struct corpus_out out = { .check = group, .name = name };
	int ends[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0) {
		perror("corpus");
		exit(2);
	}
	if (!pid) {
		setrlimit(RLIMIT_AS, &(struct rlimit){ 1u << 30, 1u << 30 });
		alarm(20);
		out.to = fdopen(ends[1], "we");
		fn(&out, path, beside);
		fclose(out.to);
		_exit(0);
	}
	close(ends[1]);
	listen(ends[0], group, name);
	while (waitpid(pid, &status, 0) < 0)
		;
	if (status) {
		_cleanup_free_ char *how = xlpt_xasprintf("wait status %#x", status);

		found("crash", name, how);
	}
}

/* ---- the ways of looking ---- */

/* What libvirt's own test puts in the place of its build's paths. */
static void fill_in(struct xlpt_str *text)
{
	static const char dir[] = "LIBXL_FIRMWARE_DIR";
	_cleanup_str_ struct xlpt_str old = *text;
	const char *from = old.s, *at;

	*text = (struct xlpt_str){ 0 };
	for (; (at = strstr(from, dir)); from = at + strlen(dir)) {
		xlpt_str_addn(text, from, (size_t)(at - from));
		xlpt_str_add(text, at > old.s && at[-1] == '/' ? dir : "/LIBXL_FIRMWARE_DIR");
	}
	xlpt_str_add(text, from);
}

static bool read_both(struct corpus_out *out, const char *a, const char *b, struct xlpt_str *x,
		      struct xlpt_str *y)
{
	if (corpus_read(a, x) && corpus_read(b, y)) {
		fill_in(x);
		fill_in(y);
		return true;
	}
	corpus_found(out, "cannot be read");
	return false;
}

static void look_to_libvirt(struct corpus_out *out, const char *cfg, const char *xml)
{
	_cleanup_str_ struct xlpt_str x = { 0 }, y = { 0 };

	if (read_both(out, cfg, xml, &x, &y))
		corpus_pair(out, x.s, y.s, XLPT_FORMAT_LIBVIRT);
}

static void look_to_xl(struct corpus_out *out, const char *cfg, const char *xml)
{
	_cleanup_str_ struct xlpt_str x = { 0 }, y = { 0 };

	if (read_both(out, cfg, xml, &x, &y))
		corpus_pair(out, y.s, x.s, XLPT_FORMAT_XL);
}

static void look_to_libxl(struct corpus_out *out, const char *xml, const char *json)
{
	_cleanup_str_ struct xlpt_str x = { 0 }, y = { 0 }, cfg = { 0 };

	if (!read_both(out, xml, json, &x, &y))
		return;
	corpus_libxl(out, y.s, &cfg);
	corpus_pair(out, x.s, cfg.s, XLPT_FORMAT_XL);
}

static void look_there_and_back(struct corpus_out *out, const char *path, const char *beside)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	(void)beside;
	if (!corpus_read(path, &text)) {
		out->check = "refused";
		corpus_found(out, "cannot be read");
		return;
	}
	corpus_count(out, "all");
	corpus_trip(out, &text, XLPT_UNSET);
	if (strstr(text.s, "<domain") && !strstr(text.s, "type='xen'"))
		corpus_trip(out, &text, XLPT_OFF);
}

/* ---- what there is ---- */

static char *with_ending(const char *path, const char *ending)
{
	return xlpt_xasprintf("%.*s%s", (int)(strrchr(path, '.') - path), path, ending);
}

/* Which direction of a pair libvirt's own test expects to hold: its list names them. */
static bool is_tested(const char *list, const char *name, const char *how)
{
	_cleanup_free_ char *both = xlpt_xasprintf("DO_TEST(\"%s\"", name);
	_cleanup_free_ char *filled = xlpt_xasprintf("DO_TEST_REPLACE_VARS(\"%s\"", name);
	_cleanup_free_ char *one = xlpt_xasprintf("DO_TEST_%s(\"%s\"", how, name);

	return strstr(list, both) || strstr(list, filled) || strstr(list, one);
}

static void look_at_pair(const char *cfg, const char *list)
{
	_cleanup_free_ char *xml = with_ending(cfg, ".xml");
	_cleanup_free_ char *name = NULL;
	const char *base = strrchr(cfg, '/') + 1;

	if (!strncmp(base, "test-", 5))
		base += 5;
	name = with_ending(base, "");
	if (is_tested(list, name, "FORMAT"))
		look(look_to_libvirt, "to-libvirt", cfg, xml);
	if (is_tested(list, name, "PARSE"))
		look(look_to_xl, "to-xl", cfg, xml);
}

static bool ends_in(const char *s, const char *ending)
{
	size_t n = strlen(s), m = strlen(ending);

	return n > m && !strcmp(s + n - m, ending);
}

/* The first element is <domain>. */
static bool is_domain(const char *path)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *p;

	if (!corpus_read(path, &text))
		return false;
	for (p = text.s; (p = strchr(p, '<')); p++) {
		if (!strncmp(p, "<!--", 4) && !(p = strstr(p, "-->")))
			return false;
		if (p[0] == '<' && p[1] != '?' && p[1] != '!')
			break;
	}
	return p && !strncmp(p, "<domain", 7) && strchr(" \t\n>", p[7]);
}

static int by_figure(const void *a, const void *b)
{
	return strcmp(((const struct figure *)a)->name, ((const struct figure *)b)->name);
}

static void print_figures(void)
{
	qsort(figures, n_figures, sizeof(*figures), by_figure);
	for (size_t i = 0; i < n_figures; i++) {
		printf("  %-56s %5zu\n", figures[i].name, figures[i].n);
		free(figures[i].name);
	}
	free(figures);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk(const char *dir)
{
	_cleanup_str_ struct xlpt_str xl = { 0 }, xm = { 0 };
	_cleanup_free_ char *xl_list = xlpt_xasprintf("%s/xlconfigtest.c", dir);
	_cleanup_free_ char *xm_list = xlpt_xasprintf("%s/xmconfigtest.c", dir);
	FTS *tree = fts_open((char *[]){ (char *)dir, NULL }, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;

	if (!corpus_read(xl_list, &xl) || !corpus_read(xm_list, &xm)) {
		fprintf(stderr, "corpus: %s has no xlconfigtest.c: not the tests of libvirt\n",
			dir);
		exit(2);
	}
	while (tree && (e = fts_read(tree))) {
		const char *path = e->fts_path;

		if (e->fts_info != FTS_F)
			continue;
		if (ends_in(path, ".cfg") && strstr(path, "/xlconfigdata/"))
			look_at_pair(path, xl.s);
		if (ends_in(path, ".cfg") && strstr(path, "/xmconfigdata/"))
			look_at_pair(path, xm.s);
		if (ends_in(path, ".json") && strstr(path, "/libxlxml2domconfigdata/")) {
			_cleanup_free_ char *xml = with_ending(path, ".xml");

			look(look_to_libxl, "to-libxl", xml, path);
		}
		if (ends_in(path, ".cfg"))
			look(look_there_and_back, "cfg", path, NULL);
		else if (ends_in(path, ".xml") && is_domain(path))
			look(look_there_and_back, "xml", path, NULL);
	}
	fts_close(tree);
}

int main(int argc, char **argv)
{
	size_t stale;

	if (argc != 4) {
		fprintf(stderr, "usage: corpus TESTS LIST VERSION\n");
		return 2;
	}
	top = argv[1];
	known = corpus_known_read(argv[2]);
	walk(top);
	print_figures();
	corpus_known_figures(known);
	stale = corpus_known_stale(known, top, argv[3]);
	corpus_known_free(known);
	if (failures || stale)
		printf("  FAIL    corpus: %zu findings that are not in the list, %zu lines of it stale\n",
		       failures, stale);
	else
		printf("  OK      corpus\n");
	return failures || stale;
}
