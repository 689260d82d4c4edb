SHELL := /bin/sh
PYTHON := .venv/bin/python
UV := .tools/bin/uv
export PYTHONPATH := functions:.
export PYTHONDONTWRITEBYTECODE := 1
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.tools/python
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@python3 -m infra.setup.install

.venv/.synced: uv.lock pyproject.toml | $(UV)
	@python3 -m infra.setup.install
	@touch $@

.PHONY: setup
setup: .venv/.synced ## Install what the project needs, into its own folders

.PHONY: demo
demo: setup ## Bring the local stack up and show the main job
	@$(PYTHON) -m infra.local.demo.main_job

.PHONY: up
up: setup ## Start the local stack, or redeploy it in place
	@$(PYTHON) -m infra.local.stack up

.PHONY: down
down: setup ## Stop the local stack; its data goes with it
	@$(PYTHON) -m infra.local.stack down

.PHONY: logs
logs: setup ## Show what the functions of the local stack logged
	@$(PYTHON) -m infra.local.stack logs

.PHONY: test-setup
test-setup: setup ## Install what only the tests need: Java, npm and Chromium unless the machine has them
	@$(PYTHON) -m infra.setup.install --for-tests
	@$(PYTHON) -m tests.support.downloads

.PHONY: test
test: test-setup ## Run all tests
	@$(PYTHON) -m pytest -n 2 --durations 10

.PHONY: test-fast
test-fast: setup ## Run the tests that need no stack and no Java
	@$(PYTHON) -m pytest tests/unit tests/functional -n 2

.PHONY: bench
bench: setup ## Measure everything against its references (under 10 minutes); writes benchmarks/results.md
	@$(UV) sync --frozen -q --group bench
	@$(PYTHON) -m benchmarks

.PHONY: bench-full
bench-full: setup ## The same with more rounds and whole sizes
	@$(UV) sync --frozen -q --group bench
	@$(PYTHON) -m benchmarks full

.PHONY: check
check: setup ## Check format, lint, types, imports, templates, lock and generated files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/cfn-lint template.yaml infra/*.yaml
	$(UV) lock --check -q
	$(PYTHON) -m infra.generate.drift

.PHONY: format
format: setup ## Format the code and mend what can be mended
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: docs
docs: setup ## Write the generated files: openapi.json, requirements.txt, nanp.py, scale.md
	@$(PYTHON) -m infra.generate.drift --write

.PHONY: verify-export
verify-export: setup ## Prove a folder of downloaded exports: FOLDER=exports HEAD=the last manifest's SHA-256, if you kept it
	@$(PYTHON) -m infra.tools.verify_export "$(FOLDER)" $(if $(HEAD),--head "$(HEAD)")

.PHONY: operator-key
operator-key: setup ## Make an operator's key with your AWS credentials: STACK=nocall NAME="who it is for"
	@$(PYTHON) -m infra.tools.operator_key "$(or $(STACK),nocall)" "$(NAME)"
