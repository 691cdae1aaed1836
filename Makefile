# Everything happens in .venv, made here; versions are exact (constraints.txt).
PYTHON ?= python3
BIN := .venv/bin
# Two processes of one thread each test faster than one process of two. Compiled modules are kept,
# also where the environment says otherwise: each process that a test starts would compile them anew.
# Files go to the processes in the order of tests/conftest.py, the longest ones first.
TEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# make test-lowest TORCH=torch takes the newest torch; TESTS chooses the files.
TORCH ?= $(shell grep '^torch==' constraints.txt)
TESTS ?= tests --ignore=tests/test_docs_run.py --ignore=tests/test_docs_site.py
RESOLUTION_lowest := lowest-direct
RESOLUTION_newest := highest

.PHONY: demo install install-dev quick test test-all test-lowest test-newest hooks check format lint types docs dist clean

demo: install  ## the whole study on the built-in dataset
	$(BIN)/robustseg demo --out demo

install: .venv/installed
install-dev: .venv/installed-dev

.venv/installed: setup.cfg setup.py pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "robustseg needs Python 3.11 or newer; name one, such as: make PYTHON=python3.12")'
	@echo "installing torch and others into .venv: 2 GB with a CPU build of torch, some minutes"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

quick: install-dev  ## while editing, under a minute on 2 cores: style, types, the centre's tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(TEST) tests/test_floors.py tests/test_codec.py tests/records tests/measures tests/store tests/results

test: install-dev  ## about 8 minutes on 2 cores
	$(TEST)

test-all: install-dev  ## with the long proofs
	$(TEST) -m ''

test-lowest test-newest: test-%:  ## with the lowest or newest versions that setup.cfg allows, in an environment of its own
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --disable-pip-version-check --no-deps uv '$(TORCH)'
	$(PYTHON) .ci/requirements.py | .venv-$*/bin/uv pip install --quiet --python .venv-$*/bin/python \
		--resolution $(RESOLUTION_$*) --only-binary :all: --requirement -
	.venv-$*/bin/uv pip install --quiet --python .venv-$*/bin/python --no-deps --editable .
	OMP_NUM_THREADS=1 .venv-$*/bin/pytest -n auto --dist loadfile --no-loadscope-reorder $(TESTS)

check: format lint types test  ## all that must be green; tests hold doctests and documentation checks

format: install-dev
	$(BIN)/ruff format --check .

lint: install-dev
	$(BIN)/ruff check .

types: install-dev
	$(BIN)/mypy

docs: install-dev  ## the documentation as a site, build/docs/index.html
	$(BIN)/sphinx-build -q -W --keep-going docs build/docs

hooks: install-dev  ## runs the style and type checks before each commit
	$(BIN)/pip install --quiet --disable-pip-version-check pre-commit
	$(BIN)/pre-commit install

dist: install-dev  ## wheel and sdist in dist/
	$(BIN)/python -m build

clean:
	rm -rf .venv .venv-lowest .venv-newest build dist *.egg-info demo
