"""What every transform can do: hold checked parameters, print its canonical spec, say what it needs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import numpy as np

from encaudit.errors import InputError
from encaudit.symmetry import Symmetry

if TYPE_CHECKING:
    from encaudit.types import ImageBatch

PUNCTUATION = ",+"  # what parts a spec
NO_PUNCTUATION = "a path without , and +, which part a spec (rename the file, or link to it)"
LARGEST = 2**31  # no image is that wide, and float32 pixels and phases stay sound up to there
MISSING_FIELD = {
    "shift_px": "the stored translations of the images; pass --poses with translations, or drop frame=covariant",
    "ctf": "the CTF parameters of the images; pass --ctf",
    "moments": "the mean and standard deviation of the whole stack; set ImageBatch.moments",
    "clean": "the images without noise, which the decoder renders where the encoder has one and the poses are known "
    "(--poses); or name a file of them, as renoise:clean=PATH",
    "noise_power": "the spectrum of the noise of the stack; set ImageBatch.noise_power",
}


@dataclass(frozen=True)
class SpecTransform(ABC):
    """A transform whose dataclass fields are its specification.

    A plug-in subclasses it, or Deterministic, and names the class in the entry-point group ``encaudit.transforms``.

    Fields are annotated ``int``, ``float``, ``str`` (a path) or ``Literal[...]`` (the allowed words), with ``| None``
    where nothing may be said. The rest is said by class:

    - ``name``: its name on the command line; ``example``: a spec that works, for error messages.
    - ``strengths``: the fields of which a spec has to give at least one, so that no bare name is a silent no-op.
    - ``glued``: the whole-number field that may be written behind the name (``roll5``).
    - ``bare``: the parameters that the name alone stands for.
    - ``limit``: what every number has to stay below, either way of zero.
    - ``comes_first``: whether it takes the place of the image, so that nothing may have moved that before.
    - ``acts_on``: each ``image`` by itself, the ``run`` (who is whose twin), or the ``encoder``.
    """

    name: ClassVar[str]
    example: ClassVar[str]
    strengths: ClassVar[tuple[str, ...]] = ()
    glued: ClassVar[str | None] = None
    bare: ClassVar[Mapping[str, Any]] = {}
    limit: ClassVar[float] = LARGEST
    comes_first: ClassVar[bool] = False
    acts_on: ClassVar[Literal["image", "run", "encoder"]] = "image"

    def __post_init__(self) -> None:
        """Hold each parameter to its type; InputError for anything else."""
        kinds = get_type_hints(type(self))
        for field in fields(self):
            value, kind = getattr(self, field.name), kinds[field.name]
            if value is not None or kind is kind_said(kind):
                object.__setattr__(self, field.name, self._checked(field.name, kind_said(kind), value))

    @abstractmethod
    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the moved observations; the input is left as it is."""

    @property
    def needs(self) -> frozenset[str]:
        """The optional fields of ImageBatch that have to be there: among those of MISSING_FIELD."""
        return frozenset()

    @property
    def symmetry(self) -> Symmetry | None:
        """The symmetry of the square that particles undergo with all their metadata; None where it is not just that."""
        return None

    def covers(self, index: np.ndarray) -> np.ndarray:
        """Which of these stack rows (``n``) can it be applied to? True for all, but where a file says otherwise."""
        return np.ones(len(index), dtype=bool)

    def check(self, batch: ImageBatch) -> None:
        """Refuse images that lack something the transform needs, with one sentence (InputError)."""
        for field in sorted(self.needs):
            if getattr(batch, field) is None:
                raise InputError(f"{self} needs {MISSING_FIELD[field]}.")

    def __str__(self) -> str:
        """Return the canonical specification."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        said = {f.name: values[f.name] for f in fields(self) if f.default is MISSING or values[f.name] != f.default}
        if self.bare and said == self.bare:
            return self.name
        strengths = [name for name in self.strengths if name in said] or list(self.strengths[:1])
        name = self.name
        if self.glued is not None and strengths == [self.glued]:
            name, strengths = f"{name}{values[self.glued]}", []
        told = [*strengths, *(field for field in said if field not in self.strengths)]
        return ":".join([name, *([",".join(f"{field}={_spelled(values[field])}" for field in told)] if told else [])])

    def _checked(self, field: str, kind: Any, value: Any) -> Any:
        if get_origin(kind) is Literal:
            if value in get_args(kind):
                return value
            wanted = f"one of {', '.join(get_args(kind))}"
        elif kind is str:
            if isinstance(value, str) and value and value == value.strip() and not set(value) & set(PUNCTUATION):
                return value
            wanted = NO_PUNCTUATION
        else:
            if _fits(value, kind, self.limit):
                return kind(value)
            wanted = "a whole number below 2^31" if kind is int else "a finite number below 2^31"
        raise InputError(
            f"{field} of {self.name} has to be {wanted}; found {value!r}. Type for example {self.example}."
        )


class Deterministic(SpecTransform):
    """A transform that draws nothing: the same for every seed."""

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:  # noqa: ARG002 (every transform takes one)
        """Return the moved observations; InputError when the images lack what it needs."""
        self.check(batch)
        return self.moved(batch)

    @abstractmethod
    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the moved observations; the input is left as it is."""


def kind_said(kind: Any) -> Any:
    """Return the type of a field that may also be None."""
    kinds = [one for one in get_args(kind) if one is not NoneType] if isinstance(kind, UnionType) else [kind]
    return kinds[0]


def _fits(value: Any, kind: type, limit: float) -> bool:
    """Whether a value is a number of a kind; a bool is one to Python, but nobody means roll:dx=True."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number = float(value)
    return math.isfinite(number) and abs(number) < limit and (kind is not int or number.is_integer())


def _spelled(value: Any) -> str:
    """Spell a value so that it parses back: 1.0 as 1, and no plus sign, which joins chains."""
    if not isinstance(value, float):
        return str(value)
    return repr(value + 0.0).removesuffix(".0").replace("e+", "e")
