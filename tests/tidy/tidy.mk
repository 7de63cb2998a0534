# make tidy: what reads the sources without running them; tests.mk includes this. It takes minutes the first
# time and then only for what has changed, so it is no part of make check. A tool that is not there is told.
#
#   clang-tidy  .clang-tidy            gcc -fanalyzer  tests/tidy/analyzer    cppcheck  tests/tidy/cppcheck
#   shellcheck  in each script         codespell       .codespellrc, tests/tidy/words
#
# Each release of clang-tidy, gcc and cppcheck finds other things: these are Debian 12's, and others are run
# with TIDY_ANY=1.
TIDY_PRODUCT = $(SRCS) xl-plugin/main.c $(addprefix xl-plugin/sentry/xl/,main.c create-run.c)
TIDY_TESTS = $(filter %.c,$(filter tests/%,$(FORMATTED)))
TIDY_FLAGS = $(OPT_CFLAGS) -DXLPT_SO_XML2='"libxml2"' -DXLPT_SO_KMOD='"libkmod"'
CLANG_TIDY = $(if $(TIDY_ANY),clang-tidy,clang-tidy-14)
GCC_MAJOR = $(shell gcc -dumpversion 2>/dev/null)

tidy: tidy-clang tidy-gcc tidy-cppcheck tidy-scripts tidy-words

# An object is made anew when a header of it has changed, so what is asked of its source is, too.
$(O)/tidy/%.clang: CMOCKA_CFLAGS = $(call cflags_of,$(CMOCKA_WORDS))
$(O)/tidy/%.clang: $(O)/%.o .clang-tidy
	$(call say,TIDY,$*.c)
	$(Q)mkdir -p $(@D) && { $(CLANG_TIDY) --quiet $*.c -- $(filter-out -W%,$(TIDY_FLAGS)) >$@.out 2>/dev/null || \
		{ cat $@.out; false; }; } && mv $@.out $@

$(O)/tidy/%.gcc: $(O)/%.o tests/tidy/analyzer tests/tidy/analyze
	$(call say,ANALYZE,$*.c)
	$(Q)mkdir -p $(@D) && tests/tidy/analyze $*.c gcc $(TIDY_FLAGS) -O1 -Wno-analyzer-malloc-leak \
		-Wno-analyzer-use-of-uninitialized-value >$@.out && mv $@.out $@

tidy-clang:
	@if ! command -v $(CLANG_TIDY) >/dev/null; then echo '  SKIP    clang-tidy: there is no $(CLANG_TIDY) here'; else \
		$(MAKE) -s -k $(JOBS) $(patsubst %.c,$(O)/tidy/%.clang,$(TIDY_PRODUCT) $(TIDY_TESTS)) && \
		echo '  OK      clang-tidy: $(words $(TIDY_PRODUCT) $(TIDY_TESTS)) files'; fi

# Leaks are valgrind's, which sees every test; of variables with a cleanup gcc 12 says that their NULL is no value.
tidy-gcc:
	@if [ '$(GCC_MAJOR)' != 12 ] && [ -z '$(TIDY_ANY)' ]; then \
		echo '  SKIP    gcc -fanalyzer: there is no gcc 12 here'; else \
		$(MAKE) -s -k $(JOBS) $(patsubst %.c,$(O)/tidy/%.gcc,$(TIDY_PRODUCT)) && \
		grep -v '^#' tests/tidy/analyzer | cut -d' ' -f1,2 | sort >$(O)/tidy/known && \
		cat $(patsubst %.c,$(O)/tidy/%.gcc,$(TIDY_PRODUCT)) | sort | diff $(O)/tidy/known - && \
		echo '  OK      gcc -fanalyzer: $(words $(TIDY_PRODUCT)) files'; fi

tidy-cppcheck:
	@if ! command -v cppcheck >/dev/null; then echo '  SKIP    cppcheck: there is no cppcheck here'; else \
		cppcheck -q $(JOBS) --std=c11 --language=c --enable=warning,performance,portability --error-exitcode=1 \
			--suppressions-list=tests/tidy/cppcheck --inline-suppr -D__x86_64__ -D_GNU_SOURCE -I. \
			'-Djson_object_object_foreach(o,k,v)=if (o)' \
			core pciback xenstore converters xl-plugin && echo '  OK      cppcheck'; fi

# All that a shell reads; zsh's and fish's completions are run by their own shells in the tests.
tidy-scripts:
	@if ! command -v shellcheck >/dev/null; then echo '  SKIP    shellcheck: there is no shellcheck here'; else \
		shellcheck -x -P tests/lab $$(git ls-files | grep -v '^tests/data/' | xargs grep -lE '^#!.*\b(ba|da)?sh\b') \
			$(wildcard packaging/openrc/*) docs/completion.bash && echo '  OK      shellcheck'; fi

tidy-words:
	@if ! command -v codespell >/dev/null; then echo '  SKIP    codespell: there is no codespell here'; else \
		codespell $$(git ls-files) && echo '  OK      codespell'; fi

.PHONY: tidy tidy-clang tidy-gcc tidy-cppcheck tidy-scripts tidy-words
