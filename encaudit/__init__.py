"""encaudit: has my encoder learned something, or has it memorized my images?

``encaudit.audit(encoder, images)`` asks; ``encaudit.assert_invariant`` is the same as one line of a test. Importing
this package loads neither torch nor numpy: its names load what they need when they are first used.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from encaudit.from_python import AuditReport, assert_invariant, audit
    from encaudit.results import Report

__version__ = version("encaudit")
__all__ = ["AuditReport", "Report", "__version__", "assert_invariant", "audit"]

_WHERE = {
    "AuditReport": "encaudit.from_python",
    "Report": "encaudit.results",
    "assert_invariant": "encaudit.from_python",
    "audit": "encaudit.from_python",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'encaudit' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
