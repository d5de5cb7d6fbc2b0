"""The list of all metrics, and how those of outside plug-ins come onto it."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from encaudit.errors import EncauditError, InputError
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.metric import EncoderMetric, Metric, PerImage, WholeSet
from encaudit.registry import Registry, is_signal
from encaudit.results import Skipped

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
            said = " ".join(str(error).split())
            raise InputError(
                f"{registry.whose(name)} raised {type(error).__name__}: {said}. Mend it, or uninstall the plug-in."
            ) from error
        if (amiss := _amiss(result, len(of))) is not None:
            raise InputError(
                f"{registry.whose(name)} returned {amiss} for {len(of)} images; expected PerImage with numbers of "
                f"shape ({len(of)},), WholeSet(number, interval) or Skipped(why)."
            )
        return result

    return guarded


def _amiss(result: object, n: int) -> str | None:
    """Return what a result is in the place of one of a metric; None for one that is."""
    if isinstance(result, Skipped):
        return None if isinstance(result.skipped, str) else f"Skipped({result.skipped!r})"
    if isinstance(result, WholeSet):
        value: object = result.value
        return None if isinstance(value, Real) else f"WholeSet({value!r}, ...)"
    if not isinstance(result, PerImage):
        return f"a {type(result).__name__}"
    values = np.asarray(result.values)
    fits = isinstance(result.values, np.ndarray) and values.shape == (n,) and values.dtype.kind in "buif"
    return None if fits else f"{values.dtype} values of shape {values.shape}"


METRICS: Registry[Metric] = Registry("metric", _adopted)
ENCODER_METRICS: Registry[EncoderMetric] = Registry("encoder_metric", _adopted_of_encoder)
