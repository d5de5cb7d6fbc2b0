"""Name -> implementation, for everything that has a name on the command line."""

import sys
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from encaudit.errors import EncauditError, InputError, UnknownNameError, is_signal

T = TypeVar("T")


class Registry(Generic[T]):
    """Implementations of one kind, by name.

    Built-in ones are added by their modules. Outside plug-ins are found through the entry-point group
    ``encaudit.<kind>s`` of installed distributions, and loaded when they are first asked for; ``adopt`` is given the
    name and what was loaded, and returns the implementation, or raises TypeError that says what it should have been.
    A built-in name cannot be taken, nor one of ``others``, which are built in but not registered.
    """

    def __init__(
        self, kind: str, adopt: Callable[[str, Any], T] | None = None, *, others: Collection[str] = ()
    ) -> None:
        self.kind = kind
        self._others = others
        self._adopt = adopt
        self._known: dict[str, T] = {}
        self._loaded: dict[EntryPoint, T] = {}

    def add(self, name: str, implementation: T) -> T:
        """Register under a name and return the implementation."""
        assert name not in self._known, f"{self.kind} {name!r} registered twice"
        self._known[name] = implementation
        return implementation

    @property
    def built_in(self) -> tuple[str, ...]:
        """The built-in names, in the order of registration."""
        return tuple(self._known)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the built-in names in the order of registration, then over those of plug-ins."""
        yield from self._known
        yield from self._plug_ins()

    def __contains__(self, name: object) -> bool:
        """Whether a name is known, built in or by a plug-in."""
        return name in self._known or name in self._plug_ins()

    def get(self, name: str) -> T:
        """Return the implementation of a name; an unknown one raises with the nearest that is known.

        Raises InputError, naming the distribution, for a plug-in that cannot be loaded or is something else.
        """
        if name in self._known:
            return self._known[name]
        entry = self._plug_ins().get(name)
        if entry is None:
            raise UnknownNameError(self.kind, name, self)
        if entry not in self._loaded:
            self._loaded[entry] = self._load(entry)
        return self._loaded[entry]

    def origin(self, name: str) -> str:
        """Return where what has this name comes from: "of the plug-in NAME VERSION (MODULE:WHAT)"; "" for built-in."""
        entry = None if name in self._known else self._plug_ins().get(name)
        return "" if entry is None else _origin(entry)

    def whose(self, name: str) -> str:
        """Return the subject of a sentence about what has this name, with the distribution that it comes from."""
        return f"The {self.kind.replace('_', ' ')} {name} {self.origin(name)}".rstrip()

    def _load(self, entry: EntryPoint) -> T:
        try:
            found: Any = entry.load()
            return found if self._adopt is None else self._adopt(entry.name, found)
        except (Exception, SystemExit) as error:  # somebody's code: importing it can raise anything
            if is_signal(error):
                raise
            said = " ".join(str(error).split()) or type(error).__name__
            kind = "" if isinstance(error, EncauditError | TypeError) else f"{type(error).__name__}: "
            raise InputError(f"{self._whose(entry)} cannot be used ({kind}{said}). {_way_out(entry)}") from error

    def _plug_ins(self) -> dict[str, EntryPoint]:
        """Return the plug-ins by name; InputError where a name is taken, because nobody could say which is meant."""
        found: dict[str, EntryPoint] = {}
        for entry in _entry_points(f"encaudit.{self.kind}s", tuple(sys.path)):
            if entry.name in self._known or entry.name in self._others:
                raise InputError(f"{self._whose(entry)} has the name of a built-in one. {_way_out(entry)}")
            if entry.name in found and entry.value != found[entry.name].value:
                raise InputError(
                    f"{self._whose(entry)} has the name of another one, of {_distribution(found[entry.name])}. "
                    f"{_way_out(entry)}"
                )
            found[entry.name] = entry
        return found

    def _whose(self, entry: EntryPoint) -> str:
        return f"The {self.kind.replace('_', ' ')} {entry.name} {_origin(entry)}"


@lru_cache(maxsize=32)
def _entry_points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001 (part of the key: sys.path says what is installed)
    return tuple(entry_points(group=group))


def _origin(entry: EntryPoint) -> str:
    return f"of the plug-in {_distribution(entry)} ({entry.value})"


def _distribution(entry: EntryPoint) -> str:
    return "of unknown origin" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def _way_out(entry: EntryPoint) -> str:
    name = "it" if entry.dist is None else entry.dist.name
    return f"Mend it, or type: pip uninstall {name}."
