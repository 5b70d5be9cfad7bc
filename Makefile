# Needs Python 3.11 to 3.13 and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-torch lint bench calibration docs clean

demo: .venv/installed  ## run the example study (about 5 minutes on 2 CPU cores) and print its report
	$(BIN)/ablate run studies/line_dropout.toml
	$(BIN)/ablate report line_dropout

test: .venv/installed-dev  ## run the whole test suite, three files at a time
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

test-torch: .venv/installed-torch  ## the tests of training and of all backends, with PyTorch
	KERAS_BACKEND=torch $(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/training
	$(BIN)/python -m pytest -k "torch or spirals"

lint: .venv/installed-dev  ## formatting, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed  ## ablate run beside a script by hand, and what it costs on top of a bare loop of model.fit
	$(BIN)/python benchmarks/overhead.py

calibration: .venv/installed  ## how often verdicts are false and intervals miss, in simulated studies
	$(BIN)/python benchmarks/calibration.py
	$(BIN)/python benchmarks/looks.py

docs: .venv/installed  ## write docs/commands.md, docs/report_schema.json and the committed reports from code and records
	$(BIN)/python docs/make_commands.py
	$(BIN)/python docs/make_schema.py
	$(BIN)/python docs/make_reports.py

clean:  ## remove what make has installed
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "ablate needs Python 3.11 to 3.13; name one, for example: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv .venv
	$(INSTALL) --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml setup.py constraints.txt
	$(INSTALL) --editable '.[dashboard]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) --editable '.[dashboard,jax]' --group dev
	@touch $@

.venv/installed-torch: .venv/installed-dev
	$(INSTALL) --editable '.[torch]'
	@touch $@
