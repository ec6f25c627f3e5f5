# Liên Tuyến. `make help` lists what there is; every target may be run again at any time.
.POSIX:
.PHONY: help setup run-setup viewer system browser test check demo bench-loop bench-gateway bench-viewer lock docs format clean

BIN = .venv/bin
PY = $(BIN)/python
DEMO =
PYTEST =
JOBS = auto

help:
	@echo "make demo        set up what running needs, then play the whole loop: two nodes, a PACS, a modality"
	@echo "                 (more words for it: make demo DEMO='--data FOLDER --port-base 9040')"
	@echo "make setup       .venv with everything for developing, and the viewer built"
	@echo "make test        setup, the Debian packages that tests need, all tests (PYTEST='-k words' for some, JOBS=1 one by one)"
	@echo "make check       formatters, linters, types, layers, both languages, generated tables and types"
	@echo "make format      let the formatters write"
	@echo "make docs        write the tables in README.md and CONFORMANCE.md, and the viewer's API types, anew from the code"
	@echo "make lock        write the lock files anew from pyproject.toml (scripts/lock --upgrade: newest of all)"
	@echo "make bench-loop  seconds from the last image to the worklist"
	@echo "make bench-gateway  receiving, sending and finding beside DCMTK and Orthanc, on this machine"
	@echo "make bench-viewer   opening studies in headless Chromium beside OHIF, on emulated lines"
	@echo "make system      only the Debian packages that tests need"
	@echo "make clean       remove what was built and installed here"
	@echo "PYTHON=python3.12 names the Python that .venv is made with."

setup:
	@PYTHON="$(PYTHON)" scripts/setup dev
	@$(MAKE) -s viewer

run-setup:
	@PYTHON="$(PYTHON)" scripts/setup run
	@$(MAKE) -s viewer

viewer:
	@$(PY) hatch_build.py

system:
	@scripts/system

# Chromium of the system, or where there is none (Ubuntu) the one that Playwright brings.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || $(BIN)/playwright install --with-deps chromium

test: system setup browser
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST)
	@$(PY) hatch_build.py test

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(PY) hatch_build.py check
	$(PY) tests/architecture/tables.py --check
	$(PY) tests/architecture/api_types.py --check

demo: run-setup
	$(BIN)/lientuyen demo $(DEMO)

bench-loop: setup
	$(PY) bench/loop.py

bench-gateway: setup
	$(PY) bench/gateway.py

bench-viewer: setup
	$(PY) bench/viewer.py

lock:
	@scripts/lock

docs: setup
	$(PY) tests/architecture/tables.py
	$(PY) tests/architecture/api_types.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@$(PY) hatch_build.py format

clean:
	rm -rf .venv build dist node/web/viewer viewer/node_modules viewer/dist scripts/node/node_modules scripts/api-types/node_modules tests/peers/dcmjs/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find node worklists tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
