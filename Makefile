# The two commands of a fresh machine are `make demo` and `make test`; the rest is for whoever works here.
VENV := .venv
PYTHON ?= python3
INSTALLED := $(VENV)/.installed

.PHONY: demo test check install lock stubs benchmarks clean

demo: $(INSTALLED)
	$(VENV)/bin/newlyn-demo --out demo-output

test: $(INSTALLED)
	deploy/debian-packages.sh
	$(MAKE) --no-print-directory check
	$(VENV)/bin/pytest -n auto --dist loadfile

check: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m protos.generate --check

install: $(INSTALLED)

$(INSTALLED): pyproject.toml deploy/requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r deploy/requirements/dev.txt
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

lock: $(INSTALLED)
	$(VENV)/bin/python -m deploy.locks

stubs: $(INSTALLED)
	$(VENV)/bin/python -m protos.generate

benchmarks: $(INSTALLED)
	$(VENV)/bin/python -m tests.benchmarks.measure_returns --format json
	$(VENV)/bin/python -m tests.benchmarks.plain_round --format json
	$(VENV)/bin/python -m tests.benchmarks.england_intervals --format json
	$(VENV)/bin/python -m tests.benchmarks.accuracy --format json

clean:
	rm -rf $(VENV) demo-output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
