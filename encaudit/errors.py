"""What can go wrong for a user, as a tree.

EncauditError                     every error that is the user's to mend; exit code 2
|- InputError                     a file, an array or an option is not what it has to be
|- UnknownNameError               a transform, metric or encoder name that nobody registered
|- UnsafePickleError              a pickle wants to run code; see --trust-pickle
|- NoEncoderError                 the checkpoint holds a table or a decoder, but no encoder
|- MachineError                   memory ran out, or the GPU failed
|- UnstableEncoderError           the same image got two different latents
|- LostRankError                  another process of a run of several ended before its share was done
|- DivergedError                  training came to a loss that is no number
`- StoppedError                   training was asked to stop, and did so with a checkpoint

Each message says what was found, what was expected, and what to type next.
"""

import difflib
import signal
from collections.abc import Iterable

# What encaudit itself exits with when it is told to stop, which can happen while somebody else's code runs.
_SIGNALLED = tuple(128 + getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def is_signal(error: BaseException) -> bool:
    """Whether this ends encaudit because it was told to, rather than because somebody's code wanted to."""
    return isinstance(error, SystemExit) and error.code in _SIGNALLED


class EncauditError(Exception):
    """Something the user can mend: the message says how."""


class InputError(EncauditError):
    """A file, an array or an option is not what it has to be."""


class UnsafePickleError(InputError):
    """A pickle asks for something other than plain data."""


class NoEncoderError(InputError):
    """The checkpoint holds no encoder, so there is nothing to audit."""


class MachineError(EncauditError):
    """The machine has too little memory for what was asked, or its GPU failed."""


class UnstableEncoderError(EncauditError):
    """The encoder gave the same image two different latents."""


class LostRankError(EncauditError):
    """Another process of a run of several ended before its share was done."""


class DivergedError(EncauditError):
    """Training came to a loss that is no number; the message names the batch."""


class StoppedError(EncauditError):
    """Training was asked to stop, and did so with a checkpoint; the message says how to go on.

    ``asked_by`` is what the one who was asked whether to stop answered: for a command line, the exit code of a signal.
    """

    def __init__(self, message: str, asked_by: object) -> None:
        super().__init__(message)
        self.asked_by = asked_by


class UnknownNameError(EncauditError):
    """A name that nobody registered; the message offers the nearest that is known."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        nearest = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(choices)}.")
