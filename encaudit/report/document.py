"""A report as a JSON document, schema 1."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, ValidationError, model_validator

from encaudit.errors import InputError
from encaudit.results import SCHEMA, Finding, Measurement, Report, Skipped, Summary, Verdict

REPORT = "report.json"
SUMMARY, SKIPPED = "summary", "skipped"  # which of the two a value is


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


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

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError("one end of the interval is missing")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise ValueError("ci_low is above ci_high")
        if not self.q05 <= self.q25 <= self.q75 <= self.q95:
            raise ValueError("q05, q25, q75 and q95 are not in order")
        return self


class _Skipped(_Strict):
    skipped: str


class _Measurement(_Strict):
    metric: str
    version: int
    transform: str | None
    unit: str
    value: Annotated[
        Annotated[_Summary, Tag(SUMMARY)] | Annotated[_Skipped, Tag(SKIPPED)],
        Discriminator(lambda value: SKIPPED if isinstance(value, dict) and SKIPPED in value else SUMMARY),
    ]
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
    quantities = [(one.metric, one.transform) for one in document.measurements]
    if twice := next((one for one in quantities if quantities.count(one) > 1), None):
        raise InputError(
            f"{source} is damaged: it measures {twice[0]} of {twice[1] or 'the encoder'} twice. Probe again."
        )
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
    first = error.errors()[0]
    place = [part for part in first["loc"] if part != SUMMARY]
    return f"{'.'.join(map(str, place)) or 'document'}: {first['msg'].removeprefix('Value error, ')}"
