# Every target sets up what it needs: a virtual environment in .venv, made once and then reused.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CONFIG ?= configs/cartpole.yaml
COMPARISON ?= configs/compare/quick.yaml

.DEFAULT_GOAL := help
.PHONY: help train quick compare test lint format types check bench tensorboard clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 20

train: $(READY)  ## train CONFIG (configs/cartpole.yaml): 8 seeds, scheduled batch size
	$(BIN)/python -m rlbatch.train $(CONFIG)

quick: $(READY)  ## the same in a minute
	$(BIN)/python -m rlbatch.train configs/quick.yaml

compare: $(READY)  ## two regimes over six seeds, and where the report is
	$(BIN)/python -m rlbatch.compare $(COMPARISON)

test: $(READY)  ## all tests, a process a core
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY)  ## format and lint, checked only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(READY)  ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

check: lint types test  ## what continuous integration runs

bench: $(READY)  ## side by side with peers, each in an environment of its own
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/update.py --compile

tensorboard: $(READY)  ## curves of all runs at http://localhost:6006
	$(BIN)/tensorboard --logdir runs

clean:  ## forget the environment (runs stay)
	rm -rf .venv

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rlbatch: expected Python 3.11 or newer, got " + sys.version.split()[0] + ". Set PYTHON=python3.11.")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
