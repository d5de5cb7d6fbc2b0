# The two commands a newcomer needs: `make demo` and `make test`. Both set up what is missing.
PYTHON ?= python3
# The torch to set up where none is installed; name another to use your CUDA build, for example
#   make demo TORCH="torch==2.9.1 --index-url https://download.pytorch.org/whl/cu130"
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
CODE := encaudit tests fixtures benchmarks

.PHONY: demo test check fix fixtures bench million calibrate docs clean

demo: $(READY)
	$(BIN)/encaudit probe fixtures/particles/run --metadata fixtures/particles/particles.star \
	    --transform roll1 --transform rot90 --transform rot90:frame=array -o demo.encaudit

# One thread each, so that they do not wait for one another; the tests of a file share what was made for it.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile

check: $(READY)
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/pytest tests/test_documents.py

fix: $(READY)
	$(BIN)/ruff check --fix --quiet $(CODE)
	$(BIN)/ruff format --quiet $(CODE)

fixtures: $(READY)
	$(BIN)/python -m fixtures.build

bench: $(READY)
	$(BIN)/python -m benchmarks.encoding -o docs/performance.md README.md
	$(BIN)/python -m benchmarks.statistics
	$(BIN)/python -m benchmarks.volumes
	$(BIN)/python -m benchmarks.training

# Does the memory of an audit stay bounded? About an hour on two cores.
million: $(READY)
	$(BIN)/python -m benchmarks.million
	$(BIN)/python -m benchmarks.after_the_pass --n 1000000

# How often verdicts are wrong, how often intervals hold the truth, and whether the tests notice a wrong metric.
calibrate: $(READY)
	$(BIN)/python -m benchmarks.verdict_errors
	$(BIN)/python -m benchmarks.interval_coverage -o docs
	$(BIN)/python -m benchmarks.mutations

docs: $(READY)
	$(BIN)/python -m encaudit.explain docs/reference.md

clean:
	rm -rf $(VENV) demo.encaudit

# A constraint file cannot name two torches, so the lock's own line steps back for the one chosen above.
$(READY): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	grep -v '^torch==' requirements.lock > $(VENV)/constraints.txt
	$(BIN)/python -m pip install --quiet --constraint $(VENV)/constraints.txt --editable '.[dev]'
	touch $@
