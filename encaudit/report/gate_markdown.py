"""A gate as Markdown, for the summary of a CI run or a comment."""

import re

from encaudit.gate import Check, Gate
from encaudit.report.gate_words import in_order, interval, number, status, verdict, what_next
from encaudit.unreadable import plain

HEAD = "| | check | baseline | found | change (95 %) | limit |\n|---|---|---:|---:|---:|---:|"
PIPE = "\\|"
MARKUP = re.compile(r"[|`\[\]@*_]")
MARKS = {"failed": "❌ failed", "warning": "⚠️ warning", "waived": "🕓 waived", "skipped": "skipped", "passed": "✅"}


def to_markdown(gate: Gate) -> str:
    """Return the Markdown text: what has to be read, and what passed folded away."""
    first = [check for check in in_order(gate.checks) if check.outcome != "passed"]
    passed = [check for check in gate.checks if check.outcome == "passed"]
    parts = ["### encaudit check", verdict(gate)]
    if first:
        parts += ["\n".join([HEAD, *map(_row, first)])]
        parts += ["\n".join(f"- {_code(check.id)}: {_escaped(check.text)}" for check in first)]
    if (told := what_next(gate)) is not None:
        parts += [_escaped(told)]
    if gate.findings:
        parts += ["\n".join(f"- {one.level}: {_escaped(one.text)}" for one in gate.findings)]
    if passed:
        table = "\n".join([HEAD, *map(_row, passed)])
        parts += [f"<details><summary>{len(passed)} passed</summary>\n\n{table}\n\n</details>"]
    return "\n\n".join(parts) + "\n"


def _row(check: Check) -> str:
    cells = [
        MARKS[status(check)],
        _code(check.id),
        number(check.baseline),
        number(check.found),
        interval(check),
        number(check.limit),
    ]
    return f"| {' | '.join(cells)} |"


def _code(name: str) -> str:
    if "`" in name:
        return f"<code>{_escaped(name)}</code>"
    return f"`{plain(name).replace('|', PIPE)}`"


def _escaped(text: str) -> str:
    """Keep what others wrote (reasons of waivers, names of files) from being markup, a link or a call for somebody."""
    flat = plain(text).replace("&", "&amp;").replace("<", "&lt;")
    return MARKUP.sub(lambda found: f"&#{ord(found[0])};", flat)
