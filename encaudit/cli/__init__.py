"""The command line. Each command is one module: it parses, calls and prints; no number is computed here."""

import atexit
import gc
import os
import sys

import typer

from encaudit import __version__
from encaudit.cli.exits import BAD_INPUT, FINE, INTERRUPTED, OUR_FAULT
from encaudit.cli.interrupt import end_on_signals, received, what_is_left
from encaudit.cli.telling import tell, telling
from encaudit.errors import EncauditError, InputError, StoppedError

SHARED = ("probe", "train")  # commands that several processes of torchrun do together

app = typer.Typer(
    name="encaudit",
    help="Has my encoder learned something, or has it memorized my images?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"encaudit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    several = int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else 1
    if several > 1 and context.invoked_subcommand not in SHARED:
        raise InputError(
            f"torchrun started {several} processes, but encaudit {context.invoked_subcommand} is the work of one. Type "
            f"it without torchrun; {' and '.join(SHARED)} can be shared."
        )


def _register() -> None:
    from encaudit.cli.baseline import baseline
    from encaudit.cli.check import check
    from encaudit.cli.compare import compare
    from encaudit.cli.explain import explain
    from encaudit.cli.fetch import fetch
    from encaudit.cli.probe import probe
    from encaudit.cli.select import select
    from encaudit.cli.study import study
    from encaudit.cli.train import train

    app.command()(probe)
    app.command()(explain)
    app.command()(select)
    app.command()(study)
    app.command()(train)
    app.command()(fetch)
    app.command()(compare)
    app.command()(check)
    app.command()(baseline)


_register()


def main() -> None:
    """Run the command line; every error the user can mend is one sentence on stderr and exit code 2."""
    end_on_signals()
    _collect_rarely()
    try:
        code = app(standalone_mode=False)
    except SystemExit as stopped:
        code = stopped.code
    except StoppedError as stopped:
        if not _who():
            tell(f"encaudit: {stopped}")
        sys.exit(stopped.asked_by if isinstance(stopped.asked_by, int) else INTERRUPTED)
    except EncauditError as error:
        code = _refuse(str(error))
    except OSError as error:
        code = _refuse(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except Exception as error:
        code = received() or _of_usage(error) or _own_fault(error)
    if isinstance(code, int) and code > 128 and not _who():
        tell(f"encaudit: interrupted; {what_is_left()}.")
    sys.exit(code if isinstance(code, int) else FINE)


def _collect_rarely() -> None:
    """Spare the garbage collector what imports leave behind: half a million objects that live as long as the program.

    Looking through them again and again took a second of the shortest audit, and another one at its end.
    """
    gc.set_threshold(10_000, 10, 10)
    atexit.register(gc.freeze)


def _refuse(sentence: str) -> int:
    tell(f"encaudit: {_who()}{' '.join(sentence.split())}")
    return BAD_INPUT


def _who() -> str:
    """Return which process of several this is, nothing for the first; torchrun tells."""
    number = os.environ.get("RANK", "0") if "TORCHELASTIC_RUN_ID" in os.environ else "0"
    return "" if number == "0" else f"rank {number}: "


def _of_usage(error: Exception) -> int | None:
    """Treat what typer raises for a command line that does not parse; its classes have no public names."""
    if not hasattr(error, "format_message"):
        return None
    command = getattr(getattr(error, "ctx", None), "command_path", "encaudit")
    if len(sys.argv) == 1:
        print(error.format_message())
        return BAD_INPUT
    said = error.format_message().replace("Value error, ", "").rstrip(".")  # how pydantic begins what typer asks it
    return _refuse(f"{said}. Type {command} --help for what there is.")


def _own_fault(error: Exception) -> int:
    import traceback

    with telling():
        traceback.print_exception(error)
    tell(
        f"encaudit: this is a defect of encaudit, not of your input ({type(error).__name__}: {error}). "
        "Please report it with the lines above."
    )
    return OUR_FAULT
