# The only interface of this project's checks: CI runs `make test` and nothing else.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PORT ?= 8501

.DEFAULT_GOAL := help
.PHONY: help run gateway test check lint fast ollama bench clean

help: ## Show these lines
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: .venv/run ## Set up, then start the app on http://127.0.0.1:8501
	$(BIN)/streamlit run app.py --server.port $(PORT)

gateway: .venv/run ## Set up, then start the gateway alone on port 4000
	$(BIN)/python -m core --port 4000

test: .venv/dev lint ollama ## Set up, then check everything: CI runs this
	DIGLOT_EXAMPLES=1000 $(BIN)/pytest

check: .venv/dev lint fast ## The everyday loop, under a minute

lint: .venv/dev ## Format, lint, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: .venv/dev ## The tests that need no browser and no model
	$(BIN)/pytest -q -m "not browser and not embedded and not ollama"

ollama: ## Build the real Ollama that the tests run against
	scripts/install_ollama.sh

bench: .venv/dev ## Measure the gateway on this machine
	$(BIN)/python bench/gateway.py

clean: ## Remove what `make` has made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/run: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

# Locked where there is a lock for this Python, so that CI checks what was checked before.
.venv/dev: .venv/run requirements-dev.txt requirements.lock
	$(BIN)/python -m pip install -q -r requirements-dev.txt -c requirements.lock
	@touch $@
