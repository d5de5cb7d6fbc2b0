"""A report as a JSON document, schema 1."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from encaudit.errors import InputError
from encaudit.results import SCHEMA, Finding, Measurement, Report, Skipped, Summary, Verdict

REPORT = "report.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Summary(_Strict):
    median: float
    mean: float
    q05: float
    q25: float
    q75: float
    q95: float
    ci_low: float | None
    ci_high: float | None
    n: int = Field(ge=0)


class _Skipped(_Strict):
    skipped: str


class _Measurement(_Strict):
    metric: str
    version: int
    transform: str | None
    unit: str
    value: _Summary | _Skipped
    floor: float | None
    ceiling: float | None


class _Finding(_Strict):
    code: str
    level: Literal["note", "warning", "error"]
    text: str


class _Verdict(_Strict):
    code: Literal[
        "invariant", "equivariant", "scatters", "memorizes-noise", "collapsed", "too-few-images", "inconclusive"
    ]
    transform: str
    text: str
    because: list[str]


class _Report(_Strict):
    schema_: Literal[1] = Field(alias="schema")
    provenance: dict[str, JsonValue]
    measurements: list[_Measurement]
    findings: list[_Finding]
    verdicts: list[_Verdict] = []


def to_json(report: Report) -> str:
    """Return the report as JSON text; NaN and infinities, which JSON has no words for, raise ValueError."""
    document = {
        "schema": report.schema,
        "provenance": report.provenance,
        "measurements": [asdict(measurement) for measurement in report.measurements],
        "findings": [asdict(finding) for finding in report.findings],
        "verdicts": [asdict(verdict) for verdict in report.verdicts],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def from_json(text: str, *, source: str = "report") -> Report:
    """Return the report that a JSON text holds.

    Raises InputError, naming ``source`` and the field, for anything that is not a report of schema 1.
    """
    try:
        raw = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is not JSON ({error}); expected a report.json that encaudit wrote.") from None
    found = raw.get("schema") if isinstance(raw, dict) else None
    if isinstance(found, int) and found != SCHEMA:
        raise InputError(
            f"{source} has schema {found}; this encaudit reads schema {SCHEMA}. Use the version that wrote it."
        )
    try:
        document = _Report.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{source} is not a report of schema {SCHEMA}: {_first_problem(error)}.") from None
    return Report(
        provenance=dict(document.provenance),
        measurements=[_measurement(one) for one in document.measurements],
        findings=[Finding(**one.model_dump()) for one in document.findings],
        verdicts=[Verdict(**one.model_dump()) for one in document.verdicts],
    )


def read_report(path: Path) -> Report:
    """Return the report in a file; raises InputError where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"There is no {path}; expected a report.json. Make one with: encaudit probe CKPT.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); expected a report.json that encaudit wrote.") from None
    return from_json(text, source=str(path))


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(to_json(report), encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _measurement(one: _Measurement) -> Measurement:
    if isinstance(one.value, _Skipped):
        value: Summary | Skipped = Skipped(one.value.skipped)
    else:
        value = Summary(**one.value.model_dump())
    return Measurement(one.metric, one.version, one.transform, one.unit, value, one.floor, one.ceiling)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON knows")


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    # A value that is neither a summary nor a skip is reported once for each; the deepest says what is nearest to right.
    first = max(problems, key=lambda problem: len(problem["loc"])) if len(problems) > 1 else problems[0]
    field = ".".join(str(part) for part in first["loc"] if not str(part).startswith("_"))
    return f"{field or 'document'}: {first['msg']}"
