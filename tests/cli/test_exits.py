"""Exit codes tell a user's mistake from ours."""

import sys

import pytest

import encaudit.cli
from encaudit.errors import InputError


@pytest.mark.parametrize(("raised", "code"), [(InputError("bad"), 2), (KeyboardInterrupt(), 2), (RuntimeError("x"), 3)])
def test_what_is_raised_decides_the_code(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fail() -> None:
        raise raised

    monkeypatch.setattr(encaudit.cli, "app", fail)
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert stopped.value.code == code
    assert ("Traceback" in capsys.readouterr().err) == (code == 3)


def test_a_misspelt_option_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["encaudit", "probe", "x", "--sed", "1"])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert stopped.value.code == 2
