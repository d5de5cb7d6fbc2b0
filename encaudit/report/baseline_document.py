"""A baseline as a JSON document, schema 1: the whole report, a sample of its images, and a hash of both."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from encaudit.errors import InputError
from encaudit.gate import Baseline
from encaudit.paired import Particles
from encaudit.report import document
from encaudit.unreadable import reading

SCHEMA = 1
ANEW = "Make a new one: encaudit baseline REPORT -o FILE."


Row = Annotated[int, Field(ge=0, lt=2**63)]


class _Particles(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)
    of: Row
    index: list[Row] = Field(min_length=1)
    groups: list[Annotated[int, Field(ge=-(2**63), lt=2**63)]] | None
    columns: dict[str, list[float | None]]


class _Baseline(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    baseline: Literal[1]
    sha256: str
    report: dict[str, JsonValue]
    particles: _Particles | None


def to_json(baseline: Baseline) -> str:
    """Return the baseline as JSON text, a line for each measurement and each column, as it will be read in a diff."""
    report = json.loads(document.to_json(baseline.report))
    particles = None if baseline.particles is None else _columns_of(baseline.particles)
    found: dict[str, Any] = {"baseline": SCHEMA, "report": report, "particles": particles}
    found = {"baseline": SCHEMA, "sha256": _digest(found)} | found
    return _lines(found, depth=3) + "\n"


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises InputError for what is not one, for one of another schema, and for one that was changed by hand.
    """
    try:
        with reading(path):
            raw = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except InputError as error:
        if path.exists():
            raise
        raise InputError(f"There is no {path}; expected a baseline. {ANEW}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}); expected a baseline that encaudit wrote. {ANEW}") from None
    if not isinstance(raw, dict) or "baseline" not in raw:
        what = "a report" if isinstance(raw, dict) and "measurements" in raw else "something else"
        raise InputError(f"{path} is {what}, not a baseline. {ANEW}")
    if raw["baseline"] != SCHEMA:
        raise InputError(
            f"{path} is a baseline of schema {raw['baseline']}; this encaudit reads schema {SCHEMA}. Use the version "
            f"that wrote it. {ANEW}"
        )
    try:
        found = _Baseline.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}. {ANEW}") from None
    if found.sha256 != _digest(raw):
        raise InputError(
            f"{path} was changed after encaudit wrote it (its SHA-256 is not that of its content). Take it back to "
            "what was committed, or accept a report: remove it and type encaudit baseline REPORT -o FILE."
        )
    report = document.from_json(json.dumps(raw["report"]), source=f"{path}, report")
    return Baseline(report, _particles_of(found.particles, path), str(path))


def _columns_of(particles: Particles) -> dict[str, Any]:
    return {
        "of": particles.of,
        "index": particles.index.tolist(),
        "groups": None if particles.groups is None else particles.groups.tolist(),
        "columns": {
            name: [value if np.isfinite(value) else None for value in values.tolist()]
            for name, values in particles.columns.items()
        },
    }


def _particles_of(found: _Particles | None, path: Path) -> Particles | None:
    if found is None:
        return None
    lengths = {len(values) for values in found.columns.values()}
    lengths.add(len(found.index if found.groups is None else found.groups))
    if lengths != {len(found.index)} or len(set(found.index)) < len(found.index):
        raise InputError(f"{path} is damaged: its columns are of different lengths, or an image is there twice. {ANEW}")
    return Particles(
        np.array(found.index, dtype=np.int64),
        None if found.groups is None else np.array(found.groups, dtype=np.int64),
        {name: np.array(values, dtype=np.float64) for name, values in found.columns.items()},
        found.of,
    )


def _digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of everything but the hash itself, however it is laid out."""
    bare = {name: value for name, value in content.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _lines(value: object, depth: int, indent: str = "") -> str:
    """Write JSON with a line for each entry down to a depth, and what lies deeper on one line."""
    if depth == 0 or not isinstance(value, dict | list) or not value:
        return json.dumps(value, allow_nan=False)
    inner = indent + " "
    if isinstance(value, list):
        if not isinstance(value[0], dict):
            return json.dumps(value, allow_nan=False)
        return "[\n" + ",\n".join(inner + _lines(one, 0) for one in value) + f"\n{indent}]"
    entries = (f"{inner}{json.dumps(name)}: {_lines(one, depth - 1, inner)}" for name, one in value.items())
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON knows")
