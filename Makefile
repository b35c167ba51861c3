# Everything runs in .venv, which `make install` builds from the lock file. Any Python from 3.11 on.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow check format docs lock benchmarks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## install the program and what its development needs into .venv

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(STAMP)

demo: install ## see the whole of it on made-up data, no account needed
	@$(BIN)/analytics-sync demo

test: install ## run the tests (under four minutes)
	$(BIN)/python -m pytest tests/ -q -m "not slow" -n 2 --dist loadfile --cov --cov-report=term:skip-covered

test-slow: install ## run soaks, kill loops and large property runs
	$(BIN)/python -m pytest tests/ -q -m slow

check: install ## format, lint, types, import contract, docs against code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/docs.py --check

format: install ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install ## write what in docs/ is made from the code
	$(BIN)/python tools/docs.py

benchmarks: install ## print start-up and throughput as ratios
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/throughput.py

lock: ## renew requirements.lock (needs uv)
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock

clean: ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
