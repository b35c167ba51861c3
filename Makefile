# Everything runs in .venv, built from the lock files. Any Python from 3.11 on.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The lock files are whole. Looking for what their lines ask for, pip would try the newest release of what is asked for
# with an extra, and refuse it for its missing hash.
LOCKED := $(PIP) --require-hashes --no-deps

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

# Compiling everything anew for each program that is started would take as long as the tests.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow check format docs tables units lock benchmarks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.development ## install the program and what its development needs into .venv

# The program alone, as a user has it.
.venv/.program: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(LOCKED) -r requirements.lock
	$(PIP) --no-deps -e .
	@touch $@

.venv/.development: .venv/.program requirements-dev.lock
	$(LOCKED) -r requirements-dev.lock
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

demo: .venv/.program ## see the whole of it on made-up data, no account needed
	@$(BIN)/analytics-sync demo

test: install ## run the tests, and see what they leave out (under four minutes)
	$(BIN)/python -m pytest tests/ -q -n 3 --dist worksteal --cov --cov-report=term:skip-covered

test-slow: install ## run soaks, kill loops and large property runs
	$(BIN)/python -m pytest tests/ -q -n 3 --dist loadgroup -m "slow or hypothesis" --hypothesis-profile usual

check: install ## format, lint, types, import contract, docs against code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/docs.py --check
	$(BIN)/python tools/tables.py --check
	$(BIN)/python tools/units.py --check

format: install ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install ## write what in docs/ is made from the code
	$(BIN)/python tools/docs.py

tables: install ## write store/tables.py from the schema
	$(BIN)/python tools/tables.py

units: install ## write deploy/systemd from the templates of units
	$(BIN)/python tools/units.py

benchmarks: install ## print start-up and throughput as ratios
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/history.py
	$(BIN)/python benchmarks/schedule.py

lock: ## renew the lock files (needs uv)
	$(LOCK) -o requirements.lock
	$(LOCK) --extra postgres -o deploy/container/requirements.lock
	$(LOCK) --all-extras --group dev -o requirements-dev.lock

clean: ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
