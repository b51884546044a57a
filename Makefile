PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
# The tools that make a release have an environment of their own.
TOOLS  := $(VENV)-release
LOCKS  := requirements/build.txt requirements/runtime.txt requirements/dev.txt
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install
LOCK   := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# Minors whose oracle to build: make oracle ORACLES="1.36 1.37"
ORACLES ?= 1.34 1.35 1.36 1.37 1.38
# The same of the scheduling plugins
SCHEDULER_ORACLES ?= 1.34 1.35 1.36 1.37 1.38
# Minor whose control plane to test against: make e2e E2E=1.37
E2E ?= 1.36
# Generated cases per minor: make differential COUNT=20000
COUNT ?= 2000

.DEFAULT_GOAL := help
.PHONY: help install demo test lint actionlint bench oracle releases helm kubeadm prometheus differential scheduler-oracle differential-scheduling e2e e2e-all dist lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-25s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## Install into .venv; does nothing while the locks and pyproject.toml are unchanged
	@:

$(READY): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "dra-extender needs Python 3.11 or newer, and '$(PYTHON)' is older or missing." >&2; \
	  echo "Name another interpreter: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu install the package python3-venv." >&2; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (once; later runs work offline)"
	@$(PIP) --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/dev.txt
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Show the main job on an embedded fleet: where pods land, and where they could have
	@$(BIN)/dra-extender demo

# Else every worker, and every program that a test starts, compiles all sources again where Python
# is told to write no bytecode.
test: export PYTHONDONTWRITEBYTECODE =
test: export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
test: $(READY) ## Run the tests, on all cores
	@$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY) ## Check format, style, types, layers and the documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_manifests.py

actionlint: $(READY) ## Check the workflows of .github (needs Go)
	@$(BIN)/python -m tests.actionlint

bench: $(READY) ## Measure latency and memory on generated fleets of up to 50,000 nodes, and keep bench.json
	@$(BIN)/dra-extender bench --nodes 500,5000,50000 --keep bench.json

oracle: $(READY) ## Build Kubernetes' own allocator, to test against (needs Go)
	@$(BIN)/python -m tests.oracle.build $(ORACLES)

releases: $(READY) ## List releases of Kubernetes that are not known here, and what they change (needs Go)
	@$(BIN)/python -m tests.oracle.upstream

helm: $(READY) ## Build Helm, to test the chart with (needs Go)
	@$(BIN)/python -m tests.chart.helm

prometheus: $(READY) ## Build Prometheus and promtool, to test alerts and dashboard with (needs Go)
	@$(BIN)/python -m tests.monitoring.programs

kubeadm: $(READY) ## Build kubeadm, to test its guide with (needs Go)
	@$(BIN)/python -m tests.chart.kubeadm

differential: oracle ## Compare generated cases with Kubernetes' own allocator (needs Go)
	@$(BIN)/python -m tests.differential $(ORACLES) --count $(COUNT)

scheduler-oracle: $(READY) ## Build Kubernetes' own scheduling plugins, to test against (needs Go)
	@$(BIN)/python -m tests.scheduler_oracle.build $(SCHEDULER_ORACLES)

differential-scheduling: scheduler-oracle ## Compare generated pods with those plugins (needs Go)
	@$(BIN)/python -m tests.differential.scheduling $(SCHEDULER_ORACLES) --count $(COUNT)

e2e: $(READY) ## Test against a real control plane (needs Go; the first build takes minutes)
	@$(BIN)/python -m tests.e2e $(E2E)

e2e-all: $(READY) ## Test against a real control plane of each minor (needs Go)
	@$(BIN)/python -m tests.e2e 1.34 1.35 1.36 1.37 1.38

dist: $(TOOLS)/.installed ## Build the wheel, the source archive and the SBOM into dist
	rm -rf dist build *.egg-info
	$(TOOLS)/bin/python -m build --no-isolation
	$(TOOLS)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml \
	  --output-reproducible --output-file dist/dra-extender.cdx.json requirements/runtime.txt

$(TOOLS)/.installed: requirements/build.txt requirements/release.txt
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
	  --only-binary :all: -r requirements/build.txt -r requirements/release.txt
	@touch $@

lock: ## Renew requirements/*.txt (for maintainers; needs uv)
	$(LOCK) --output-file requirements/build.txt requirements/build.in
	$(LOCK) --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) --output-file requirements/dev.txt --constraint requirements/runtime.txt --group dev pyproject.toml
	$(LOCK) --output-file requirements/release.txt --constraint requirements/dev.txt --group release

clean: ## Remove the environment and every cache
	rm -rf $(VENV) $(TOOLS) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
