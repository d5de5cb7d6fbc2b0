# The two commands a newcomer needs: `make demo` and `make test`. Both set up what is missing.
PYTHON ?= python3
# The torch to set up where none is installed; name another to use your CUDA build, for example
#   make demo TORCH="torch==2.9.1 --index-url https://download.pytorch.org/whl/cu130"
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test check fix fixtures bench clean

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	grep -v '^torch==' requirements.lock > $(VENV)/constraints.txt
	$(BIN)/python -m pip install --quiet --constraint $(VENV)/constraints.txt --editable '.[dev]'
	touch $@
