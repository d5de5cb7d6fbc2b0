"""`encaudit explain` as a user types it."""

import subprocess
import sys

import pytest

from encaudit.cli import main
from encaudit.explain import explain


def typed(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "explain", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_a_name_is_explained_on_standard_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    assert typed("scatters", monkeypatch=monkeypatch) == 0
    captured = capsys.readouterr()
    assert captured.out == explain("scatters") + "\n"
    assert captured.err == ""


def test_without_a_name_all_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    assert typed(monkeypatch=monkeypatch) == 0
    assert "pair_auc" in capsys.readouterr().out


def test_an_unknown_name_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    assert typed("retrieval", monkeypatch=monkeypatch) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("encaudit: Unknown name 'retrieval'. Did you mean 'retrieval_rank'?")
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["explain", "pair_auc"], ["explain"], ["explain", "roll1"], ["--help"]])
def test_explaining_loads_no_torch(arguments: list[str]) -> None:
    heavy = "torch", "umap", "matplotlib", "cryodrgn"
    code = (
        f"import sys; sys.argv = ['encaudit', *{arguments}]\n"
        "from encaudit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"assert not set(sys.modules) & set({heavy}), set(sys.modules) & set({heavy})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
