"""The list of all metrics, and how those of outside plug-ins come onto it."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from encaudit.errors import EncauditError, InputError, is_signal
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.metric import EncoderMetric, Metric, PerImage, WholeSet
from encaudit.registry import Registry
from encaudit.results import Skipped
from encaudit.stats import NO_INTERVAL, Interval
from encaudit.unreadable import one_line, where_raised

Of = TypeVar("Of", Pair, Cloud)


def _adopted(name: str, found: Any) -> Metric:
    if not isinstance(found, Metric):
        raise TypeError(f"it is a {type(found).__name__}; expected a function under @encaudit.metrics.metric(...)")
    _refuse_another_name(name, found.name)
    columns = {METRICS.get(one).column for one in METRICS.built_in} | {"random_distance", "stability"}
    if found.column is not None and found.column in columns:
        raise TypeError(f"it writes the column {found.column!r}, which a built-in metric writes")
    return replace(found, evaluate=_guarded(METRICS, name, found.evaluate))


def _adopted_of_encoder(name: str, found: Any) -> EncoderMetric:
    if not isinstance(found, EncoderMetric):
        raise TypeError(
            f"it is a {type(found).__name__}; expected a function under @encaudit.metrics.encoder_metric(...)"
        )
    _refuse_another_name(name, found.name)
    return replace(found, evaluate=_guarded(ENCODER_METRICS, name, found.evaluate))


def _refuse_another_name(name: str, own: str) -> None:
    if own != name:
        raise TypeError(f"it calls itself {own!r}; expected the name of its entry point, {name!r}")


def _guarded(registry: Registry[Any], name: str, evaluate: Callable[[Of], Any]) -> Callable[[Of], Any]:
    """Hold what a plug-in computes to what a metric returns; whatever else it does is one sentence of ours."""

    @wraps(evaluate)
    def guarded(of: Of) -> Any:
        try:
            result = evaluate(of)
        except (EncauditError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # somebody's code can raise anything
            if is_signal(error):
                raise
            raise InputError(
                f"{registry.whose(name)} raised {type(error).__name__}: {one_line(error)}{where_raised(error)}. Mend "
                "it, or uninstall the plug-in."
            ) from error
        try:
            return _cleaned(result, len(of))
        except (TypeError, ValueError):
            raise InputError(
                f"{registry.whose(name)} returned {_shown(result)} for {len(of)} images; expected PerImage with finite "
                f"numbers of shape ({len(of)},), WholeSet(number, (low, high)) or Skipped(why)."
            ) from None

    return guarded


def _cleaned(result: object, n: int) -> PerImage | WholeSet | Skipped:
    """Return a result in the types of ours; TypeError or ValueError for what is none."""
    if isinstance(result, Skipped) and isinstance(result.skipped, str):
        return result
    if isinstance(result, WholeSet):
        return WholeSet(_number(result.value), _bounds(result.interval))
    if not isinstance(result, PerImage) or np.shape(result.values) != (n,):
        raise TypeError
    values = np.asarray(result.values)
    if values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise ValueError
    return PerImage(values.astype(np.float64), None if result.interval is None else _bounds(result.interval))


def _bounds(interval: object) -> Interval:
    if not isinstance(interval, tuple) or len(interval) != 2:
        raise TypeError
    if interval == NO_INTERVAL:
        return NO_INTERVAL
    low, high = map(_number, interval)
    if low > high:
        raise ValueError
    return low, high


def _number(value: object) -> float:
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise TypeError
    return float(value)


def _shown(result: object) -> str:
    if isinstance(result, PerImage):
        values = np.asarray(result.values)
        return f"{values.dtype} values of shape {values.shape}"
    return repr(result)[:100] if isinstance(result, WholeSet | Skipped) else f"a {type(result).__name__}"


METRICS: Registry[Metric] = Registry("metric", _adopted)
ENCODER_METRICS: Registry[EncoderMetric] = Registry("encoder_metric", _adopted_of_encoder)
