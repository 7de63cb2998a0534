# The test targets; the top-level Makefile includes this.
#
# check-fast needs no Xen: layers, unit and command tests plain, built by clang with ASan and UBSan, and
# under valgrind; and a part of check-matrix, which is the built program with something going wrong at
# each of its system calls. check-lab boots both Xens, side by side, and a real dom0.

XENS = 4.17 4.20
# What make check runs on each; make lab runs everything there is on both, which takes an hour.
# The scenario cycles does 100 of them, others three rounds; here fewer, so that all of make check stays
# a coffee's length.
CYCLES = 8
ROUNDS = 2
# Each Xen has one of the two xenstored; oxenstored is what Debian starts.
SCENARIOS_4.17 = attach cycles
SCENARIOS_4.20 = cycles together hvm
SCENARIOS_REAL = smoke
XENSTORED_4.17 = c
XENSTORED_4.20 = oxenstored
SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined
VALGRIND = valgrind -q --suppressions=tests/valgrind.supp --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite

JOBS = -j$(shell nproc)

check: deps check-fast check-lab

# What does not disturb the other runs beside it. Of the hosts of test-check-agrees fewer than make check-unit has; of the
# points at which something fails or is killed, check-unit has all, ASan one in five, valgrind one in twenty-five.
check-fast:
	@$(MAKE) -s $(JOBS) check-layers check-format check-paths check-scripts
	@$(MAKE) -s $(JOBS) WERROR=-Werror all $(TESTS)
	@$(MAKE) -s $(JOBS) check-build check-docs check-startup
	@rm -rf $(O)/seen-json && mkdir -p $(O)/seen-json
	@XLPT_CHECK_RUNS=2500 XLPT_SEEN_JSON=$(abspath $(O))/seen-json $(MAKE) -s check-unit
	@XLPT_SEEN_JSON=$(abspath $(O))/seen-json $(MAKE) -s $(JOBS) check-ansible check-matrix MATRIX_STRIDE=11
	@$(MAKE) -s check-schema
	@XLPT_CHECK_RUNS=500 XLPT_STRIDE=5 $(MAKE) -s asan
	@XLPT_CHECK_RUNS=1000 XLPT_STRIDE=25 $(MAKE) -s check-valgrind

deps:
	@tests/deps

# What the compiler and make install make of it, and whether its manual pages are complete.
check-build: all
	@tests/check-hardening $(O)/xlpt $(O)/guard/xl $(LIBOBJS) \
		$(O)/xl-plugin/main.o $(O)/xl-plugin/sentry/xl/main.o
	@tests/check-install
	@tests/check-openrc
	@tests/check-man $(O)/xlpt

$(O)/tests/bench/make-tree: tests/bench/make-tree.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(OPT_CFLAGS) -O2 -o $@ $<

check-startup: $(O)/xlpt $(O)/tests/bench/make-tree
	@tests/check-startup $^

# The packages for both Debians, in trees of theirs: installed, upgraded, removed, purged. As root.
check-deb:
	@tests/check-deb

# What README says of the installation, pasted, on a new tree of both. COMMANDS='make demo': that, too. As root.
check-readme:
	@COMMANDS='$(COMMANDS)' tests/check-readme bookworm trixie

# For a real xl, not for xlpt: no sanitizer goes into it.
$(O)/tests/shim/xl-shim.so: tests/shim/xl-shim.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(WARN) -O2 -shared -fPIC -o $@ $<

$(O)/tests/unit/test-guard-getopt: | $(O)/tests/shim/xl-shim.so

# docs/schema, and whether all JSON is so that check-fast's tests have seen.
check-schema:
	@tests/check-schema $$(test ! -d $(O)/seen-json || echo --complete $(O)/seen-json)
	@tests/check-schema-works

check-unit: $(TESTS)
	@tests/run-tests $(KEPT:%=--kept %) $(RUNNER) $(TESTS)

