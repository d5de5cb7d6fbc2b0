"""The command line. Each command is one module: it parses, calls and prints; no number is computed here."""

import signal
import sys

import typer

from encaudit import __version__
from encaudit.cli.exits import BAD_INPUT, INTERRUPTED, OUR_FAULT, TERMINATED
from encaudit.errors import EncauditError

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
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def _register() -> None:
    from encaudit.cli.probe import probe

    app.command()(probe)


_register()


def main() -> None:
    """Run the command line; every error the user can mend is one sentence on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # an exit cleans up behind itself, a kill does not
    try:
        app()
    except SystemExit as stopped:
        if stopped.code in (INTERRUPTED, TERMINATED):
            print("encaudit: interrupted; nothing was written.", file=sys.stderr)
        raise
    except EncauditError as error:
        print(f"encaudit: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except Exception as error:
        import traceback

        traceback.print_exc()
        print(
            f"encaudit: this is a defect of encaudit, not of your input ({type(error).__name__}: {error}). "
            "Please report it with the lines above.",
            file=sys.stderr,
        )
        sys.exit(OUR_FAULT)
