"""Running the user's own code so that whatever it does ends in a sentence of ours."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from encaudit.errors import InputError, is_signal
from encaudit.shortage import is_of_the_machine
from encaudit.unreadable import one_line, where_raised


@contextmanager
def their_code(what: str, after: str = ".", passing: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Say what the user's code raised, or that it wanted to end the program; ``passing`` is left to the caller.

    So is what the machine raised while the code ran: out of memory, or a GPU that failed.
    """
    try:
        yield
    except passing:
        raise
    except SystemExit as error:
        if is_signal(error):
            raise
        raise InputError(
            f'{what} called sys.exit({error.code!r}): is it a training script without `if __name__ == "__main__"`? '
            "Name a module that only defines the encoder."
        ) from error
    except Exception as error:
        if is_of_the_machine(error):
            raise
        raise InputError(
            f"{what} raised {type(error).__name__}: {one_line(error)}{where_raised(error)}{after}"
        ) from error


@contextmanager
def arguments_of(name: str) -> Iterator[None]:
    """Hide our command line from theirs: a script that parses arguments while it is imported would read ours."""
    ours = sys.argv
    sys.argv = [name]
    try:
        yield
    finally:
        sys.argv = ours


@contextmanager
def folder_first(folder: str) -> Iterator[None]:
    """Find the user's modules in a folder, as ``python -m`` would; afterwards it comes last, and shadows no library."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)
