# SAM runs `make build-<function>` in a copy of functions/, with ARTIFACTS_DIR set. The template's ContextPath names the
# folder of the architecture, because SAM passes no other argument.
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
PYTHON := $(firstword $(wildcard $(ROOT)/.venv/bin/python) python3.13)
SOURCE := $(CURDIR)

build-%:
	@cd "$(ROOT)" && "$(PYTHON)" -m infra.build.artifact $* $(ARCHITECTURE) "$(SOURCE)" "$(ARTIFACTS_DIR)"
