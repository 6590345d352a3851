# The one command surface: people, .ci/run and pre-commit call these targets.
# Plain POSIX sh and GNU make 3.81 or later. Everything is written below the checkout.

SHELL = /bin/sh
BIN = .venv/bin
INSTALLED = .venv/.installed
CODE = include/airmend tests dags plugins

# Caches and homes of the tools that would otherwise use the home folder.
export ANSIBLE_HOME = $(CURDIR)/.airmend/ansible
export AIRFLOW_HOME = $(CURDIR)/.airmend/airflow
export UV_CACHE_DIR = $(CURDIR)/.airmend/cache/uv
export PYTHON
# Without bytecode every process would compile Airflow and Ansible again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.PHONY: help demo test up lint bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## Break a small estate and watch it being repaired
	@$(BIN)/airmend demo

up: $(INSTALLED) ## Run Airflow with Airmend until Ctrl-C (AIRMEND_PORT=8080)
	@$(BIN)/airmend up

# End to end by itself: those tests wait for a whole Airflow, and no other test may slow it down.
test: $(INSTALLED) ## Run every test: unit, integration, end to end (ARGS=tests/unit: a part)
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest tests/unit tests/integration --numprocesses=auto --dist=loadfile
	@$(BIN)/python -m pytest tests/e2e
endif

lint: $(INSTALLED) ## Check the code, the runbooks, the layers and the schemas
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/ansible-lint --offline --nocolor -q runbooks
	$(BIN)/yamllint --strict .
	$(BIN)/airmend lint
	$(BIN)/airmend schema | diff -u docs/runbook.schema.json -
	$(BIN)/airmend openapi | diff -u docs/openapi.json -

bench: $(INSTALLED) ## Measure speed, each figure beside its floor
	@$(BIN)/airmend bench

lock: ## Pin every dependency from pyproject.toml (UPGRADE=1 takes the newest)
	@scripts/install.sh uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
		--output-file requirements.txt pyproject.toml

clean: ## Remove the environment, caches and everything that Airmend wrote here
	rm -rf .venv .airmend .ansible .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis artifacts build dist
	find include tests dags plugins -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt pyproject.toml scripts/install.sh
	@scripts/install.sh
