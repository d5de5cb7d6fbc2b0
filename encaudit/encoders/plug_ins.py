"""Kinds of encoders that outside plug-ins open, by entry points of the group ``encaudit.encoders``.

An entry point NAME is a function of one string: what stands behind ``NAME:`` on the command line, or with
``--encoder NAME CKPT`` the checkpoint. It returns an nn.Module, an object with ``encode``, or a function of images.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from encaudit.encoders.given import opened_object
from encaudit.encoders.opened import OpenedEncoder
from encaudit.encoders.recognize import KINDS
from encaudit.encoders.their_code import their_code
from encaudit.errors import EncauditError
from encaudit.registry import Registry

Opener = Callable[[str], Any]


def _adopted(name: str, found: Any) -> Opener:  # noqa: ARG001 (every registry hands it over)
    if not callable(found):
        raise TypeError(f"it is a {type(found).__name__}; expected a function of one string that returns an encoder")
    opener: Opener = found
    return opener


ENCODERS: Registry[Opener] = Registry("encoder", _adopted, others=KINDS)


def named_plug_in(name: str) -> tuple[str, str] | None:
    """Return kind and rest of ``KIND:rest`` (or of the bare kind) where a plug-in opens that kind, else None."""
    kind, _, rest = name.partition(":")
    return (kind, rest) if kind in ENCODERS and not Path(name).exists() else None


def open_plug_in(kind: str, rest: str, device: str) -> OpenedEncoder:
    """Let a plug-in open what it is asked for; InputError where it cannot, or returns no encoder."""
    opener = ENCODERS.get(kind)
    with their_code(f"{ENCODERS.whose(kind)}, asked for {rest!r},", passing=EncauditError):
        built = opener(rest)
    named = f"{kind}:{rest}" if rest else kind
    encoder = opened_object(built, f"{named} {ENCODERS.origin(kind)}", device)
    return OpenedEncoder(encoder, kind, Path(rest) if rest and Path(rest).is_file() else None)
