# The test targets; the top-level Makefile includes this.

check-unit: $(TESTS)
	@for t in $(TESTS); do printf '  %-7s %s\n' TEST $$t; $(RUNNER) $$t || exit 1; done

.PHONY: check-unit
