# Two commands do all the set-up on a fresh machine (Python 3.11): make demo, make test.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
export DAGSTER_DISABLE_TELEMETRY := yes
export PYTHONWARNINGS := ignore::DeprecationWarning

.PHONY: demo test lint unit dev bench model clean install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed (PYTHON=/path/to/python3.11)"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned dependencies into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip
	@$(BIN)/python -m pip install --quiet --progress-bar on torch==2.13.0
	@$(BIN)/python -m pip install --quiet --progress-bar on --prefer-binary --no-deps -r constraints.txt
	@$(BIN)/python -m pip install --quiet --no-deps -r requirements-tests-no-deps.txt -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/python -m anon_pipeline.pipeline.demo --folder .demo

test: lint unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

dev: $(STAMP)
	@$(BIN)/python -m anon_pipeline.pipeline.demo --folder .demo --serve

bench: $(STAMP)
	@for area in benchmarks/*/run.py; do echo "== $$area"; $(BIN)/python $$area || exit 1; done

model: $(STAMP)
	$(BIN)/anon-pipeline text --train

clean:
	rm -rf .demo .dev .cache .work build dist .pytest_cache .ruff_cache .mypy_cache
