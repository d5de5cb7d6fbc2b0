"""Name -> implementation, for everything that has a name on the command line."""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from encaudit.errors import UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """Implementations of one kind, by name.

    Built-in ones are added by their modules; outside plug-ins are found through the entry-point group
    ``encaudit.<kind>s`` when a name is asked for that is not built in.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._known: dict[str, T] = {}

    def add(self, name: str, implementation: T) -> T:
        """Register under a name and return the implementation."""
        assert name not in self._known, f"{self.kind} {name!r} registered twice"
        self._known[name] = implementation
        return implementation

    def __iter__(self) -> Iterator[str]:
        """Iterate over the built-in names, in the order of registration."""
        return iter(self._known)

    def __contains__(self, name: object) -> bool:
        """Whether a name is known, built in or by a plug-in."""
        return name in self._known or any(entry.name == name for entry in self._plug_ins())

    def get(self, name: str) -> T:
        """Return the implementation of a name; an unknown one raises with the nearest that is known."""
        if name not in self._known:
            for entry in self._plug_ins():
                if entry.name == name:
                    self._known[name] = entry.load()
                    break
            else:
                raise UnknownNameError(self.kind, name, [*self._known, *(e.name for e in self._plug_ins())])
        return self._known[name]

    def _plug_ins(self) -> Iterable[EntryPoint]:
        return entry_points(group=f"encaudit.{self.kind}s")
