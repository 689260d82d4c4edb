# SAM runs `make build-<function>` in a copy of functions/, with ARTIFACTS_DIR set; the template names the folder of the
# architecture as ContextPath, which is how the architecture comes here.
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
PYTHON := $(firstword $(wildcard $(ROOT)/.venv/bin/python) python3.13)
SOURCE := $(CURDIR)

build-%:
	@cd "$(ROOT)" && "$(PYTHON)" -m infra.build.artifact $* $(ARCHITECTURE) "$(SOURCE)" "$(ARTIFACTS_DIR)"
