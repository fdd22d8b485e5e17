# voiceagent: every command a developer needs. Run "make" for the list.
#
# The environment lives in .venv; it is made from the hash-pinned requirements files and made again
# only when they change. Model weights live in the user's cache folder and are fetched once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The interpreter to build .venv from; empty: the first suitable one found (3.11 or newer).
PYTHON ?=
# More arguments for "voiceagent demo", for pytest, and which test folders run, in this order.
DEMO_ARGS ?=
PYTEST_ARGS ?=
TESTS ?= tests/unit tests/speech $(OTHER_TESTS) tests/scenarios
# What the demo and the tests load.
WEIGHTS ?= whisper-base piper-en_US-joe-medium qwen2.5-coder-1.5b

VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9
UV_COMPILE := $(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
# Test folders beside the three named above, as soon as they hold a test.
OTHER_TESTS := $(filter-out tests/unit tests/speech tests/scenarios,\
	$(sort $(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py)))))

.PHONY: help
help: ## show this list
	@echo "usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: environment weights ## hold a whole call on this machine: no key, no telephone, no account
	@echo "==> Starting the demo"
	@$(BIN)/voiceagent demo $(DEMO_ARGS)

.PHONY: demo-desk
demo-desk: environment weights ## be customer and human agent yourself, in two tabs of a browser
	@echo "==> Starting the desk with the sample company"
	@$(BIN)/voiceagent demo --desk $(DEMO_ARGS)

.PHONY: test
test: developer-environment weights browser check ## set up, check, and run every test (PYTEST_ARGS="-k word" narrows it)
	@echo "==> Running the tests in $(TESTS)"
	@$(BIN)/python -m pytest $(TESTS) $(PYTEST_ARGS)

.PHONY: check
check: developer-environment ## lint, formatting, types, import direction, Dockerfile, scripts
	@echo "==> Checking the code (ruff)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> Checking the types (mypy)"
	@$(BIN)/mypy
	@echo "==> Checking the import direction (import-linter)"
	@$(BIN)/lint-imports --no-logo
	@if [ -x $(BIN)/hadolint ]; then \
		echo "==> Checking the Dockerfile (hadolint)"; \
		$(BIN)/hadolint docker/Dockerfile; \
	else echo "==> Not checking the Dockerfile: hadolint is not installed"; fi
	@if [ -x $(BIN)/shellcheck ]; then \
		echo "==> Checking the shell scripts (shellcheck)"; \
		$(BIN)/shellcheck .ci/chromium .ci/environment .ci/run docker/entrypoint; \
	else echo "==> Not checking the shell scripts: shellcheck is not installed"; fi

.PHONY: fixtures
fixtures: developer-environment ## make the recordings in audio_fixtures/ again from their scripts
	@echo "==> Making the recordings in audio_fixtures/"
	@$(BIN)/python -m audio_fixtures.build

.PHONY: lock
lock: $(VENV)/uv/bin/uv ## resolve pyproject.toml again into the requirements files
	@echo "==> Resolving the requirements"
	@$(UV_COMPILE) pyproject.toml -o requirements.txt >/dev/null
	@echo "==> Resolving the developer requirements"
	@$(UV_COMPILE) pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt >/dev/null
	@echo "==> Resolving the build requirements"
	@printf 'hatchling\neditables\nsetuptools\n' | $(UV_COMPILE) - -c requirements-dev.txt -o requirements-build.txt >/dev/null

.PHONY: clean
clean: ## remove .venv and every cache in this folder (weights and recordings stay)
	@echo "==> Removing $(VENV) and the tools' caches; weights and recordings stay"
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Not in the list: steps of the targets above.
.PHONY: environment developer-environment weights browser
environment:
	@PYTHON="$(PYTHON)" .ci/environment run

developer-environment:
	@PYTHON="$(PYTHON)" .ci/environment develop

weights:
	@echo "==> Making sure that the model weights are here (1.3 GB at the first time)"
	@$(BIN)/voiceagent models fetch $(WEIGHTS)

browser:
	@.ci/chromium

$(VENV)/uv/bin/uv: | developer-environment
	@echo "==> Installing $(UV), which resolves the requirements"
	@$(BIN)/python -m venv $(VENV)/uv
	@$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
