"""A gate as SARIF 2.1.0: a result for each check that failed, warned or was waived."""

import hashlib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from encaudit import __version__
from encaudit.gate import Check, Gate
from encaudit.gate.rules import EVERY, key_of
from encaudit.report.gate_words import status

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"failed": "error", "warning": "warning", "waived": "note"}
KINDS = {
    "max": "lies above the largest value allowed",
    "min": "lies below the smallest value allowed",
    "max_increase": "rose by more than is allowed",
    "max_decrease": "fell by more than is allowed",
}


def to_sarif(gate: Gate) -> str:
    """Return the SARIF text. What passed is left out: viewers show every result as something to look at."""
    shown = [check for check in gate.checks if status(check) in LEVELS]
    rules = list(dict.fromkeys(_rule_of(check) for check in shown))
    driver = {
        "name": "encaudit",
        "version": __version__,
        "rules": [_described(rule) for rule in rules],
    }
    notes = [
        {"descriptor": {"id": one.code}, "level": one.level, "message": {"text": one.text}} for one in gate.findings
    ]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "encaudit/check/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": True, "exitCode": gate.exit_code, "toolConfigurationNotifications": notes}
        ],
        "results": [_result(check, rules.index(_rule_of(check)), gate) for check in shown],
        "properties": {"provenance": gate.provenance},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _rule_of(check: Check) -> str:
    return f"{check.metric}/{check.kind}"


def _described(rule: str) -> dict[str, Any]:
    metric, _, kind = rule.rpartition("/")
    return {
        "id": rule,
        "shortDescription": {"text": f"{metric} {KINDS[kind]}"},
        "help": {"text": f"Type encaudit explain {metric} for what it asks and what else makes it large."},
    }


def _result(check: Check, rule: int, gate: Gate) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": _rule_of(check),
        "ruleIndex": rule,
        "kind": "fail",
        "level": LEVELS[status(check)],
        "message": {"text": f"{check.id}: {check.text}"},
        "locations": [_location(check, gate)],
        "partialFingerprints": {"encauditCheck/v1": hashlib.sha256(check.id.encode()).hexdigest()},
        "properties": {"found": check.found, "baseline": check.baseline, "limit": check.limit, "change": check.change},
    }
    if check.outcome == "waived":
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": check.text}]
    return found


def _location(check: Check, gate: Gate) -> dict[str, Any]:
    """Return the file that the rules or accepted values stand in: GitHub shows no result without one."""
    named = str(gate.provenance.get("config") or gate.provenance.get("baseline") or gate.provenance.get("report"))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(named)},
            "region": {"startLine": _line_of(check, named) if gate.provenance.get("config") else 1},
        },
        "logicalLocations": [{"fullyQualifiedName": check.id, "kind": "member"}],
    }


def _line_of(check: Check, config: str) -> int:
    """Return the line that the rule stands in; the first where it is the preset's."""
    try:
        lines = Path(config).read_text(encoding="utf-8").splitlines()
    except OSError:  # it was read before; where it has gone since, the results still stand
        return 1
    for key in (key_of(check.metric, check.transform), key_of(check.metric, EVERY)):
        written = re.compile(rf"""\s*(\[.*rules\.)?["']?{re.escape(key)}["']?\s*[=.\]]""")
        for number, line in enumerate(lines, 1):
            if written.match(line):
                return number
    return 1


def _uri(path: str) -> str:
    """Return a path relative to the repository (or else the working directory) it lies in, as a URI reference."""
    absolute = Path(path).absolute()
    here = Path.cwd()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    if absolute.is_relative_to(top):
        return quote(os.fsencode(PurePosixPath(absolute.relative_to(top))))
    return absolute.as_uri()
