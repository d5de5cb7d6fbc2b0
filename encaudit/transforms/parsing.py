"""From a specification on the command line to a transform, and back to its canonical form."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, get_type_hints

from encaudit.errors import EncauditError, InputError
from encaudit.registry import Registry
from encaudit.transforms.chain import join
from encaudit.transforms.contrast import Contrast
from encaudit.transforms.ctf import Ctf
from encaudit.transforms.identity import Identity
from encaudit.transforms.mirror import Mirror
from encaudit.transforms.noise import AddNoise
from encaudit.transforms.renoise import Renoise
from encaudit.transforms.rotation import Rot90, Rot180, Rot270, Rotate
from encaudit.transforms.spec import NO_PUNCTUATION, SpecTransform, kind_said
from encaudit.transforms.translation import Roll, Shift
from encaudit.transforms.twin import Noise, Permutation
from encaudit.transforms.untrained import Untrained

DEFAULT_SPECS = ("roll1", "rot90", "rot90:frame=array", "permutation", "noise")


def _adopted(name: str, found: Any) -> type[SpecTransform]:
    """Take the class of a plug-in, where it is one that a spec can name."""
    if not isinstance(found, type) or not issubclass(found, SpecTransform) or not is_dataclass(found):
        raise TypeError(f"it is a {type(found).__name__}; expected a frozen dataclass that subclasses SpecTransform")
    if getattr(found, "name", None) != name or not NAME.fullmatch(name):
        raise TypeError(
            f"it calls itself {getattr(found, 'name', None)!r}; expected the name of its entry point, {name!r}, of "
            "letters, figures, - and _"
        )
    if not isinstance(getattr(found, "example", None), str):
        raise TypeError("it has no example, a spec that works, for error messages")
    return found


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
TRANSFORMS: Registry[type[SpecTransform]] = Registry("transform", _adopted)
for _built_in in (
    *(Identity, Roll, Shift, Rot90, Rot180, Rot270, Rotate, Mirror),
    *(Contrast, AddNoise, Renoise, Ctf, Permutation, Noise, Untrained),
):
    TRANSFORMS.add(_built_in.name, _built_in)

JOINT = re.compile(r"(?<![0-9.][eE])\+")  # the plus sign of 1e+3 joins nothing
GLUED = re.compile(r"([a-z]+)(-?[0-9]+)", re.ASCII)
GLUED_NUMBER = re.compile(r"([a-z]+)(-?[0-9]*\.?[0-9]+)", re.ASCII)
NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def parse_transform(spec: str) -> SpecTransform:
    """Return the transform of a specification: ``name[:field=value,...]``, chained with ``+``.

    Raises UnknownNameError, offering the nearest name, for an unknown transform; InputError, naming what is known, for
    an unknown or malformed parameter.

    >>> parse_transform("roll1+rot90:frame=array")
    Chain(parts=(Roll(dx=1, dy=0, frame='raw'), Rot90(frame='array')))
    """
    parts = [part.strip() for part in JOINT.split(spec)]
    for before, part in pairwise(parts):
        _refuse_torn_path(before, part, part.partition(":")[0].strip())
    return join(*(_parse_one(part, spec) for part in parts))


def canonical(spec: str) -> str:
    """Return the canonical specification, the key of latents and reports.

    >>> canonical("roll:dx=1,dy=0,frame=raw")
    'roll1'
    """
    return str(parse_transform(spec))


def _parse_one(part: str, spec: str) -> SpecTransform:
    if not part:
        raise InputError(f"A transform is missing in {spec!r}. Type for example roll1, or roll1+rot90 for a chain.")
    name, colon, told = (text.strip() for text in part.partition(":"))
    pairs = told.split(",") if colon else []
    if name not in set(TRANSFORMS) and (match := GLUED.fullmatch(name)) and match[1] in TRANSFORMS:
        field = TRANSFORMS.get(match[1]).glued
        if field is not None:
            name, pairs = match[1], [f"{field}={match[2]}", *pairs]
    _refuse_glued_number(name)
    cls = TRANSFORMS.get(name)
    given: dict[str, Any] = {}
    for pair in pairs:
        field, value = _parse_pair(pair, cls, given)
        if field in given:
            raise InputError(f"{part!r} gives {field} twice. Type for example {cls.example}.")
        given[field] = value
    given = given or dict(cls.bare)
    if cls.strengths and not any(field in given for field in cls.strengths):
        raise InputError(f"{part!r} has to give {' or '.join(cls.strengths)}. Type for example {cls.example}.")
    return _made(cls, given, part)


def _refuse_glued_number(name: str) -> None:
    """Say how a number is given to a transform that takes none behind its name (``roll1.5``, ``rotate10``)."""
    match = None if name in set(TRANSFORMS) else GLUED_NUMBER.fullmatch(name)
    if match is None or match[1] not in TRANSFORMS:
        return
    found, number = TRANSFORMS.get(match[1]), match[2]
    if found is Roll:
        raise InputError(f"roll moves by whole pixels; found {name}. For parts of a pixel type shift:dx={number}.")
    if found.strengths:
        spelled = f"{found.name}:{found.strengths[0]}={number}"
        raise InputError(f"{found.name} takes no number behind its name; found {name}. Type {spelled}.")


def _made(cls: type[SpecTransform], given: Mapping[str, Any], part: str) -> SpecTransform:
    """Make the transform; what else than a refusal the class of a plug-in raises is one sentence of ours."""
    try:
        return cls(**given)
    except EncauditError:
        raise
    except Exception as error:
        if not (origin := TRANSFORMS.origin(cls.name)):
            raise
        said = " ".join(str(error).split())
        raise InputError(
            f"The transform {part} {origin} raised {type(error).__name__}: {said}. Type for example {cls.example}."
        ) from error


def _parse_pair(pair: str, cls: type[SpecTransform], given: Mapping[str, Any]) -> tuple[str, Any]:
    field, equals, value = (text.strip() for text in pair.partition("="))
    known = [field.name for field in fields(cls)]
    if not equals and (path_field := _path_field(cls)) in given:
        raise InputError(f"{path_field} of {cls.name} has to be {NO_PUNCTUATION}; {pair!r} was torn off it.")
    if field not in known:
        parameters = f"known: {', '.join(known)}" if known else "it takes none"
        raise InputError(f"{cls.name} has no parameter {field!r}; {parameters}. Type for example {cls.example}.")
    if not equals or not value:
        raise InputError(f"{field} of {cls.name} has no value. Type for example {cls.example}.")
    kind = kind_said(get_type_hints(cls)[field])
    if kind in (int, float) and NUMBER.fullmatch(value):
        return field, float(value)
    return field, value


def _refuse_torn_path(before: str, part: str, name: str) -> None:
    """Say what happened where a plus sign within a path looks like one between two transforms."""
    cls = TRANSFORMS.get(torn) if (torn := before.partition(":")[0].strip()) in set(TRANSFORMS) else None
    if cls is None or not (field := _path_field(cls)) or f"{field}=" not in before.replace(" ", ""):
        return
    if name not in TRANSFORMS and not GLUED.fullmatch(name):
        raise InputError(f"{field} of {cls.name} has to be {NO_PUNCTUATION}; {part!r} was torn off it.")


def _path_field(cls: type[SpecTransform]) -> str | None:
    """Return the parameter of a transform that is a path, if one is."""
    return next((field.name for field in fields(cls) if kind_said(get_type_hints(cls)[field.name]) is str), None)
