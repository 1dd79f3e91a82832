# The two commands that matter: `make demo` shows the bridge at work, `make test` checks it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-field fuzz bench bench-peers soak lock lint format clean

demo: $(INSTALLED)
	$(BIN)/otel-bridge demo

test: $(INSTALLED) lint
	$(BIN)/python -m pytest -m "not field"

test-field: $(INSTALLED)
	tests/field-tools.sh
	$(BIN)/python -m pip install --quiet --group peers
	$(BIN)/python -m pytest -m field

fuzz: $(INSTALLED)
	$(BIN)/python -m tests.fuzz all --seconds 300

bench: $(INSTALLED)
	$(BIN)/python -m bench

bench-peers: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group peers
	$(BIN)/python -m bench.peers

lock: $(INSTALLED)
	$(BIN)/python deploy/lock.py

soak: $(INSTALLED)
	$(BIN)/python -m bench.soak

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@
