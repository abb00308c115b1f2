# `make demo` and `make test` set everything up by themselves.
.DEFAULT_GOAL := help
.PHONY: help demo test kill-test lint docs viz mlflow clean constraints

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export DO_NOT_TRACK := 1

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 18

# made once, and again when what is to be installed has changed; compiled, since where Python may write no bytecode
# (PYTHONDONTWRITEBYTECODE, images) each start compiles all that it imports: 15 s instead of 6 for timm alone
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@echo "Setting up $(VENV): several hundred packages, a few minutes"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' constraints.txt)"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --editable '.[dev]' --constraints constraints.txt
	@touch $@

demo: $(READY)  ## draw garments, train on them and predict, about two minutes
	@$(BIN)/python -m drawn_garments data/demo/01_raw --categories skirt_length --photos 50 --questions 20
	@$(BIN)/kedro run --env=demo

test: $(READY)  ## run the tests
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

kill-test: $(READY)  ## kill training 30 times, go on, and compare every bit with a run that was left alone
	@$(BIN)/python -W ignore tests/kill_runs.py

lint: $(READY)  ## style, types and import contracts
	@$(BIN)/ruff format --check src tests benchmarks docs
	@$(BIN)/ruff check src tests benchmarks docs
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY)  ## build the site of docs/ into build/site; a broken link or a page that is not listed fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

viz: $(READY)  ## look at the flow in the browser; ENV=demo shows the results of the demo
	@$(BIN)/kedro viz run $(if $(ENV),--env=$(ENV))

mlflow: $(READY)  ## compare runs in the browser
	@MLFLOW_WORKERS=1 MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db

constraints: $(READY)  ## pin the newest versions that fit pyproject.toml
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --output-file constraints.txt pyproject.toml

clean:  ## remove the environment, caches and what the demo made
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build data/demo
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
