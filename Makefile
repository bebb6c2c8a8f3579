# Two commands do everything, on a bare Debian machine with Python >= 3.11 and Node 20:
#   make lab    environment, installation, JupyterLab on examples/tour.ipynb with the reactive kernel
#   make test   environment, installation, lint, types, all tests
# Each says what it does; what is done already is not done again (stamp files in .venv).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

N ?= 1000
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
say = @printf '\n\033[1m==> %s\033[0m\n' $(1)

# What the installed package is made from: editable for Python code, copied for everything else.
LAB_SOURCES := $(shell find labextension/src labextension/schema labextension/style -type f 2>/dev/null) \
	$(wildcard labextension/package.json labextension/yarn.lock labextension/tsconfig.json)
SOURCES := pyproject.toml $(wildcard kernel/*) $(shell find jupyter-config -type f 2>/dev/null) $(LAB_SOURCES)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_NO_INPUT := 1
export DEBIAN_FRONTEND := noninteractive

.PHONY: help lab test test-slow lint types pytest js bench oracle docs wheel clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

lab: $(STAMPS)/lab  ## JupyterLab on the tour, with the reactive kernel
	$(call say,"JupyterLab opens on examples/tour.ipynb (Ctrl-C twice ends it)")
	@$(BIN)/jupyter lab --ServerApp.root_dir=$(CURDIR) --LabApp.default_url=/lab/tree/examples/tour.ipynb \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

test: $(STAMPS)/test $(STAMPS)/apt  ## lint, types, front end, all tests (what CI runs)
	@$(MAKE) --keep-going checks

.PHONY: checks
checks: lint types js pytest

lint: $(STAMPS)/test  ## ruff
	$(call say,"Lint: ruff")
	@$(BIN)/ruff check --output-format concise .

types: $(STAMPS)/test  ## mypy, and the front end's types of the protocol
	$(call say,"Types: mypy$(comma) protocol.ts")
	@$(BIN)/mypy
	@$(BIN)/python labextension/generate_protocol.py --check

js: $(STAMPS)/test  ## unit tests of the front end
	$(call say,"Front end: unit tests of the labextension")
	@if command -v node >/dev/null; then cd labextension && { [ -d node_modules ] || jlpm install --immutable; } && jlpm run test; \
	elif [ -n "$${CI:-}" ]; then echo "Node 20 or newer is missing" >&2; exit 1; \
	else echo "Skipped: there is no Node here"; fi

# All of them by two processes: those that drive a browser leave a processor free half of the time.
pytest: $(STAMPS)/test  ## all Python tests, or what ARGS says
	$(call say,"Tests: pytest")
	@$(BIN)/python -m pytest $(or $(ARGS),-n 2 --dist loadfile --no-loadscope-reorder)

test-slow: $(STAMPS)/test $(STAMPS)/apt $(STAMPS)/spark  ## the tests that `make test` leaves out
	$(call say,"Slow tests: pytest -m slow")
	@$(BIN)/python -m pytest -m slow $(ARGS)

bench: $(STAMPS)/test  ## the benchmarks, one after the other (on an otherwise idle machine)
	@for file in benchmarks/[a-z]*.py; do \
		printf '\n\033[1m==> Benchmark: %s\033[0m\n' "$$file"; PYTHONPATH=. $(BIN)/python "$$file"; \
	done

oracle: $(STAMPS)/test  ## N random sessions compared with clean runs (make oracle N=1000)
	$(call say,"Oracle: $(N) random sessions")
	@$(BIN)/python -m tests.oracle --sessions $(N) --shrink 60

docs: $(STAMPS)/test  ## the documentation, into build/docs
	$(call say,"Documentation: mkdocs, into build/docs")
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo "Open build/docs/index.html"

wheel: $(STAMPS)/venv  ## a wheel, into dist/
	$(call say,"Wheel, into dist/")
	@.ci/install $(VENV) build && $(BIN)/python -m build --wheel

clean:  ## remove the environment and everything built
	rm -rf $(VENV) build dist reactive_kernel/labextension labextension/lib labextension/node_modules

$(STAMPS)/venv:
	@.ci/environment $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/lab: $(STAMPS)/venv $(SOURCES)
	$(call say,"Installing the kernel$(comma) JupyterLab and what the examples use (a few minutes the first time)")
	@.ci/install $(VENV) -e '.[examples]'
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv $(SOURCES)
	$(call say,"Installing the kernel and what its tests use (a few minutes the first time)")
	@.ci/install $(VENV) -e '.[test]'
	@touch $@ $(STAMPS)/lab

# The server of Spark Connect needs Java, and a gigabyte of disk: only for the slow tests.
$(STAMPS)/spark: $(STAMPS)/test
	$(call say,"Installing Spark for its tests")
	@if command -v java >/dev/null; then .ci/install $(VENV) 'pyspark[connect]>=4.0' && touch $@; \
	else echo "Skipped: there is no Java here"; fi

$(STAMPS)/apt: $(STAMPS)/venv
	@.ci/packages
	@touch $@

comma := ,
