# The one interface to everything: CI runs `make test` and nothing else.

# The newest Python here that is new enough.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$p && break; done)
BIN := .venv/bin
PORT ?= 8501
# How many tests run at once: one more than there are processors, since many wait for a server.
JOBS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 1)))
# What is compiled is kept, or each start of a test, an app and a gateway compiles it all again.
export PYTHONDONTWRITEBYTECODE :=
# Each test says by its marks what it needs; a file that is marked as a whole is not imported.
FAST := not slow and not browser and not clients and not embedded and not ollama and not langchain

.DEFAULT_GOAL := help
.PHONY: help run gateway test check lint format-lint types types-of-tests layers web docs audit sbom oldest fast coverage clients ollama bench soak lock clean

help: ## Show these lines
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: .venv/run ## Set up once, then start the app on http://127.0.0.1:8501 (PORT=...)
	@$(BIN)/python -m core.http.ports 127.0.0.1 "$(PORT)"
	$(BIN)/streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT)

gateway: .venv/run ## Set up once, then start the gateway alone on http://127.0.0.1:4000
	$(BIN)/python -m core --port 4000

test: .venv/dev lint ollama ## Set up, then check everything; CI runs this
	$(BIN)/bandit -q -c pyproject.toml -r core ui pages app.py scripts
	DIGLOT_EXAMPLES=400 DIGLOT_FUZZ_SECONDS=20 DIGLOT_RERUNS=1 $(BIN)/pytest -n $(JOBS) \
		--dist worksteal --timeout 600 -m "not browser and not clients"
	# A file's tests share an app and a browser; the longest files begin first.
	DIGLOT_RERUNS=2 $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
		--timeout 600 -m browser tests/ui

check: .venv/dev lint fast ## The everyday loop

# Side by side; where make can, what each says stays together. All are run though one fails.
lint: .venv/dev ## Format, lint, types and layers
	@$(MAKE) --no-print-directory -k -j4 $(if $(filter output-sync,$(.FEATURES)),-Otarget) \
		format-lint types types-of-tests layers

format-lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

types-of-tests:
	$(BIN)/mypy --config-file tests/mypy.ini

layers:
	$(BIN)/lint-imports

web: ## Build the chat page's script into ui/chat/bundle/ (needs Node 20)
	cd web && npm ci --no-audit --no-fund && npm run check && npm run build

docs: .venv/dev ## Build the documentation site in site/
	$(BIN)/python -m scripts.docs_tables
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q

audit: .venv/dev ## Ask whether a package that is used has a known weakness
	$(BIN)/python -m pip install -q pip-audit
	$(BIN)/python -m scripts.audit

sbom: .venv/run ## Write what Diglot is made of to dist/diglot.cdx.json (CycloneDX), for a release
	@test -x .venv-sbom/bin/cyclonedx-py || { $(PYTHON) -m venv .venv-sbom && \
		.venv-sbom/bin/python -m pip install -q cyclonedx-bom; }
	mkdir -p dist
	.venv-sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
		--output-reproducible --no-validate --of JSON -o dist/diglot.cdx.json $(BIN)/python

oldest: .venv/made ## The fast tests with the oldest versions that the requirements state
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-oldest
	$(BIN)/uv pip install -q --python .venv-oldest/bin/python --resolution lowest-direct \
		-r requirements-dev.txt
	DIGLOT_EXAMPLES=10 .venv-oldest/bin/python -m pytest -q -n $(JOBS) --dist worksteal \
		--timeout 120 -m "$(FAST)"

fast: .venv/dev ## The tests that need no browser and no model, and are not marked slow
	DIGLOT_EXAMPLES=10 $(BIN)/pytest -q -n $(JOBS) --dist worksteal --timeout 60 -m "$(FAST)"

coverage: .venv/dev ## The fast tests with coverage; each package is held to its floor
	DIGLOT_EXAMPLES=10 $(BIN)/pytest -q -n $(JOBS) --dist worksteal --timeout 120 -m "$(FAST)" \
		--cov core --cov-report json:.coverage.json --cov-report ""
	$(BIN)/python -m scripts.coverage_floors .coverage.json

clients: .venv/dev ## Run real programs (Codex, Claude Code, ...) over the gateway, installed once
	PYTHON=$(BIN)/python scripts/install_clients.sh
	$(BIN)/pytest -q --timeout 300 -m clients tests/clients

ollama: .venv/dev ## Build the real Ollama that the tests run against, once
	PYTHON=$(BIN)/python scripts/install_ollama.sh

bench: .venv/dev ## Measure the gateway beside its rivals; writes docs/*/benchmarks.md
	$(BIN)/python bench/gateway.py --quick --write

soak: .venv/dev ## Kill each part under load, then a million requests (SECONDS=600 each)
	$(BIN)/python -m tests.soak.chaos --seconds $(or $(SECONDS),600)
	$(BIN)/python -m tests.cluster.proof --seconds $(or $(SECONDS),600)
	$(BIN)/python bench/growth.py --seconds $(or $(SECONDS),600)

lock: .venv/made ## Write requirements.lock anew, with the newest versions that fit
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11.5 --generate-hashes \
		--no-annotate --no-emit-index-url --custom-compile-command "make lock" \
		-o requirements.lock requirements-dev.txt

clean: ## Remove what make and the tools have made here
	rm -rf .venv .venv-oldest .venv-sbom dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: what has been set up is not set up again until its list changes.
# The versions of the lock, so that Diglot runs tomorrow with what it was tried with today, and
# nothing but the files whose hashes stand there. As constraints pip takes hashes from 26.1 on.
.venv/run: requirements.txt requirements.lock | .venv/made
	$(BIN)/python -m pip install -q -r requirements.txt -c requirements.lock
	@touch $@

# The checks use locked versions, so that they find the same today and tomorrow.
.venv/dev: requirements.txt requirements-dev.txt requirements.lock | .venv/made
	$(BIN)/python -m pip install -q -r requirements-dev.txt -c requirements.lock
	@touch .venv/run $@

# Made anew where it was left half made: Debian without python3-venv leaves one without pip.
.venv/made:
	@test -n "$(PYTHON)" || { echo "Diglot needs Python 3.11 or newer: https://www.python.org"; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --upgrade pip
	@touch $@
