# Everything on a fresh machine with Python 3.10 and git: `make demo`, `make test`.
# A pyenv shim may stand on PATH without a 3.10 behind it, so each candidate is tried.
PYTHON310 = $(shell for python in $(PYTHON) python3.10 $(HOME)/.pyenv/versions/3.10.*/bin/python3.10 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
STAMP := .venv/installed
# Of `make test`; each takes about 3 GB. A file's tests stay in one process.
TEST_PROCESSES := 2

POLICIES := .venv-policies
COMPILE := $(BIN)/uv pip compile --quiet --no-header --python-version 3.10 --generate-hashes

.PHONY: help setup demo test test-slow check check-kubernetes format lock clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Make .venv with every package at its locked version (once; about two minutes)

$(STAMP): requirements/bootstrap.txt requirements/development.txt setup.py
	@test -n "$(PYTHON310)" || { echo "Python 3.10 was not found. Install it (pyenv install 3.10), or say where it is: make setup PYTHON=/path/to/python3.10"; exit 1; }
	test -x $(BIN)/python || $(PYTHON310) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/bootstrap.txt requirements/development.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(STAMP)  ## Run the main job on generated data and show where the report is
	$(BIN)/micle run configs/demo.yaml

check: $(STAMP)  ## Lint, format, types, import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## All checks and tests that a change must pass
	$(BIN)/pytest -m "not slow" --numprocesses $(TEST_PROCESSES) --dist loadfile

test-slow: $(STAMP)  ## Tests that take minutes: whole pipeline runs, killed and resumed
	$(BIN)/pytest -m slow

# Pinning an image by digest (CKV_K8S_43) is for whoever has pushed it: docs/images.md.
check-kubernetes: $(STAMP) $(POLICIES)/installed  ## Policies of every overlay under kubernetes/, by checkov
	rm -rf $(POLICIES)/built && mkdir $(POLICIES)/built
	for overlay in kubernetes/overlays/*; do $(BIN)/kubectl kustomize $$overlay > $(POLICIES)/built/$$(basename $$overlay).yaml || exit 1; done
	$(POLICIES)/bin/checkov --directory $(POLICIES)/built --framework kubernetes --skip-check CKV_K8S_43 --compact --quiet --skip-download

$(POLICIES)/installed: requirements/policies.txt | $(STAMP)
	test -x $(POLICIES)/bin/python || $(BIN)/python -m venv $(POLICIES)
	VIRTUAL_ENV=$(POLICIES) $(BIN)/uv pip sync --quiet --require-hashes requirements/policies.txt
	touch $@

format: $(STAMP)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(STAMP)  ## Resolve requirements/*.in to exact versions with hashes
	for name in bootstrap runtime development gpu policies; do $(COMPILE) requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	$(COMPILE) --override requirements/tpu-overrides.txt requirements/tpu.in --output-file requirements/tpu.txt

clean:  ## Remove the environment and all runs
	rm -rf .venv .venv-policies runs