# All the points (minutes), or of so many only one.
MATRIX_STRIDE = 1
MATRIXOBJS = $(patsubst %.c,$(O)/%.o,$(wildcard tests/matrix/*.c))
$(O)/tests/matrix/matrix: $(MATRIXOBJS) $(FAKEOBJS) $(O)/libxlpt.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)

check-matrix: $(O)/xlpt $(O)/tests/matrix/matrix
	@$(O)/tests/matrix/matrix $(O)/xlpt $(MATRIX_STRIDE)

# libvirt's own tests, from its source package of this machine's release, or below CORPUS=dir; see
# docs/CORPUS.md. Not part of make check: it wants the network once.
CORPUSOBJS = $(patsubst %.c,$(O)/%.o,$(wildcard tests/corpus/*.c))
$(O)/tests/corpus/corpus: $(CORPUSOBJS) $(O)/libxlpt.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

check-corpus: $(O)/tests/corpus/corpus
	@tests/corpus/check $(O) $(CORPUS)

# The Ansible collection, where ansible-core is; its playbook and modules on the fake host.
$(O)/tests/ansible/fake-host: $(O)/tests/ansible/fake-host.o $(O)/tests/unit/seen.o $(FAKEOBJS) $(O)/libxlpt.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) $(SEEN) -o $@ $^ $(TEST_LIBS)

check-ansible: $(O)/tests/ansible/fake-host
	@tests/ansible/check $<

check-corpus-script:
	@shellcheck tests/corpus/check
check-scripts: check-corpus-script
.PHONY: check-ansible check-corpus check-corpus-script

check-valgrind: $(TESTS)
	@XLPT_DOMAINS=60 tests/run-tests --kept $(O)/kept/valgrind $(VALGRIND) $(TESTS)

asan:
	@$(MAKE) -s $(JOBS) O=$(O)/asan KEPT=$(O)/kept/asan CC=clang CFLAGS="-O1 -gline-tables-only $(SAN)" LDFLAGS="$(SAN)" WERROR=-Werror \
		all check-unit

# How many of each room's lines the unit and command tests run; fails below what tests/coverage asks for. Other
# lines of a file: tests/coverage build/cov FILE.c
coverage:
	@$(MAKE) -s $(JOBS) O=$(O)/cov CC=gcc CFLAGS="-O0 -g --coverage" LDFLAGS=--coverage all $(TESTS:$(O)/%=$(O)/cov/%)
	@find $(O)/cov -name '*.gcda' -delete
	@$(MAKE) -s O=$(O)/cov CC=gcc CFLAGS="-O0 -g --coverage" LDFLAGS=--coverage check-unit
	@tests/coverage $(O)/cov
.PHONY: coverage

# An include always names its folder; arrows go only downward.
check-layers:
	@tests/check-layers
	@tests/check-layers-works

# The table of chips against the source of a kernel, when there is one: KERNEL=dir.
check-quirks:
	@tests/check-quirks $(KERNEL)

# Versions of clang-format differ in small things: this one is Debian 12's, and another checks nothing.
FORMAT = clang-format-14
FORMATTED = $(shell git ls-files '*.[ch]' 2>/dev/null || find . -name '*.[ch]')
format:
	@$(FORMAT) -i $(FORMATTED)

check-format:
	@if ! command -v $(FORMAT) >/dev/null; then echo '  SKIP    format: there is no $(FORMAT) here'; \
	else $(FORMAT) --dry-run -Werror $(FORMATTED) && echo '  OK      format'; fi

# The commands that documents show, run on the fake host; their links; manual pages.
check-docs: $(O)/xlpt $(O)/tests/cli/test-docs
	@tests/check-docs $^
	@tests/check-docs-works $^

# The files that documents name are there.
check-paths:
	@tests/check-paths

check-scripts:
	@printf '%s\n' tests/deps tests/run-tests tests/check-layers tests/check-layers-works tests/check-quirks \
		tests/check-hardening tests/check-install tests/check-man tests/check-paths tests/check-deb tests/check-readme \
		tests/check-startup tests/check-openrc tests/check-schema-works tests/check-docs-works $(wildcard packaging/openrc/*) \
		$$(grep -lE '^#!.*sh' tests/lab/* 2>/dev/null) tests/lab/scenarios/*.sh tests/lab/scenarios/real/*.sh \
		debian/launcher debian/xlpt.prerm debian/xlpt.postrm | \
		xargs -P $$(nproc) -n 12 shellcheck -x -P tests/lab && \
		tests/lab/run --coverage >/dev/null && echo '  OK      shell scripts'

# Scenarios of one Xen share a boot; the two Xens run side by side. Behind those of 4.17, which are fewer, a real dom0
# boots once.
check-lab:
	@mkdir -p $(O)/lab; scenarios_4_17='$(SCENARIOS_4.17)'; scenarios_4_20='$(SCENARIOS_4.20)'; \
	xenstored_4_17=$(XENSTORED_4.17); xenstored_4_20=$(XENSTORED_4.20); \
	for xen in $(XENS); do \
		eval "list=\$$scenarios_$$(echo $$xen | tr . _) xenstored=\$$xenstored_$$(echo $$xen | tr . _)"; \
		{ rc=0; tests/lab/run $$list --xen $$xen --xenstored $$xenstored --set CYCLES=$(CYCLES) \
			--set ROUNDS=$(ROUNDS) || rc=1; \
		[ $$xen != 4.17 ] || tests/lab/run $(SCENARIOS_REAL) --dom0 real --xen 4.20 --out $(O)/lab/real || rc=1; \
		exit $$rc; } >$(O)/lab/$$xen.out 2>&1 & pids="$$pids $$!"; \
	done; status=0; for pid in $$pids; do wait $$pid || status=1; done; \
	for xen in $(XENS); do echo "Xen $$xen"; cat $(O)/lab/$$xen.out; done; exit $$status

# Each target of tests/fuzz for FUZZ_SECONDS, on its kept corpus; findings stay in $(O)/fuzz.
FUZZ_SECONDS = 600
FUZZERS = $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
fuzz: fuzz-build
	@for name in $(FUZZERS); do \
		target=$(O)/fuzz/fuzz-$$name; \
		$$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(O)/fuzz/ -print_final_stats=1 \
			$(O)/fuzz/corpus-$$name >$$target.log 2>&1 && \
		echo "  OK      fuzz-$$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' \
			$$target.log) runs in $(FUZZ_SECONDS) s" || { tail -n 30 $$target.log; exit 1; }; \
	done

FUZZFAKES = $(patsubst $(O)/%,$(O)/fuzz/%,$(FAKEOBJS))
# The fuzzers, and beside them what is kept of their inputs, each one a file of its own.
fuzz-build:
	@mkdir -p $(O)/fuzz && $(MAKE) -s O=$(O)/fuzz CC=clang \
		CFLAGS="-O1 -g -fsanitize=fuzzer-no-link $(SAN)" $(O)/fuzz/libxlpt.a $(FUZZFAKES)
	@for name in $(FUZZERS); do \
		corpus=$(O)/fuzz/corpus-$$name kept=tests/fuzz/corpus-$$name.tar.xz; mkdir -p $$corpus; \
		[ ! -e $$kept ] || tar -xJf $$kept -C $$corpus || exit 1; \
		clang $(OPT_CFLAGS) -O1 -g -fsanitize=fuzzer $(SAN) -o $(O)/fuzz/fuzz-$$name \
			tests/fuzz/fuzz-$$name.c $$(! grep -q tests/fake tests/fuzz/fuzz-$$name.c || echo $(FUZZFAKES)) \
			$(O)/fuzz/libxlpt.a $(TEST_LIBS) || exit 1; \
	done

# What fuzzing has found goes into the kept corpora: what somebody gave a name as it is, of the others (whose
# names are sums) what reaches code that nothing else reaches. The same inputs give the same file. Of one or
# some: FUZZERS=xl.
TAR_SAME = tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX
fuzz-pack: fuzz-build
	@for name in $(FUZZERS); do \
		corpus=$(O)/fuzz/corpus-$$name least=$(O)/fuzz/least-$$name kept=tests/fuzz/corpus-$$name.tar.xz; \
		[ "$$(ls -A $$corpus)" ] || continue; \
		rm -rf $$least && mkdir $$least || exit 1; \
		for f in $$corpus/*; do n=$${f##*/}; case $$n in *[!0-9a-f]*) ;; *) [ $${#n} != 40 ] || continue ;; esac; \
			cp $$f $$least || exit 1; done; \
		$(O)/fuzz/fuzz-$$name -merge=1 -artifact_prefix=$(O)/fuzz/ $$least $$corpus \
			>$(O)/fuzz/merge-$$name.log 2>&1 || { tail -n 30 $(O)/fuzz/merge-$$name.log; exit 1; }; \
		$(TAR_SAME) -cf - -C $$least . | xz -9e -T1 >$$kept.new && mv $$kept.new $$kept || exit 1; \
		echo "  PACK    $$kept: $$(ls $$least | wc -l) of $$(ls $$corpus | wc -l) inputs"; \
	done

lab: deps
	@for xen in $(XENS); do tests/lab/run all --xen $$xen || status=1; done; exit $${status:-0}

soak: deps
	@for xen in $(XENS); do tests/lab/run kill --set WRITES=50 --xen $$xen || status=1; \
		tests/lab/run hotplug --xen $$xen --out $(O)/lab/hotplug-$$xen || status=1; done; \
		exit $${status:-0}

demo: deps
	@tests/lab/run demo --live

# Writes docs/BENCHMARKS.md. What was measured stays in $(O)/bench: bench-report makes the page of it again.
bench: deps
	@$(MAKE) -s bench-host
	@for xen in $(XENS); do $(MAKE) -s bench-lab XEN=$$xen || exit 1; done
	@$(MAKE) -s bench-report

$(O)/tests/bench/parse-xml: tests/bench/parse-xml.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(OPT_CFLAGS) -O2 -o $@ $< $(LAZY_LIBS)

bench-host: all $(O)/tests/bench/make-tree $(O)/tests/bench/parse-xml $(O)/tests/shim/xl-shim.so
	@mkdir -p $(O)/bench && { tests/bench/about && tests/bench/startup $(O)/xlpt && tests/bench/list $(O)/xlpt && \
		tests/bench/convert $(O)/xlpt && tests/bench/batch $(O)/xlpt; } >$(O)/bench/host.new && \
		mv $(O)/bench/host.new $(O)/bench/host && echo '  OK      bench-host'

XEN = 4.20
bench-lab:
	@mkdir -p $(O)/bench && tests/lab/run bench convert --xen $(XEN) --out $(O)/bench/$(XEN) && \
		tests/bench/about $(XEN) $(O)/bench/$(XEN)/bench/log $(O)/bench/$(XEN)/convert/log >$(O)/bench/lab-$(XEN)

bench-report:
	@tests/bench/report $(O)/bench
.PHONY: bench-host bench-lab bench-report

include tests/tidy/tidy.mk

.PHONY: check-deb check-readme check-docs check-schema format check-format check-paths check-quirks check-matrix check check-fast check-build check-unit check-valgrind asan check-layers check-scripts \
	check-lab lab soak deps demo bench fuzz fuzz-build fuzz-pack
