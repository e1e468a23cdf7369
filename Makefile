# A machine with Python 3.11 or newer and make needs nothing else. Everything is installed into .venv of this folder.
.PHONY: install demo test check bench docs
.DEFAULT_GOAL := install

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A registry that answers with an error now may answer in a while.
export UV_HTTP_RETRIES ?= 8
export UV_HTTP_TIMEOUT ?= 120
export PIP_RETRIES ?= 8

# The program alone, and the program with the tools of its developers.
WARM := $(BIN)/python -c 'from lienthong.contracts.rules.cache import warm; warm()'
PROGRAM := $(BIN)/.program
TOOLS := $(BIN)/.tools

install: $(TOOLS)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python cannot make an environment here; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

$(PROGRAM): pyproject.toml uv.lock | $(BIN)/uv
	@echo "Installing the program into $(VENV) …"
	@$(BIN)/uv sync --frozen --quiet --inexact --no-dev
	@$(WARM)
	@touch $@

$(TOOLS): pyproject.toml uv.lock | $(BIN)/uv
	@echo "Installing the program and its tools into $(VENV) …"
	@$(BIN)/uv sync --frozen --quiet --inexact
	@$(WARM)
	@touch $(PROGRAM) $@

demo: $(PROGRAM)
	@$(BIN)/lienthong demo --serve

# ruff, types, import direction, and the shape of the repository (file sizes, translations, declared files)
check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/layout

test: install
	@bash tests/prepare.sh
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

bench: install
	$(BIN)/python -m bench

docs: install
	$(BIN)/python docs/generate.py
