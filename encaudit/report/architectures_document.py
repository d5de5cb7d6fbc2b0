"""A comparison of audits as a JSON document, schema 1."""

import json
from dataclasses import asdict

from encaudit.architectures import ArchitectureComparison
from encaudit.architectures.found import SCHEMA


def to_json(comparison: ArchitectureComparison) -> str:
    """Return every number as JSON text; NaN and infinities, which JSON has no words for, raise ValueError."""
    return json.dumps({"schema": SCHEMA, "kind": "audits"} | asdict(comparison), indent=2, allow_nan=False) + "\n"
