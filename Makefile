# `./run TARGET` sets the machine up first; these targets assume that it did.
PYTHON = .venv/bin/python
JOBS ?= 2

.PHONY: demo test check bench links lint types fast portable docs vectors fuzz sweep footprint

demo:
	@.venv/bin/armillary demo

test: links lint types
	@rm -rf .build/vectors/counts .build/sweep
	$(PYTHON) -m pytest -q -n $(JOBS) --dist worksteal
	@$(PYTHON) -m tests.native.vectors.counts
	@$(PYTHON) -m tests.native.sweep.counts
	@$(PYTHON) -m tests.native.footprint.measure show

check: links lint types fast

bench:
	.venv/bin/armillary bench boot
	.venv/bin/armillary bench syscall
	.venv/bin/armillary bench crypto

links:
	@test -L armillary/kernel || { echo "armillary/kernel is not a link: clone with core.symlinks=true"; exit 1; }

lint:
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy --strict -p armillary

fast:
	$(PYTHON) -m pytest -q -n $(JOBS) --dist worksteal -m "not slow"

portable:
	$(PYTHON) -m pytest -q tests/portable

docs:
	$(PYTHON) docs/make_spec.py
	$(PYTHON) docs/make_registers.py

# Every published vector on every build of the engine, and how many there were.
vectors:
	@rm -rf .build/vectors/counts
	$(PYTHON) -m pytest -q -n $(JOBS) --dist worksteal tests/native/vectors
	@$(PYTHON) -m tests.native.vectors.counts

# SECONDS for each fuzzer, then hypothesis with EXAMPLES against OpenSSL.
SECONDS ?= 60
EXAMPLES ?= 100000
fuzz:
	$(PYTHON) -m tests.native.fuzz.fuzz $(SECONDS)
	ARMILLARY_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest -q -n $(JOBS) tests/native/fuzz/test_against_openssl.py

# Every fault of the model in every step that decides, on all cores; the tests take a part of that.
sweep:
	@rm -rf .build/sweep
	ARMILLARY_SWEEP=whole $(PYTHON) -m pytest -v -n $(JOBS) --dist worksteal tests/native/sweep
	@$(PYTHON) -m tests.native.sweep.counts tables

# Writes native/m4/footprint.json: what the engine costs on a Cortex-M4, with which the tests compare.
footprint:
	$(PYTHON) -m tests.native.footprint.measure
