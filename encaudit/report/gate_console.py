"""A gate in the terminal: plain text, because a log of CI has no colours and every import costs time."""

import sys
import textwrap
from typing import TextIO

from encaudit.gate import Gate
from encaudit.report.gate_words import ACCEPT, in_order, status, verdict, what_next
from encaudit.unreadable import plain

WIDTH = 100


def print_gate(gate: Gate, stream: TextIO | None = None, accept: str = ACCEPT) -> None:
    """Print what did not pass with its reason, what passed by name, and the verdict; on stderr unless told.

    ``accept``: what to type to accept the encoder as it is.
    """
    stream = sys.stderr if stream is None else stream
    for check in in_order(gate.checks):
        if check.outcome == "passed":
            print(f"{'passed':8} {plain(check.id)}", file=stream)
        else:
            print(_wrapped(f"{status(check):8} {plain(check.id)}: {plain(check.text)}"), file=stream)
    for finding in gate.findings:
        print(_wrapped(f"{finding.level:8} {plain(finding.text)}"), file=stream)
    print(verdict(gate), file=stream)
    if (told := what_next(gate, accept)) is not None:
        print(_wrapped(plain(told)), file=stream)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False)
