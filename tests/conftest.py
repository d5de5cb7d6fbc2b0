"""What several test modules share."""

import gc
import os
from pathlib import Path

import pytest

from encaudit.cli.libraries import prepare_libraries
from tests.fresh_run import FreshRun, write_run

# What changes the words or colours that a tool prints, and where a gate writes: CI services set some of them.
FROM_OUTSIDE = ("BUILD_NUMBER", "CI", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "TERM")


def pytest_configure() -> None:
    """No test depends on the service or the terminal that runs the suite; typer asks for some when it is imported."""
    for name in {name for name in os.environ if name in FROM_OUTSIDE or name.startswith("GITHUB_")}:
        del os.environ[name]
    prepare_libraries()  # as the command line does: else numba gives torch more threads than there are cores for


def pytest_collection_finish() -> None:
    """Spare the garbage collector what imports and four thousand tests leave: it would look through them often."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of large public data sets that are not part of the project; tests that need them are extra."""
    place = os.environ.get("ENCAUDIT_DATA")
    if not place:
        pytest.skip("ENCAUDIT_DATA does not name the folder of shared data")
    return Path(place)


@pytest.fixture
def run(tmp_path: Path) -> FreshRun:
    """A fresh cryoDRGN run of 30 particles of 16 pixels."""
    return write_run(tmp_path / "run")
