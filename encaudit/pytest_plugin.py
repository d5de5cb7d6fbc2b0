"""The plug-in of pytest: ``encaudit_baseline`` and ``--encaudit-update``. Loading it loads nothing else of encaudit."""

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from encaudit.from_python import BaselineCheck


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("encaudit").addoption(
        "--encaudit-update",
        action="store_true",
        help="Accept every encoder that encaudit_baseline checks: write its baseline beside the test.",
    )


@pytest.fixture
def encaudit_baseline(request: pytest.FixtureRequest) -> "BaselineCheck":
    """``encaudit_baseline.check(encoder, images, transforms)``: is the encoder as good as the accepted one?

    What was accepted lies beside the test, as MODULE.TEST.encaudit-baseline.json (MODULE.CLASS.TEST in a class; with a
    short mark of its own for parameters, and for what no file can be called); --encaudit-update writes it.
    """
    from encaudit.from_python import BaselineCheck

    classes = [node.name for node in request.node.listchain() if isinstance(node, pytest.Class)]
    return BaselineCheck(
        request.path.parent,
        [request.path.stem, *classes, request.node.name],
        update=request.config.getoption("--encaudit-update"),
        typed=shlex.join(["pytest", request.node.nodeid]),
    )
