"""Where are the rules, and what do they say? [tool.encaudit] of pyproject.toml, or encaudit.toml."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from encaudit.errors import InputError, UnknownNameError
from encaudit.gate.presets import DEFAULT, PRESETS, preset_named
from encaudit.gate.rules import EVERY, Allowance, Quantity, Rule, allowance_of, key_of, limit_of, quantity_of
from encaudit.gate.waivers import Waiver
from encaudit.orientation import BETTER, OF_ENCODER, UNDER_TRANSFORM

FILE, PROJECT = "encaudit.toml", "pyproject.toml"
Limit = Annotated[float | Literal["off"] | None, BeforeValidator(limit_of)]
Allowed = Annotated[Allowance | Literal["off"] | None, BeforeValidator(allowance_of)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class _Rule(_Table):
    max: Limit = None
    min: Limit = None
    max_increase: Allowed = None
    max_decrease: Allowed = None
    level: Literal["off", "warn", "error"] | None = None


def _day_of(value: object) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"expected a day such as 2030-01-31; found {value!r}")
    return value


Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Waiver(_Table):
    id: Said
    reason: Said
    expires: Annotated[date, BeforeValidator(_day_of)]


class _Config(_Table):
    preset: str = DEFAULT
    rules: dict[str, _Rule] = {}
    waivers: list[_Waiver] = []


TABLES: dict[str, type[BaseModel]] = {"rules": _Rule, "waivers": _Waiver}


@dataclass(frozen=True)
class Config:
    """A preset, rules that go before it, and waivers; ``path``: the file that says so, None where there is none."""

    preset: str = DEFAULT
    rules: Mapping[str, Rule] = field(default_factory=dict)
    waivers: list[Waiver] = field(default_factory=list)
    path: Path | None = None

    @property
    def preset_rules(self) -> Mapping[str, Rule]:
        """The rules of the preset."""
        return preset_named(self.preset)

    def refuse_unknown(self, measured: Collection[Quantity]) -> None:
        """Refuse rules on metrics and transforms that nobody measured, offering the nearest (UnknownNameError)."""
        of_encoder = {*OF_ENCODER, *(metric for metric, transform in measured if transform is None)}
        moved = {*UNDER_TRANSFORM, *(metric for metric, transform in measured if transform is not None)}
        transforms = {transform for _, transform in measured if transform is not None}
        for metric, transform in map(quantity_of, self.rules):
            if metric not in of_encoder | moved | set(BETTER):
                raise UnknownNameError(f"metric in {self.path}:", metric, of_encoder | moved)
            if transform is None and metric not in of_encoder:
                raise InputError(
                    f"{self.path}: {metric} is measured under transforms. Write for example "
                    f"{key_of(metric, 'roll1')!r}, or {key_of(metric, EVERY)!r} for all that should be harmless."
                )
            if transform is not None and metric not in moved:
                raise InputError(
                    f"{self.path}: {metric} is of the encoder alone. Write {metric!r}, without a transform."
                )
            if transform is not None and transform != EVERY and transform not in transforms:
                raise UnknownNameError(f"transform in {self.path}:", transform, {EVERY, *transforms})


def find_config(start: Path) -> Path | None:
    """Return the nearest file with rules, from a folder upward to the top of its repository; None where there is none.

    Raises InputError where one folder holds two: nobody could tell which is meant.
    """
    for folder in (start, *start.parents):
        own, project = folder / FILE, folder / PROJECT
        in_project = project.is_file() and _table_of_project(project) is not None
        if own.is_file() and in_project:
            raise InputError(
                f"Both {own} and [tool.encaudit] of {project} hold rules. Keep one of them, or say which with "
                "--config FILE."
            )
        if own.is_file() or in_project:
            return own if own.is_file() else project
        if (folder / ".git").exists():
            return None
    return None


def read_config(path: Path | None) -> Config:
    """Return what a file says, the recommended preset without one.

    Raises EncauditError, naming the nearest that is known, for anything that is no rule, preset or waiver.
    """
    if path is None:
        return Config()
    if path.name == PROJECT:
        table = _table_of_project(path)
        if table is None:
            raise InputError(f"{path} has no [tool.encaudit]. Add it, or name another file with --config FILE.")
    else:
        table = _toml(path)
    try:
        said = _Config.model_validate(table)
    except ValidationError as error:
        raise _problem(path, error) from None
    if said.preset not in PRESETS:
        raise UnknownNameError(f"preset in {path}:", said.preset, PRESETS)
    rules = {key_of(*quantity_of(key)): Rule(**dict(rule)) for key, rule in said.rules.items()}
    _refuse_twice(path, "rules are of", [key_of(*quantity_of(key)) for key in said.rules])
    _refuse_twice(path, "waivers have the id", [one.id for one in said.waivers])
    return Config(said.preset, rules, [Waiver(**dict(one)) for one in said.waivers], path)


def _refuse_twice(path: Path, what: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: two {what} {twice!r}. Keep one of them.")


def _table_of_project(path: Path) -> Mapping[str, Any] | None:
    table = _toml(path).get("tool", {})
    found = table.get("encaudit") if isinstance(table, dict) else None
    if found is not None and not isinstance(found, dict):
        raise InputError(f"{path}: tool.encaudit has to be a table. Write [tool.encaudit].")
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        if path.is_char_device():  # /dev/zero never ends
            raise InputError(f"{path} is a device; expected a TOML file of rules.")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"There is no {path}; expected a file of rules. Leave --config out for the defaults."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); expected a TOML file of rules.") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deep; expected a TOML file of rules.") from None
    except ValueError as error:  # a line that is no TOML, or a number of thousands of digits
        raise InputError(f"{path} is not TOML: {error}. Mend that line.") from None


def _problem(path: Path, error: ValidationError) -> InputError | UnknownNameError:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        model = TABLES.get(place[0], _Config) if len(place) > 1 else _Config
        where = f"{path}, {'.'.join(place[:-1])}" if place[:-1] else str(path)
        return UnknownNameError(f"key in {where}:", place[-1], model.model_fields)
    return InputError(f"{path}: {'.'.join(place)}: {first['msg'].removeprefix('Value error, ')}.")
