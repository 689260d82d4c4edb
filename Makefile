SHELL := /bin/sh
PYTHON := .venv/bin/python
# Only keys of known forms: guessing by entropy would report every digest, and AWS's documented example keys are not secrets.
SECRETS := --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString \
	--disable-plugin KeywordDetector --exclude-secrets 'EXAMPLE(KEY)?$$'
UV := .tools/bin/uv
export PYTHONPATH := functions:.
export PYTHONDONTWRITEBYTECODE := 1
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.tools/python
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@python3 -m infra.setup.install

.venv/.synced: uv.lock pyproject.toml | $(UV)
	@python3 -m infra.setup.install
	@touch $@

.PHONY: setup
setup: .venv/.synced ## Install everything the project needs, into the checkout

.PHONY: demo
demo: setup ## Start the local stack and walk through the main job
	@$(PYTHON) -u -m infra.local.demo.main_job

.PHONY: up
up: setup ## Start the local stack, or redeploy it in place with its data; NAME=second adds another stack beside it
	@NOCALL_STACK="$(NAME)" NOCALL_PARAMETERS="$(PARAMETERS)" $(PYTHON) -u -m infra.local.stack up

.PHONY: env
env: setup ## Print the shell commands that point AWS tools at the local stack (the runbook's rehearsals use it)
	@NOCALL_STACK="$(NAME)" $(PYTHON) -m infra.local.stack env

.PHONY: down
down: setup ## Stop the local stack and delete its data
	@$(PYTHON) -m infra.local.stack down

.PHONY: logs
logs: setup ## Print the logs of the local stack's functions
	@$(PYTHON) -m infra.local.stack logs

.PHONY: test-setup
test-setup: setup ## Install what only the tests need: Java, npm and Chromium unless the machine has them
	@$(PYTHON) -m infra.setup.install --for-tests
	@$(PYTHON) -m tests.support.downloads

.PHONY: test
test: test-setup ## Run all tests
	@$(PYTHON) -m pytest -n 3 --durations 10 --ignore tests/drills

.PHONY: drills
drills: test-setup ## Rehearse on the local stack what takes minutes: both restores, two stacks, large imports in turn
	@$(PYTHON) -m pytest tests/drills --durations 5

.PHONY: test-fast
test-fast: setup ## Run the tests that need no stack and no Java
	@$(PYTHON) -m pytest tests/unit tests/functional -n 2

.PHONY: fuzz
fuzz: setup ## Send generated requests and sequences of them with every role (20 minutes): EXAMPLES=50 for each, SEED=1
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),50) FUZZ_SEED=$(or $(SEED),$$(date +%s)) \
		FUZZ_PHASES="examples coverage fuzzing stateful" \
		FUZZ_ROLES="intake dialer agent manager auditor admin operator" \
		$(PYTHON) -m pytest tests/functional/fuzz -n 2

.PHONY: model
model: test-setup ## Run random histories on DynamoDB Local behind a failing proxy (5 minutes): EXAMPLES=100 of them, SEED=n to repeat a run
	@MODEL_EXAMPLES=$(or $(EXAMPLES),100) $(PYTHON) -m pytest tests/conformance/model --show-capture=no --tb=short \
		$(if $(SEED),--hypothesis-seed=$(SEED))

.PHONY: mutants
mutants: setup ## Remove each guard in turn, in a copy: a test must notice (20 minutes). NAME="part of a name" chooses some
	@$(PYTHON) -m tests.mutants $(if $(NAME),"$(NAME)")

.PHONY: sweep
sweep: setup ## List and check many numbers of every region in every written form (2 minutes): none may be callable
	@$(PYTHON) -m tests.support.written_forms 20

.PHONY: bench
bench: setup ## Run every benchmark (under 10 minutes) and write benchmarks/results.md
	@$(UV) sync --frozen -q --group bench
	@$(PYTHON) -m benchmarks

.PHONY: bench-full
bench-full: setup ## Run every benchmark with more rounds and at full size
	@$(UV) sync --frozen -q --group bench
	@$(PYTHON) -m benchmarks full

.PHONY: soak
soak: setup ## Run adds, checks, removals, imports and exports at once on a local stack of its own: MINUTES=10
	@$(PYTHON) -u -m benchmarks.soak $(or $(MINUTES),10)

.tools/checkov/.synced: infra/checkov/uv.lock | $(UV)
	@echo "  download checkov and its libraries, about 50 MB"
	@UV_PROJECT_ENVIRONMENT=$(CURDIR)/.tools/checkov $(UV) sync --frozen -q --project infra/checkov --python 3.13
	@touch $@

.PHONY: check
check: setup .tools/checkov/.synced ## Check format, lint, types, imports, templates, secrets, libraries, lock and generated files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/cfn-lint
	.tools/checkov/bin/checkov --config-file .checkov.yaml
	.venv/bin/bandit -q -c pyproject.toml -r functions infra
	git ls-files -z | xargs -0 .venv/bin/detect-secrets-hook $(SECRETS)
	$(PYTHON) -m infra.tools.audit_libraries
	$(UV) lock --check -q
	$(UV) lock --check -q --project infra/checkov
	$(PYTHON) -m infra.generate.drift

.PHONY: lint-api
lint-api: test-setup ## Lint docs/openapi.json with Spectral and Redocly (60 MB from npm, once): they must find nothing
	@$(PYTHON) -m tests.support.openapi_tools

.PHONY: format
format: setup ## Format the code and apply automatic fixes
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: docs
docs: setup ## Write the generated files: openapi.json, requirements.txt, nanp.py, scale.md
	@$(PYTHON) -m infra.generate.drift --write

.PHONY: sbom
sbom: setup ## Write what the functions ship, with versions and hashes, as CycloneDX: .local/sbom.json
	@mkdir -p .local
	@$(UV) export -q --frozen --no-dev --no-emit-project --format cyclonedx1.5 --preview-features sbom-export \
		-o .local/sbom.json >/dev/null
	@echo "the software bill of materials is in .local/sbom.json"

.PHONY: verify-export
verify-export: setup ## Verify downloaded exports: FOLDER=exports, and optionally HEAD=SHA-256 of the last manifest
	@$(PYTHON) -m infra.tools.verify_export "$(FOLDER)" $(if $(HEAD),--head "$(HEAD)")

.PHONY: replay
replay: setup ## Record what is in the failed-records bucket, with your AWS credentials: STACK=nocall
	@$(PYTHON) -m infra.tools.replay "$(or $(STACK),nocall)"

.PHONY: restore-time
restore-time: setup ## Restore a table to a point in time, into a new one: STACK=nocall AT=2026-11-26T08:00:00Z TABLE=numbers
	@$(PYTHON) -m infra.tools.restore "$(or $(STACK),nocall)" time "$(AT)" "$(or $(TABLE),numbers)"

.PHONY: restore-exports
restore-exports: setup ## Rebuild the list from the last exports, in a new table: STACK=nocall
	@$(PYTHON) -m infra.tools.restore "$(or $(STACK),nocall)" exports

.PHONY: restore-changes
restore-changes: setup ## Carry changes over from the audit into the list in use: STACK=nocall SINCE=2026-11-26T08:00:00Z
	@$(PYTHON) -m infra.tools.restore "$(or $(STACK),nocall)" changes "$(SINCE)"

.PHONY: operator-key
operator-key: setup ## Create an operator's key with your AWS credentials: STACK=nocall NAME="who it is for"
	@$(PYTHON) -m infra.tools.operator_key "$(or $(STACK),nocall)" "$(NAME)"
