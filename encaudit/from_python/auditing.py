"""``encaudit.audit``: the audit of `encaudit probe`, of an encoder and images that are objects of this program."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from encaudit.audits import AuditOptions, Given, audit_checkpoint
from encaudit.audits.options import Unwatched
from encaudit.encoders.given import left_as_it_was, name_of, place_of
from encaudit.errors import EncauditError, InputError, UnknownNameError
from encaudit.from_python.audited import AuditReport
from encaudit.from_python.python_terms import in_python

Images = np.ndarray | Tensor | str | os.PathLike[str]


class MoreOptions(TypedDict, total=False):
    """The rarer options of `encaudit probe`, by their names there (``kind`` is --encoder); see its help."""

    kind: str | None
    poses: str | None
    ctf: str | None
    datadir: str | None
    ind: str | None
    metadata: str | None
    config: str | os.PathLike[str] | None
    other_seed: str | None
    trust_pickle: bool
    precision: str
    sample_n: int
    dose: Sequence[str]
    grid: int | None
    calibration: str
    umap: bool
    umap_n: int
    volumes: int
    volume_box: int | None


OPTIONS = frozenset(
    {"images", "transforms", "seed", "n", "device", "groups", "batch_size", "controls", "channels"}
    | MoreOptions.__annotations__.keys()
)


def audit(
    encoder: Any,
    images: Images | None = None,
    transforms: str | Sequence[str] = (),
    *,
    seed: int = 0,
    n: int | None = None,
    device: str = "auto",
    groups: Any = None,
    batch_size: int | str = "auto",
    controls: bool = True,
    channels: int | None = None,
    **more: Unpack[MoreOptions],
) -> AuditReport:
    """Has this encoder learned something, or has it memorized its images?

    The very audit of `encaudit probe`: the same pass, the same measures, the same numbers.

    - ``encoder``: an nn.Module, TorchScript, torch.export program or session of onnxruntime, an object with ``encode``,
      any function of images, an ``Encoder``; or the name of a checkpoint, as `encaudit probe` takes it. It is shown
      float32 tensors ``b y x`` (``b c y x`` for colour) and returns mu, (mu, logvar), or a dictionary or output object
      that names them. A module is audited in evaluation mode, without gradients, and left as it was.
    - ``images``: ``n y x`` or ``n c y x`` of numpy or torch, values taken as they are; or a path, read as `encaudit
      probe --images` reads it. None: what the config of a checkpoint names.
    - ``transforms``: specs such as "roll1"; none: the default set.
    - ``groups`` (``n``): which images were sampled together; intervals are then over groups.
    - ``channels``: how many the encoder wants; grey images get this axis, and are repeated along it.
    - ``device``: "auto" is where a module is; for a name a GPU where there is one; for a function the CPU.
    - ``more``: whatever else `encaudit probe` can be told, such as ``umap=False``, which saves ten seconds.

    The random numbers of torch, numpy and Python go on as if nothing had been audited. Raises EncauditError for
    anything the user can mend.
    """
    if unknown := [name for name in more if name not in MoreOptions.__annotations__]:
        raise UnknownNameError("option of encaudit.audit", unknown[0], OPTIONS)
    if encoder is None:
        raise InputError("encoder is None; expected a module, a function of images, or the path of a checkpoint.")
    named = isinstance(encoder, str | os.PathLike)
    if not named and more.get("kind") is not None:
        raise InputError("kind says what is in a file, and the encoder is an object. Leave out kind.")
    array, path = _array_or_path(images)
    options = _options(
        more
        | {
            "checkpoint": encoder if named else name_of(encoder),
            "transforms": transforms,
            "images": path,
            "seed": seed,
            "n": n,
            "device": place_of(encoder) if device == "auto" and not named else str(device),
            "batch_size": str(batch_size),
            "controls": controls,
            "channels": channels,
        }
    )
    given = Given(None if named else encoder, array, groups)
    gpus = list(range(torch.cuda.device_count())) if _uses_gpus() else []
    with (
        torch.random.fork_rng(devices=gpus),
        _numbers_go_on(),
        _threads_stay(),
        left_as_it_was(encoder),
        _told_in_python(),
    ):
        found = audit_checkpoint(options, command=_call(options), watcher=Unwatched(), given=given)
    assert found is not None, "one process alone makes its audit"
    report = found.report
    return AuditReport(report.provenance, report.measurements, report.findings, report.verdicts, audit=found)


def _options(told: Mapping[str, Any]) -> AuditOptions:
    """Return what the command line would have been told; InputError for a value of another kind."""
    plain = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in told.items()}
    for name in ("transforms", "dose"):  # one of them needs no list
        if isinstance(plain.get(name), str):
            plain[name] = (plain[name],)
    plain["encoder"] = plain.pop("kind", None)
    try:
        return TypeAdapter(AuditOptions).validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        name = "kind" if first["loc"][0] == "encoder" else str(first["loc"][0])
        raise InputError(f"{name}={first['input']!r}: {first['msg'].lower()}.") from None


@contextmanager
def _numbers_go_on() -> Iterator[None]:
    """Let the random numbers of numpy and of Python go on as if nobody had drawn."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 (the global one is meant)
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002 (as above)
        random.setstate(of_python)


@contextmanager
def _threads_stay() -> Iterator[None]:
    """Leave torch the threads that it had: numba, when it starts its own, gives OpenMP as many as there are cores."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _told_in_python() -> Iterator[None]:
    try:
        yield
    except EncauditError as error:
        error.args = (in_python(str(error), OPTIONS),)
        raise


def _array_or_path(images: Images | None) -> tuple[np.ndarray | Tensor | None, str | None]:
    """Return the images where they are in memory, and what they are called."""
    if isinstance(images, np.ndarray | Tensor):
        return images, _described(images)
    if images is None or isinstance(images, str | os.PathLike):
        return None, None if images is None else os.fspath(images)
    raise InputError(
        f"The images are a {type(images).__name__}; expected an array of numpy or torch, n x y x x or n x c x y x x, "
        "or a path."
    )


def _uses_gpus() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]  # torch has no types here


def _described(images: np.ndarray | Tensor) -> str:
    return f"an array of {' x '.join(map(str, images.shape))} ({str(images.dtype).removeprefix('torch.')})"


def _call(options: AuditOptions) -> str:
    """Return the call as the provenance tells it: what differs from the defaults."""
    told = [repr(options.checkpoint)] + ([] if options.images is None else [repr(options.images)])
    for one in fields(options):
        value = getattr(options, one.name)
        if one.name not in ("checkpoint", "images") and value != one.default:
            told.append(f"{one.name}={str(value) if isinstance(value, Path) else value!r}")
    return f"encaudit.audit({', '.join(told)})"
