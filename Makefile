# Every target makes the environment it needs in .venv, once, and again when pyproject.toml or constraints.txt change.
#
#   PYTHON  which interpreter to make it with, 3.11 or later:      make test PYTHON=python3.12
#   TORCH   which torch to put into it, as pip would be told:      make demo TORCH="torch==2.13.0 --index-url URL"

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint types docs docs-serve check setup clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY)  ## make a small world of music, learn it, search it, and write a report (minutes)
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash demo/demo.sh

test: $(READY)  ## run the tests (three minutes)
	$(BIN)/python -m pytest -n auto

# Trainings have processes of their own: twice torch aborted in one that other slow tests had used before, we suspect
# for maps by UMAP, whose numba brings another OpenMP along.
test-slow: $(READY)  ## run the tests that take long (four minutes)
	$(BIN)/python -m pytest -n auto -m slow tests/training tests/papers
	$(BIN)/python -m pytest -n auto -m slow --ignore=tests/training --ignore=tests/papers

lint: $(READY)  ## look for faults of form, and for types that do not fit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  ## build the documentation into site/
	$(BIN)/python docs/write_commands.py
	$(BIN)/python docs/write_datasets.py
	$(BIN)/python docs/write_models.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-serve: $(READY)  ## show the documentation in a browser while it is written
	$(BIN)/mkdocs serve

check: lint docs test test-slow  ## everything that must pass before a change lands

setup: $(READY)  ## only make the environment

clean:  ## remove the environment and everything that was made
	rm -rf $(VENV) build dist site demo/output

# Where Python comes without ensurepip, as on Debian without python3-venv, its own pip fills the environment.
# torch comes first and is left out of the constraints, so that TORCH may name another build of it.
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: there is no $(PYTHON) here"; \
	  echo "hint: install Python 3.11 or later, or name one: make PYTHON=/path/to/python"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is `$(PYTHON) --version 2>&1`, and tutti needs Python 3.11 or later"; \
	  echo "hint: name a later one: make PYTHON=python3.12"; exit 1; } >&2
	@echo "making the environment in $(VENV); the first time takes minutes" >&2
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	  && $(PYTHON) -m pip --python $(BIN)/python install -qq pip; }
	@grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/python -m pip install -qq -c $(VENV)/constraints.txt $(TORCH)
	$(BIN)/python -m pip install -qq -c $(VENV)/constraints.txt -e '.[dev]'
	@touch $@
