# make run · make demo · make test · make bench · make chaos · make help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
export DATA_DIR ?= ../shared/data

.PHONY: help install system run demo test check bench chaos messages clean

help: ## Say what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

install: $(STAMP) ## Install everything into .venv

$(STAMP): requirements.lock setup.cfg
	@echo "[1/3] making the virtual environment"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 run"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "[2/3] installing packages (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@echo "[3/3] compiling translations"
	@$(BIN)/python -c 'from marketplace.core.catalogues import compile_catalogues; compile_catalogues()'
	@touch $(STAMP)

$(DEV): $(STAMP) requirements-dev.lock
	@echo "installing the tools for checks and tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $(DEV)

run: $(STAMP) ## Start the marketplace with demo data at http://127.0.0.1:5000
	@DEMO=1 $(BIN)/python -m flask serve --seed

demo: $(STAMP) ## Walk the whole journey over HTTP and print every figure
	@DATA_DIR="$(if $(filter file,$(origin DATA_DIR)),,$(DATA_DIR))" $(BIN)/python -m demo.journey

check: $(DEV) ## Style, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m mypy

system: $(DEV) ## Chromium and a Chinese font, which the browser tests need
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || test -n "$$CHROMIUM" || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium and fonts-noto-cjk"; apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	  else echo "The browser tests need Chromium and a Chinese font: sudo apt-get install -y chromium fonts-noto-cjk"; exit 1; fi

test: check system ## All checks and tests
	$(BIN)/python -m pytest -q -n 2

bench: $(STAMP) ## Print named figures as one JSON object, ratios first
	@$(BIN)/python -m bench

chaos: $(STAMP) ## Acts under kill -9 of workers and database, then every promise checked (SECONDS=60)
	@$(BIN)/python -m chaos

messages: $(DEV) ## List messages that have no Chinese yet
	$(BIN)/python -m pytest -q tests/architecture/test_translations.py

clean: ## Remove what was installed and made
	rm -rf $(VENV) var build .mypy_cache .pytest_cache .ruff_cache .hypothesis
