"""A comparison as a JSON document, schema 1, and as a table of its images."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from encaudit.comparing import Comparison
from encaudit.comparing.comparison import SCHEMA
from encaudit.report.comparison_words import OF_PAIRS, OF_RUNS
from encaudit.results import Skipped, Summary

UNITS = {one.name: one.unit for one in (*OF_RUNS, *OF_PAIRS)}


def to_json(comparison: Comparison) -> str:
    """Return every number as JSON text; NaN and infinities, which JSON has no words for, raise ValueError."""
    document = {
        "schema": SCHEMA,
        "provenance": comparison.provenance,
        "runs": [asdict(run) | {"measures": _with_units(run.measures)} for run in comparison.runs],
        "pairs": [asdict(pair) | {"measures": _with_units(pair.measures)} for pair in comparison.pairs],
        "findings": [asdict(finding) for finding in comparison.findings],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def particles_frame(comparison: Comparison) -> pd.DataFrame:
    """Return one row an image: its stack row, its losses and clusters in each run, and how far runs put it apart."""
    return pd.DataFrame({"index": comparison.index, **comparison.particles})


def _with_units(measures: dict[str, Summary | Skipped]) -> dict[str, Any]:
    return {name: {"unit": UNITS[name], "value": asdict(value)} for name, value in measures.items()}
