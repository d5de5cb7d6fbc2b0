"""A run that differs by more than its seed is named, with what differs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from encaudit.audits.other_run import of_the_other_run
from encaudit.encoders import OpenedEncoder, open_encoder
from encaudit.encoders.given import opened_object
from encaudit.encoders.vae import ImageVAE, VaeArchitecture, save_vae
from tests.fresh_run import FreshRun, write_run


def said(one: FreshRun, other: FreshRun) -> list[str]:
    found = of_the_other_run(*(open_encoder(str(run.checkpoint)) for run in (one, other)))
    assert {each.code for each in found} <= {"other-seed-differs"}
    return [each.text for each in found]


@pytest.fixture
def run(tmp_path: Path) -> FreshRun:
    return write_run(tmp_path / "run")


def test_another_seed_alone_is_not_named(run: FreshRun, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", seed=1)
    other.config["dataset_args"]["particles"] = "/another/machine/particles.mrcs"
    other.config["dataset_args"]["norm"] = [0.001, 25.0001]
    other.save_config()
    assert said(run, other) == []
    assert of_the_other_run(open_encoder(str(run.checkpoint)), None) == []


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"zdim": 5}, "z dimension (3 and 5)"),
        ({"layers": 3}, "encoder (resid of 2 layers of 16 and resid of 3 layers of 16), decoder (2 layers of 16 and 3"),
        ({"dim": 8}, "encoder (resid of 2 layers of 16 and resid of 2 layers of 8)"),
        ({"mode": "mlp"}, "encoder (resid of 2 layers of 16 and mlp of 2"),
        ({"box": 12}, "box (16 pixels and 12 pixels)"),
        ({"enc_mask": 5}, "mask of the encoder (8 pixels and 5 pixels)"),
    ],
)
def test_another_network_is_named(run: FreshRun, tmp_path: Path, sizes: dict, words: str) -> None:
    (text,) = said(run, write_run(tmp_path / "other", seed=1, **sizes))
    assert words in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(particles="/data/others.mrcs"), "particles (particles.mrcs and others.mrcs)"),
        (lambda data: data.update(ind="/data/half.pkl"), "rows trained on (all and half.pkl)"),
        (lambda data: data.update(norm=[0.0, 30.0]), "spread of the images (25 and 30)"),
    ],
)
def test_other_images_are_named(run: FreshRun, tmp_path: Path, change: Callable[[dict], None], words: str) -> None:
    other = write_run(tmp_path / "other", seed=1)
    change(other.config["dataset_args"])
    other.save_config()
    (text,) = said(run, other)
    assert f"audited one: {words}. How far" in text


def test_image_vaes_and_networks_of_the_users_are_compared_by_what_is_known(tmp_path: Path) -> None:
    opened = []
    for widths in ((8, 8), (8,)):
        save_vae(tmp_path / "vae.pt", ImageVAE(VaeArchitecture((4, 4), 2, widths, (6,))))
        opened.append(open_encoder(str(tmp_path / "vae.pt")))
    (found,) = of_the_other_run(*opened)
    assert "one: encoder (8 x 8 and 8). How" in found.text

    own = []
    for width in (2, 3):
        encoder = opened_object(lambda images, d=width: images.flatten(1)[:, :d], "own", "cpu")
        encoder.latent_dim = width
        own.append(OpenedEncoder(encoder, "module", None))
    (found,) = of_the_other_run(*own)
    assert "one: z dimension (2 and 3). How" in found.text
    assert of_the_other_run(own[0], own[0]) == []
