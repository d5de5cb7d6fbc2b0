"""A lookup table as an encoder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import OpenedCryodrgn, open_encoder
from encaudit.encoders.table import Table, TableEncoder, VolumeTable
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.types import BatchDecoder, Reinitializable, Renderer
from tests.fresh_run import FreshRun

ROWS = torch.tensor([5, 2, 29])


def with_table(run: FreshRun, path: Path, **changes: object) -> Path:
    """A checkpoint of a table of three images beside the config of the run."""
    content = torch.load(run.checkpoint)
    rng = torch.Generator().manual_seed(0)
    table = Table(ROWS, torch.randn(3, 3, generator=rng), torch.randn(3, 3, generator=rng)).checkpoint()
    table["table"] |= changes.pop("table", {})
    torch.save(content | table | changes, path)
    return path


def test_a_table_is_recognized_by_its_content(run: FreshRun) -> None:
    path = with_table(run, run.folder / "weights.7.pkl")
    opened = open_encoder(str(path))
    assert isinstance(opened, OpenedCryodrgn)
    assert opened.kind == "table"
    assert isinstance(opened.encoder, VolumeTable)
    with pytest.raises(InputError, match="is a table checkpoint, not a cryodrgn one"):
        open_encoder(str(path), kind="cryodrgn")
    with pytest.raises(InputError, match="is a cryodrgn checkpoint, not a table one"):
        open_encoder(str(run.checkpoint), kind="table")


def test_it_gives_an_image_the_latents_of_its_stack_row(run: FreshRun) -> None:
    encoder = open_encoder(str(with_table(run, run.folder / "weights.7.pkl"))).encoder
    saved = torch.load(run.folder / "weights.7.pkl")["table"]
    batch = open_stack(run.particles).read(np.array([29, 5]))
    for images in (batch.images, batch.images.roll(1, -1), torch.zeros_like(batch.images)):
        q = encoder.encode(batch.with_(images=images))
        assert q.mu.equal(saved["mu"][[2, 0]])
        assert q.logvar is not None
        assert q.logvar.equal(saved["logvar"][[2, 0]])


def test_an_image_that_it_does_not_know_is_named(run: FreshRun) -> None:
    encoder = open_encoder(str(with_table(run, run.folder / "weights.7.pkl"))).encoder
    with pytest.raises(InputError, match=r"no latents of image 3.*3 others.*--ind"):
        encoder.encode(open_stack(run.particles).read(np.array([2, 3])))


def test_its_decoder_is_that_of_the_network(run: FreshRun) -> None:
    table = open_encoder(str(with_table(run, run.folder / "weights.7.pkl"))).encoder
    network = open_encoder(str(run.checkpoint)).encoder
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    batch = stack.read(ROWS.numpy())
    q = table.encode(batch)
    assert isinstance(table, Renderer) and isinstance(network, Renderer)
    assert isinstance(table, BatchDecoder) and isinstance(network, BatchDecoder)
    assert not isinstance(table, Reinitializable)  # there is no architecture to begin anew
    assert table.noise_model == network.noise_model
    assert table.render(batch, q.mu).equal(network.render(batch, q.mu))
    assert table.simulate(batch, q.mu, seed=3).equal(network.simulate(batch, q.mu, seed=3))
    assert table.elbo(batch, q, seed=3).equal(network.elbo(batch, q, seed=3))
    z = q.mu[0].numpy()
    np.testing.assert_array_equal(table.decode_volume(z, 8), network.decode_volume(z, 8))
    np.testing.assert_array_equal(next(iter(table.decode_volumes(z[None], 8))), network.decode_volume(z, 8))


def test_a_table_needs_no_decoder() -> None:
    encoder = TableEncoder(Table(ROWS, torch.zeros(3, 2), torch.zeros(3, 2)))
    assert encoder.latent_dim == 2
    assert not isinstance(encoder, Renderer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encaudit": {"kind": "table", "version": 9}}, "version 9"),
        ({"table": {"mu": torch.zeros(4, 3)}}, "damaged table"),
        ({"table": {"index": torch.tensor([1, 1, 2])}}, "damaged table"),
        ({"table": {"index": torch.tensor([1.0, 2.0, 3.0])}}, "damaged table"),
        ({"table": {"logvar": "none"}}, "and has none"),
    ],
)
def test_a_damaged_table_is_refused(changes: dict, words: str, run: FreshRun) -> None:
    path = with_table(run, run.folder / "weights.7.pkl", **changes)
    with pytest.raises(InputError, match=words):
        open_encoder(str(path))
