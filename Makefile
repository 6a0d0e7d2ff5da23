# Two commands do all the set-up: `make plan` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: plan test test-documents lint install demo clean

plan: $(STAMP)
	$(BIN)/layout-planner run data --out out

test: $(STAMP) lint
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile

# needs Debian's chromium and poppler-utils
test-documents: $(STAMP)
	$(BIN)/python -m pytest -m documents tests/documents

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(STAMP)

# --no-deps keeps pip from moving a version that the lock file fixed
$(STAMP): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/layout-planner demo data --seed 620724 --overwrite

clean:
	rm -rf out out.previous out-* $(VENV)
