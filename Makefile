# The one list of commands. Each installs first what it needs, into .venv of this checkout.
PYTHON ?= python3
PROCESSES ?= 2
CASES ?= 10000
COUNT ?= 1000
SEED ?= 0
BIN := .venv/bin
INSTALLED := .venv/.installed

# One thread a process: torch's OpenMP threads spin, and beside another busy process run several times slower.
QUIET_THREADS := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

# Of the benchmarks it is only checked that they call the library as it is.
LOOSELY := $(addprefix --disable-error-code=,misc list-item assignment union-attr var-annotated arg-type return-value operator)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast test-lowest lint format docs fuzz kills bench clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

install: $(INSTALLED)  ## make .venv with the library and all tools in it

demo: $(INSTALLED)  ## measure a synthetic street, train, evaluate, write demo/report.html (6 to 7 minutes)
	$(BIN)/vection demo

test: lint  ## all checks and the whole quick test suite
	$(QUIET_THREADS) $(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal -q

test-fast: $(INSTALLED)  ## the tests without the checks, the last failures first, stop at the first failure
	$(QUIET_THREADS) $(BIN)/python -m pytest -n $(PROCESSES) -q -x --failed-first

test-lowest:  ## the tests with the lowest versions of all dependencies that are promised to work
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet -c constraints-lowest.txt -e ".[all]" beartype hypothesis pytest pytest-xdist
	$(QUIET_THREADS) .venv-lowest/bin/python -m pytest -n $(PROCESSES) --dist worksteal -q

lint: $(INSTALLED)  ## ruff, mypy and the layers of the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy benchmarks --follow-imports=silent --no-warn-unused-ignores $(LOOSELY)
	$(BIN)/lint-imports

format: $(INSTALLED)  ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)  ## write docs/cli.md anew from the help texts
	$(BIN)/python docs/cli_reference.py

fuzz: $(INSTALLED)  ## damage every kind of input thousands of times (hours); failing cases are kept in fuzz/
	$(QUIET_THREADS) PYTHONPATH=. $(BIN)/python -m tests.fuzz.campaign --cases $(CASES) --seed $(SEED)

kills: $(INSTALLED)  ## end every command at random moments and let it go on (hours); failures go to kills.jsonl
	$(QUIET_THREADS) PYTHONPATH=. $(BIN)/python -m tests.kills.campaign --cases $(COUNT) --seed $(SEED)

bench: $(INSTALLED)  ## measure speed; the ablation, which takes hours, is started by hand
	@for script in benchmarks/synthetic_world.py benchmarks/training_step.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean:  ## remove .venv and caches (runs and data stay)
	rm -rf .venv .venv-lowest .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
