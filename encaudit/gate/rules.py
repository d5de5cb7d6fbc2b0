"""What may a metric be, and how far may it move? Rules, how they are written, and which one wins."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, cast

from encaudit.gate.outcome import Kind
from encaudit.orientation import is_judged

EVERY = "*"
OFF: Final = "off"
KINDS: tuple[Kind, ...] = ("max", "min", "max_increase", "max_decrease")
PERCENT = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*%\s*", re.ASCII)
Quantity = tuple[str, str | None]  # a metric, and the transform that it is measured under (None: the encoder alone)


@dataclass(frozen=True)
class Allowance:
    """How far a metric may move from its baseline: an amount, or a share of the baseline's value.

    ``by_interval``: it has moved further only when the whole 95 % interval of the paired difference lies beyond.
    """

    amount: float
    relative: bool = False
    by_interval: bool = False

    def of(self, baseline: float) -> float:
        """Return the amount in the units of the metric."""
        return self.amount * abs(baseline) if self.relative else self.amount


@dataclass(frozen=True)
class Rule:
    """The limits of one metric under one transform; None where a rule leaves it to the one below it."""

    max: float | Literal["off"] | None = None
    min: float | Literal["off"] | None = None
    max_increase: Allowance | Literal["off"] | None = None
    max_decrease: Allowance | Literal["off"] | None = None
    level: Literal["off", "warn", "error"] | None = None

    def over(self, below: "Rule") -> "Rule":
        """Return this rule, filled up with what the one below it says."""
        said = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return replace(below, **said)

    def limits(self) -> Iterator[tuple[Kind, float | Allowance]]:
        """Iterate over the limits that are in force."""
        if self.level != OFF:
            yield from self.written_limits()

    def written_limits(self) -> Iterator[tuple[Kind, float | Allowance]]:
        """Iterate over the limits that it states, in force or switched off by its level."""
        for kind in KINDS:
            value = getattr(self, kind)
            if value is not None and value != OFF:
                yield kind, value


@dataclass(frozen=True)
class Applied:
    """A rule where it applies; ``named``: the user wrote this metric and transform, not a wildcard or a preset."""

    metric: str
    transform: str | None
    rule: Rule
    named: bool


def key_of(metric: str, transform: str | None) -> str:
    """Write a quantity as rules and ids do: ``displacement_ratio@roll1``, ``elbo``."""
    return metric if transform is None else f"{metric}@{transform}"


def quantity_of(key: str) -> Quantity:
    """Read what ``key_of`` wrote."""
    metric, at, transform = key.partition("@")
    return metric.strip(), transform.strip() if at else None


def apply_rules(preset: Mapping[str, Rule], own: Mapping[str, Rule], measured: Iterable[Quantity]) -> list[Applied]:
    """Which rule holds for each quantity? The user's before the preset's, and a named transform before ``*``.

    Quantities that no rule speaks of are left out; what the user names is there even where it was not measured.
    """
    every = list(dict.fromkeys([*measured, *(quantity_of(key) for key in own)]))
    found = []
    for metric, transform in every:
        if transform == EVERY:
            continue
        key = key_of(metric, transform)
        wildcard = key_of(metric, EVERY) if transform is not None and is_judged(transform) else None
        names = [key] if wildcard is None else [wildcard, key]
        layers = [rules[name] for rules in (preset, own) for name in names if name in rules]
        if not layers:
            continue
        rule = Rule()
        for layer in layers:
            rule = layer.over(rule)
        if next(rule.limits(), None) is not None:
            found.append(Applied(metric, transform, rule, named=key in own))
    return found


def limitless(preset: Mapping[str, Rule], own: Mapping[str, Rule]) -> Iterator[str]:
    """Which of the user's rules ask for nothing: no limit of their own, and of no other rule that they speak of?

    One that switches off what it speaks of, by its level or each limit, asks for that.
    """
    for key, rule in own.items():
        if rule.level == OFF or any(rule.written_limits()):
            continue
        others = [
            other
            for rules in (preset, own)
            for name, other in rules.items()
            if other is not rule and _speak_of_the_same(key, name)
        ]
        limits = {kind for other in others for kind, _ in other.written_limits()}
        switched_off = {kind for kind in KINDS if getattr(rule, kind) == OFF}
        if not limits or (rule.level is not None and limits <= switched_off):
            yield key


def _speak_of_the_same(key: str, other: str) -> bool:
    """Whether two rules meet: of one metric and transform, or one of them of every transform."""
    (metric, one), (other_metric, another) = quantity_of(key), quantity_of(other)
    if metric != other_metric or None in (one, another):
        return key == other
    return one == another or (EVERY in (one, another) and is_judged(one) and is_judged(another))


def limit_of(value: object) -> float | Literal["off"]:
    """Read ``max`` or ``min``: a number, or "off"; ValueError for anything else."""
    if value == OFF:
        return OFF
    if not _is_number(value):
        raise ValueError(f'expected a number, or "{OFF}"; found {value!r}')
    return float(cast(float, value))


def allowance_of(value: object) -> Allowance | Literal["off"]:
    """Read an increase or decrease: 0.05, "10%", { ci = 0.05 }, { ci = "10%" } or "off"; ValueError for the rest."""
    if value == OFF:
        return OFF
    if isinstance(value, Mapping):
        if set(value) != {"ci"}:
            raise ValueError(f"expected {{ ci = tolerance }}; found {dict(value)!r}")
        return replace(_amount_of(value["ci"]), by_interval=True)
    return _amount_of(value)


def _amount_of(value: object) -> Allowance:
    if isinstance(value, str) and (share := PERCENT.fullmatch(value)) and _is_number(float(share[1])):
        return Allowance(float(share[1]) / 100, relative=True)
    if not _is_number(value) or cast(float, value) < 0:
        raise ValueError(f'expected a number of at least 0, a share such as "10%", or {{ ci = ... }}; found {value!r}')
    return Allowance(float(cast(float, value)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
