# Everything runs in an environment of its own, .venv, made from constraints.txt at the first call.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test test-long test-hard test-clock test-anew lint check format bench bench-growth docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Rapport needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY) ## live a month of real shopping and serve what came of it (ARGS=--no-serve ends after the report)
	$(BIN)/rapport demo $(ARGS)

test: $(READY) ## the whole test suite but for the long tests
	$(BIN)/python -m pytest -q -n 2 -m "not long" -rs $(ARGS)

HARD := tests/stories/test_chaos.py tests/stories/test_cluster.py tests/stories/test_faults.py \
	tests/stories/test_stop.py tests/jobs/demo/test_floor.py

test-long: $(READY) ## the long tests: killed workers, hostile requests, thousands of histories and vetoes
	$(BIN)/python -m pytest -q -n 2 -m "long and not clock" $(addprefix --ignore=,$(HARD)) -rs $(ARGS)

test-hard: $(READY) ## the hardest: crashes at every step, of databases too, workers in networks of their own, the floor of the data
	$(BIN)/python -m pytest -q -m "long and not clock" -rs $(HARD) $(ARGS)

test-clock: $(READY) ## the tests that move the clocks of workers and databases (needs libfaketime, and says so)
	$(BIN)/python -m pytest -q -m clock -rs tests/clock $(ARGS)

test-anew: $(READY) ## the laws with examples drawn anew: every other target draws the same for the same code
	$(BIN)/python -m pytest -q -n 2 -m "not clock" -rs --hypothesis-profile=anew $$(grep -rlE "^from hypothesis|^from schemathesis|^@law" --include="test_*.py" tests) $(ARGS)

lint: $(READY) ## style, types, and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## what must be green before a change is done

format: $(READY) ## put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## speed and quality beside named references
	@for one in benchmarks/*.py; do case $$one in */_*) ;; *) echo "== $$one"; $(BIN)/python -m benchmarks.$$(basename $$one .py) || exit 1;; esac; done

bench-growth: $(READY) ## time and memory of training on 0.15, 1.5 and 15 million lines
	$(BIN)/python -m benchmarks.next_basket --growth

docs: $(READY) ## check that commands and links in README and docs are real
	$(BIN)/python -m pytest -q tests/test_docs.py

lock: $(READY) ## renew uv.lock and constraints.txt from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv lock
	$(BIN)/uv export --quiet --frozen --no-hashes --no-emit-project --all-extras --no-annotate --no-header --output-file constraints.txt

clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
