# A fresh clone needs git, make and Python 3.11 or newer, nothing else: the first target that is
# asked for makes .venv and installs what it needs into it. Arguments: make run ARGS="app.py:agent".

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
PYTHON ?=
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help run test check lint format-check types imports spelling shape bench crash docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## serve an agent that answers from ./docs; ARGS="app.py:agent --port 9000"
	@exec $(BIN)/agent-host run $(ARGS)

test: $(DEV) ## run the tests, with the coverage gate; ARGS="tests/cli -k reload" for some
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n logical --cov --cov-report=term)

check: lint format-check types imports spelling shape ## every static check

lint: $(DEV)
	$(BIN)/ruff check .

format-check: $(DEV)
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy
	$(BIN)/pyright

imports: $(DEV)
	$(BIN)/lint-imports

spelling: $(DEV)
	$(BIN)/codespell

shape: $(DEV)
	$(BIN)/python -m pytest -q tests/test_repo_shape.py

bench: $(DEV) ## measure, and write the table in docs/benchmarks.md
	$(BIN)/python -m benchmarks --all --write docs/benchmarks.md

crash: $(DEV) ## kill a host 500 times between an event and its answers, and count; ARGS="--seed 7"
	$(BIN)/python -m tests.crash --cycles 500 $(ARGS)

docs: $(DEV) ## write docs/configuration.md and deploy/agent-host.toml from the settings
	$(BIN)/python docs/build_reference.py

clean: ## remove .venv and everything that tools leave behind
	rm -rf $(VENV) .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@set -e; found=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "==> making $(VENV) with $$($$found --version)"; \
	"$$found" -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "$$found has no venv module that works. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; \
	}

# What a developer has includes what a run needs, so one who has installed for the tests waits for
# nothing here.
$(RUNTIME): pyproject.toml | $(BIN)/python
	@if [ $(DEV) -nt pyproject.toml ]; then :; else \
		echo "==> installing agent-host-server (once; about ten packages)"; \
		$(BIN)/python -m pip install --editable '.[rest]' || exit 1; \
	fi
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "==> installing agent-host-server with everything its tests and checks need (once)"
	$(BIN)/python -m pip install --editable '.[dev]'
	@touch $@
