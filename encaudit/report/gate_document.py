"""A gate as JSON, schema 1, for scripts."""

import json
from dataclasses import asdict

from encaudit.gate import Gate
from encaudit.report.gate_words import status

SCHEMA = 1


def to_json(gate: Gate) -> str:
    """Return everything that was checked; NaN and infinities, which JSON has no words for, raise ValueError."""
    document = {
        "schema": SCHEMA,
        "passed": gate.passed,
        "exit_code": gate.exit_code,
        "counts": gate.counts(),
        "provenance": gate.provenance,
        "checks": [asdict(check) | {"status": status(check)} for check in gate.checks],
        "findings": [asdict(finding) for finding in gate.findings],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
