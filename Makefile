# `make demo` and `make test` need nothing but make and a Python >= 3.10 with venv: the rest goes into $(VENV).
#
#   PYTHON=python3.13        the interpreter of the environment (otherwise the first that is new enough)
#   VENV=.venv-3.13          where the environment is
#   TESTS="tests/test_x.py"  which tests to run
#   OPTIONS="-x -k name"     further options of pytest
#   ALSO="pyramid==2.0.2"    further requirements of the environment in which the tests run

PYTHON =
VENV = .venv
TESTS = tests
OPTIONS =
ALSO =
PORT = 6543

ifneq ($(words $(CURDIR)),1)
$(error make can't work below a directory with a space in its name: $(CURDIR))
endif
HERE := $(CURDIR)
ENV := $(abspath $(VENV))
BIN := $(ENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo test lint format typecheck benchmark soak screenshots wheel clean

help:
	@echo "make demo         serve the demo application, with live traffic, and print the page's address"
	@echo "make test         build the wheel, install it into $(VENV) and run all tests against it"
	@echo "make lint         ruff and check-manifest      make format      let ruff rewrite"
	@echo "make typecheck    mypy                         make benchmark   every table of benchmarks/"
	@echo "make soak         the long runs                make screenshots pictures of the page in artifacts/"
	@echo "make wheel        dist/                        make clean       remove what all of these made"

# What is shown is the checkout, and not that Pyramid imports pkg_resources.
demo: $(ENV)/.demo
	@PYTHONPATH=$(HERE) $(BIN)/python -W "ignore:pkg_resources is deprecated as an API:UserWarning" \
	    -m pyramid_scales.demo --port $(PORT)

# For the accessibility test alone; without npm it is skipped.
AXE := $(HERE)/.cache/node_modules/axe-core/axe.min.js
INSTALL_AXE = test -e $(AXE) || ! command -v npm > /dev/null \
    || npm install --prefix $(HERE)/.cache --no-save --no-audit --no-fund --silent axe-core@4 \
    || echo "axe-core could not be installed: the accessibility test will be skipped"

# What some of the tests leave uncovered says nothing.
REPORT = $(if $(filter-out tests,$(TESTS)),true,$(BIN)/coverage report)

# The tests run in a directory where the checkout can't be imported by accident: they see the wheel.
# The wheel is built from the sdist, so a file that the sdist lacks is missed here as well.
test: $(ENV)/.build
	@rm -rf $(ENV)/dist pyramid_scales.egg-info
	@$(BIN)/python -m build --no-isolation --outdir $(ENV)/dist $(HERE) > $(ENV)/build.log 2>&1 \
	    || { cat $(ENV)/build.log; exit 1; }
	@echo "Installing the wheel and what its tests need into $(VENV) (the first time takes a minute)"
	@wheel=$$(ls $(ENV)/dist/*.whl) && $(PIP) install --quiet "$$wheel[test]" $(ALSO) \
	    && $(PIP) install --quiet --force-reinstall --no-deps "$$wheel"
	@mkdir -p $(ENV)/run
	@$(INSTALL_AXE)
	@cd $(ENV)/run && rm -f $(ENV)/.coverage* && status=0; \
	PATH="$(BIN):$$PATH" PYRAMID_SCALES_INSTALLED=1 COVERAGE_FILE=$(ENV)/.coverage.run \
	    $(BIN)/pytest -c $(HERE)/pyproject.toml --rootdir=$(HERE) -p no:cacheprovider \
	    --cov=pyramid_scales --cov-config=$(HERE)/pyproject.toml --cov-report= \
	    $(OPTIONS) $(addprefix $(HERE)/,$(TESTS)) || status=$$?; \
	cd $(HERE) && export COVERAGE_FILE=$(ENV)/.coverage \
	    && $(BIN)/coverage combine --quiet $(ENV)/.coverage.run && $(REPORT); exit $$status

lint: $(ENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/check-manifest --no-build-isolation

format: $(ENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(ENV)/.dev
	$(BIN)/mypy

benchmark: $(ENV)/.dev
	for table in benchmarks/[a-z]*.py; do echo; echo "== $$table"; PYTHONPATH=$(HERE) $(BIN)/python $$table || exit 1; done

soak: $(ENV)/.dev
	PATH="$(BIN):$$PATH" PYTHONPATH=$(HERE) $(BIN)/python -m pytest -m soak --timeout=7200 $(OPTIONS) $(TESTS)

screenshots: $(ENV)/.dev
	PATH="$(BIN):$$PATH" PYTHONPATH=$(HERE) $(BIN)/python -m pytest -q -k nothing_overflows tests/functional/test_browser.py
	@ls artifacts

wheel: $(ENV)/.build
	rm -rf dist pyramid_scales.egg-info
	$(BIN)/python -m build --no-isolation --outdir dist .

clean:
	rm -rf .venv .venv-* .nox .cache build dist artifacts *.egg-info .coverage* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Each of these files says: the environment holds what pyproject.toml asks for by that name.
$(ENV)/.python:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.10); do \
	    if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then \
	        echo "Making $(VENV) with $$python"; \
	        $$python -m venv $(ENV) && $(PIP) install --quiet --upgrade pip && touch $@ && exit 0; exit 1; \
	    fi; \
	done; \
	echo "No Python >= 3.10 with venv among: $(or $(PYTHON),python3 python3.13 ... python3.10)." >&2; \
	echo "Name one with PYTHON=...; on Debian its package python3-venv is needed too." >&2; exit 1

$(ENV)/.build: $(ENV)/.python
	@$(PIP) install --quiet --upgrade build "setuptools>=77,<82"
	@touch $@

$(ENV)/.demo: $(ENV)/.python pyproject.toml
	@echo "Installing what the demo needs into $(VENV) (only the first time)"
	@$(PIP) install --quiet "$(HERE)[demo]" && rm -rf build pyramid_scales.egg-info
	@touch $@

$(ENV)/.dev: $(ENV)/.build pyproject.toml
	@echo "Installing the tools of development into $(VENV) (the first time takes a minute)"
	@$(PIP) install --quiet --editable "$(HERE)[dev]"
	@touch $@
