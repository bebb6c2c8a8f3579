# Two commands do everything, on a bare Debian machine with Python >= 3.11 and Node 20:
#   make lab    environment, installation, JupyterLab on examples/tour.ipynb with the reactive kernel
#   make test   environment, installation, lint, types, all tests
# Each says what it does; what is done already is not done again (stamp files in .venv).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
say = @printf '\n\033[1m==> %s\033[0m\n' $(1)

# What the installed package is made from: editable for Python code, copied for everything else.
LAB_SOURCES := $(shell find labextension -type f \( -path '*/src/*' -o -path '*/schema/*' -o -path '*/style/*' \
	-o -name package.json -o -name yarn.lock -o -name tsconfig.json \) -not -path '*/node_modules/*' 2>/dev/null)
SOURCES := pyproject.toml $(wildcard kernel/*) $(shell find jupyter-config -type f 2>/dev/null) $(LAB_SOURCES)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_NO_INPUT := 1
export DEBIAN_FRONTEND := noninteractive

.PHONY: help lab test test-slow lint types schema pytest js oracle docs wheel clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

lab: $(STAMPS)/lab  ## JupyterLab on the tour, with the reactive kernel
	$(call say,"JupyterLab opens on examples/tour.ipynb (Ctrl-C twice ends it)")
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS) examples/tour.ipynb

test: $(STAMPS)/test $(STAMPS)/apt  ## lint, types, front end, all tests (what CI runs)
	@$(MAKE) --keep-going checks

.PHONY: checks
checks: lint types js pytest

lint: $(STAMPS)/test  ## ruff
	$(call say,"Lint: ruff")
	@$(BIN)/ruff check .

types: $(STAMPS)/test  ## mypy
	$(call say,"Types: mypy")
	@$(BIN)/mypy

js: $(STAMPS)/test  ## unit tests of the front end
	$(call say,"Front end: unit tests of the labextension")
	@if [ -d labextension/node_modules ]; then cd labextension && jlpm run test; \
	elif [ -n "$${CI:-}" ]; then echo "Node is missing: the labextension was not built" >&2; exit 1; \
	else echo "Skipped: the labextension was not built here (no Node?)"; fi

pytest: $(STAMPS)/test  ## all Python tests (arguments in ARGS)
	$(call say,"Tests: pytest")
	@$(BIN)/python -m pytest $(ARGS)

test-slow: $(STAMPS)/test $(STAMPS)/apt  ## the tests that `make test` leaves out
	$(call say,"Slow tests: pytest -m slow")
	@$(BIN)/python -m pytest -m slow $(ARGS)

docs: $(STAMPS)/test  ## the documentation, into build/docs
	$(call say,"Documentation: mkdocs, into build/docs")
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo "Open build/docs/index.html"

wheel: $(STAMPS)/venv  ## a wheel, into dist/
	$(call say,"Wheel, into dist/")
	@$(PIP) build && $(BIN)/python -m build --wheel

clean:  ## remove the environment and everything built
	rm -rf $(VENV) build dist reactive_kernel/labextension labextension/lib labextension/node_modules

$(STAMPS)/venv:
	@.ci/environment $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/lab: $(STAMPS)/venv $(SOURCES)
	$(call say,"Installing the kernel$(comma) JupyterLab and what the examples use (a few minutes the first time)")
	@$(PIP) -e '.[examples]'
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv $(SOURCES)
	$(call say,"Installing the kernel and what its tests use (a few minutes the first time)")
	@$(PIP) -e '.[test]'
	@touch $@ $(STAMPS)/lab

$(STAMPS)/apt: $(STAMPS)/venv
	@.ci/packages
	@touch $@

comma := ,
