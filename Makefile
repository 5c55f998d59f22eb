# What a developer types. Needs python3 (>= 3.11), git, make and a package index; everything else goes to .venv.
#
#   make demo      compile the example for every target, run it here, print the model's metrics
#   make test      lint, then the core suite
#   make engines   what starts many processes; compiled artifacts under the vendors' own code and on real engines (their environments are made once and kept)
#   make verify-cloud TARGET=databricks   run small pipelines on your own account of a cloud, and compare (or sagemaker, azureml, vertex)
#   make bless     rewrite the golden files; read the diff before you commit it
#   make bench     compile times beside kfp's, the cost of a run here

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.wye-installed
DEMO := examples/diagnosis/pipeline.py
say = @printf '\n==> %s\n' "$(1)"

.PHONY: demo test lint core engines verify-cloud bless bench clean
.DEFAULT_GOAL := test

# uv installs in seconds what pip installs in minutes; where there is no uv, or it does not reach the index that pip is set up for, pip does it.
$(STAMP): pyproject.toml
	$(call say,making $(VENV) with $$($(PYTHON) --version 2>&1))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Wye needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	$(call say,installing Wye and its tools into $(VENV) (a minute or two))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	@if ! { [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[dev,demo]'; }; then \
		echo '    with pip, because uv cannot'; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,demo]'; \
	fi
	@touch $(STAMP)

demo: $(STAMP)
	$(call say,compiling $(DEMO) for every target)
	@echo '    The table lists what a target does by other means (emulated) or has no use for (advisory). Nothing is dropped in silence.'
	$(BIN)/wye compile $(DEMO) --all -o build
	$(call say,running it here on the real data set)
	$(BIN)/wye run $(DEMO) --format json > build/demo.json
	$(call say,the metrics of the model)
	@$(BIN)/python -c 'import json; run = json.load(open("build/demo.json")); print(run["status"]); print(json.dumps(run["outputs"], indent=2))'

test: lint core

lint: $(STAMP)
	$(call say,ruff: style and format)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call say,mypy --strict)
	@$(BIN)/mypy
	$(call say,import-linter: who may import whom)
	@$(BIN)/lint-imports

core: $(STAMP)
	$(call say,the core suite)
	$(BIN)/pytest -n auto -rsfE -m "not processes" tests --ignore=tests/engines --ignore=tests/consumers

# Three at a time on two processors: pods and containers are waited for, most of the time.
engines: $(STAMP)
	$(call say,what starts many processes)
	$(BIN)/pytest -n auto -rsfE -m processes tests --ignore=tests/engines --ignore=tests/consumers
	$(call say,compiled artifacts under the vendors' own loaders and engines (the first time makes their environments))
	WYE_REQUIRE_ENGINES=1 $(BIN)/pytest -n 3 --dist loadfile -rsfE --durations=5 tests/consumers tests/engines

# What is set on make's command line is in the environment of what it runs.
verify-cloud: $(STAMP)
	$(call say,small pipelines on your own account: $(TARGET))
	@$(BIN)/python tests/cloud '$(TARGET)'

bless: $(STAMP)
	$(call say,rewriting golden/, the capability tables in README.md and docs/, and docs/wye.schema.json)
	$(BIN)/pytest -n auto --bless tests/test_golden.py tests/test_readme.py tests/unit/stacks/test_schema.py

bench: $(STAMP)
	$(call say,compile times beside kfp's (some minutes))
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.runs

clean:
	rm -rf $(VENV) build .wye .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
