"""Progress is for people: on a terminal it counts, elsewhere it is silent."""

import io

import pytest
from rich.console import Console

from encaudit.cli import progress
from encaudit.cli.progress import Progress


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> str:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=terminal, width=120))
    with Progress() as bars:
        bars.stage("Encoding", unit="images")
        bars.advance_to(50, 200)
        bars._bars.refresh()
        bars.stage("Measuring")
        bars.note("roll1: cka")
        bars._bars.refresh()
    return screen.getvalue()


def test_a_terminal_sees_the_stage_and_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, terminal=True)
    assert "Encoding" in text
    assert "50/200" in text
    assert "roll1: cka" in text
    assert "/?" not in text


def test_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, terminal=False).strip() == ""


@pytest.mark.parametrize("shown", [True, False])
def test_what_has_to_be_read_is_said_in_a_file_too_but_by_one_process_only(
    shown: bool, capsys: pytest.CaptureFixture
) -> None:
    with Progress(shown=shown) as bars:
        bars.say("[3] chunks " + "were dropped " * 20)
        bars.say(None)
    said = capsys.readouterr().err
    assert said == ("note: [3] chunks " + "were dropped " * 20 + "\n" if shown else "")
