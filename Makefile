# The two commands of the README are `make run` and `make test`; each installs what it needs.
PYTHON ?= python3
OPT ?= adam
ARGS ?=
BIN := .venv/bin

.PHONY: run dashboard test test-all check format figures notebooks bench clean

run: .venv/run
	$(BIN)/python -m experiments.synthetic --opt $(OPT) $(ARGS)

dashboard: .venv/dashboard
	$(BIN)/python -m experiments.dashboard $(ARGS)

test: .venv/test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow"
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --quiet -m "not slow" tests/engines tests/cycles

test-all: test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m slow
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --quiet -m slow tests/engines tests/cycles

check: .venv/check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32

format: .venv/check
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

figures: .venv/run
	$(BIN)/python -m experiments.figures all

notebooks: .venv/notebooks
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb

bench: .venv/bench
	$(BIN)/python -m pytest benchmarks --benchmark-enable -o addopts=

.venv/run: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

.venv/dashboard .venv/test .venv/check .venv/bench .venv/notebooks: .venv/%: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$*]"
	touch $@

clean:
	rm -rf .venv results/runs results/cache
