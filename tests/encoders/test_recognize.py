"""Checkpoints are recognized by content, and those without an encoder are told what they are."""

from pathlib import Path

import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.encoders.recognize import last_checkpoint
from encaudit.errors import InputError, NoEncoderError, UnknownNameError
from tests.fresh_run import FreshRun


def test_a_run_folder_means_its_final_checkpoint_else_the_highest_numbered(run: FreshRun) -> None:
    for epoch in (2, 10, 9):
        (run.folder / f"weights.{epoch}.pkl").write_bytes(run.checkpoint.read_bytes())
    assert last_checkpoint(run.folder).name == "weights.pkl"
    run.checkpoint.unlink()
    assert last_checkpoint(run.folder).name == "weights.10.pkl"
    assert open_encoder(str(run.folder)).checkpoint == run.folder / "weights.10.pkl"


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"weights\.pkl and weights\.N\.pkl"):
        open_encoder(str(tmp_path))


def test_the_name_of_a_checkpoint_does_not_matter(run: FreshRun) -> None:
    renamed = run.folder / "ckpt.pkl"
    run.checkpoint.rename(renamed)
    assert open_encoder(str(renamed)).kind == "cryodrgn"


def save(path: Path, *names: str) -> str:
    torch.save({"epoch": 1, "model_state_dict": {name: torch.zeros(1) for name in names}}, path)
    return str(path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("decoder.main.0.weight", "rand_freqs"), "train_dec"),
        (("hypervolume.mlp.0.weight", "conf_table.table_conf"), r"abinit`: it has no encoder.*z\.N\.pkl"),
        (("hypervolume.mlp.0.weight", "conf_cnn.0.weight", "conf_regressor.0.weight"), "use-conf-encoder"),
    ],
)
def test_a_checkpoint_without_a_usable_encoder_says_so_and_what_to_do(tmp_path: Path, names: tuple, said: str) -> None:
    with pytest.raises(NoEncoderError, match=said):
        open_encoder(save(tmp_path / "weights.pkl", *names))


def test_a_bare_state_dict_points_to_the_module_form(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="module:your"):
        open_encoder(str(path))


def test_a_missing_checkpoint_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No checkpoint at .*run folder"):
        open_encoder(str(tmp_path / "weights.9.pkl"))


def test_an_unknown_kind_offers_the_nearest(run: FreshRun) -> None:
    with pytest.raises(UnknownNameError, match="'cryodrgn'"):
        open_encoder(str(run.checkpoint), kind="cryodgrn")


def test_a_config_beside_is_found_by_the_name_of_the_checkpoint(run: FreshRun) -> None:
    (run.folder / "config.yaml").rename(run.folder / "het_config.yaml")
    with pytest.raises(InputError, match="--config"):
        open_encoder(str(run.checkpoint))
    run.checkpoint.rename(run.folder / "het_weights.pkl")
    assert open_encoder(str(run.folder / "het_weights.pkl")).kind == "cryodrgn"


def test_a_zip_with_a_broken_directory_is_refused(run: FreshRun) -> None:
    content = bytearray(run.checkpoint.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory : directory + 4] = b"XXXX"
    run.checkpoint.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.pkl cannot be read"):
        open_encoder(str(run.checkpoint))


@pytest.mark.parametrize("content", [{"model_state_dict": {}}, {}, [1, 2], torch.zeros(3)], ids=str)
@pytest.mark.parametrize("kind", [None, "vae", "cryodrgn"])
def test_a_file_without_weights_is_refused_under_any_kind(tmp_path: Path, content: object, kind: str | None) -> None:
    torch.save(content, tmp_path / "weights.pkl")
    with pytest.raises(InputError):
        open_encoder(str(tmp_path / "weights.pkl"), kind=kind)


def test_an_override_that_contradicts_what_is_named_is_refused(run: FreshRun) -> None:
    with pytest.raises(InputError, match="is a module, not a cryodrgn checkpoint"):
        open_encoder("module:anything:build", kind="cryodrgn")
    with pytest.raises(InputError, match="not a checkpoint of encaudit's VAE"):
        open_encoder(str(run.checkpoint), kind="vae")
    torch.save({"encaudit": {"kind": "vae"}}, run.checkpoint)
    with pytest.raises(InputError, match="is a vae checkpoint"):
        open_encoder(str(run.checkpoint), kind="cryodrgn")


def test_what_the_file_system_refuses_is_said(run: FreshRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="name too long"):
        open_encoder("x" * 5000)
    with pytest.raises(InputError, match="name too long"):
        open_encoder(str(run.checkpoint), config=Path("x" * 5000))

    def refuse(*_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied")

    for method, said in (
        ("open", r"weights\.pkl cannot be read: Permission denied"),
        ("is_file", "Permission denied"),
        ("is_dir", "Permission denied"),
        ("read_text", r"config\.yaml cannot be read: Permission denied"),
    ):
        monkeypatch.setattr(Path, method, refuse)
        with pytest.raises(InputError, match=said):
            open_encoder(str(run.checkpoint))
        monkeypatch.undo()
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        last_checkpoint(run.folder)
