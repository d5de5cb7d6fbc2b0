"""cryoDRGN's encoder, held to cryoDRGN's own functions."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import OpenedCryodrgn, open_encoder
from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.types import Decoder, ImageBatch, PixelMoments, Reinitializable, Stack
from tests.fresh_run import FreshRun, fresh_model, write_run


def stack_of(run: FreshRun, **options: object) -> Stack:
    return open_stack(
        str(run.particles), poses=str(run.folder / "poses.pkl"), ctf=str(run.folder / "ctf.pkl"), **options
    )


def everything(stack: Stack) -> ImageBatch:
    return stack.read(np.arange(len(stack.index)))


def encoder_of(run: FreshRun) -> CryodrgnEncoder:
    encoder = open_encoder(str(run.checkpoint)).encoder
    assert isinstance(encoder, CryodrgnEncoder)
    return encoder


def cryodrgn_eval_z(run: FreshRun) -> tuple[np.ndarray, np.ndarray]:
    """What `cryodrgn train_vae` itself would save as z.pkl."""
    from cryodrgn.commands.train_vae import eval_z
    from cryodrgn.ctf import load_ctf_for_training
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.lattice import Lattice
    from cryodrgn.pose import PoseTracker

    args = run.config["dataset_args"]
    data = ImageDataset(
        str(run.particles),
        norm=args["norm"],
        invert_data=args["invert_data"],
        window=args["window"],
        window_r=args["window_r"],
        max_threads=1,
    )
    model = fresh_model(run.config).eval()
    trans = PoseTracker.load(str(run.folder / "poses.pkl"), data.N, data.D).trans
    ctf = torch.tensor(load_ctf_for_training(data.D - 1, str(run.folder / "ctf.pkl")))
    with torch.no_grad():
        return eval_z(model, Lattice(data.D), data, 8, torch.device("cpu"), trans=trans, ctf_params=ctf)


@pytest.mark.parametrize(("mode", "enc_mask"), [("resid", None), ("mlp", None), ("resid", 5), ("resid", -1)])
def test_the_z_that_cryodrgn_would_save_is_reproduced(tmp_path: Path, mode: str, enc_mask: int | None) -> None:
    run = write_run(tmp_path, mode=mode, enc_mask=enc_mask)
    mu, logvar = cryodrgn_eval_z(run)
    posterior = encoder_of(run).encode(everything(stack_of(run)))
    assert mu.std() > 1e-3
    np.testing.assert_allclose(posterior.mu, mu, atol=2e-6)
    np.testing.assert_allclose(posterior.logvar, logvar, atol=2e-6)


@pytest.mark.parametrize("change", [{"invert_data": False}, {"window": False}, {"window_r": 0.5}, {"norm": [1.0, 9.0]}])
def test_the_preparation_of_pixels_is_the_configs(run: FreshRun, change: dict) -> None:
    before = encoder_of(run).encode(everything(stack_of(run))).mu
    run.config["dataset_args"] |= change
    run.save_config()
    mu, _ = cryodrgn_eval_z(run)
    after = encoder_of(run).encode(everything(stack_of(run))).mu
    np.testing.assert_allclose(after, mu, atol=2e-6)
    assert not np.allclose(before, after, atol=1e-3)


def test_translation_and_ctf_are_part_of_the_input(run: FreshRun) -> None:
    encoder, batch = encoder_of(run), everything(stack_of(run))
    full = encoder.encode(batch).mu
    assert not np.allclose(full, encoder.encode(batch.with_(shift_px=None)).mu, atol=1e-3)
    assert not np.allclose(full, encoder.encode(batch.with_(ctf=None)).mu, atol=1e-3)


def test_one_by_one_or_together_the_latents_are_the_same(run: FreshRun) -> None:
    encoder, stack = encoder_of(run), stack_of(run)
    together = encoder.encode(everything(stack)).mu
    one_by_one = torch.cat([encoder.encode(stack.read(np.array([i]))).mu for i in range(len(stack.index))])
    np.testing.assert_allclose(one_by_one, together, atol=2e-6)


def test_encoding_leaves_the_batch_as_it_was(run: FreshRun) -> None:
    batch = everything(stack_of(run))
    pixels = batch.images.clone()
    encoder_of(run).encode(batch)
    assert torch.equal(batch.images, pixels)


def test_images_of_another_box_are_refused_with_both_sizes(run: FreshRun) -> None:
    batch = ImageBatch(torch.zeros(2, 20, 20), torch.arange(2))
    with pytest.raises(InputError, match=r"20 x 20 pixels.*16 x 16"):
        encoder_of(run).encode(batch)


def test_a_tilt_series_gets_the_latent_that_cryodrgn_gives_it(tmp_path: Path) -> None:
    run = write_run(tmp_path, mode="tilt", n=30)
    stack = stack_of(run)
    flat = everything(stack)
    b = ImageBatch(
        flat.images.reshape(10, 3, 16, 16),
        torch.arange(10),
        flat.shift_px.reshape(10, 3, 2),
        flat.ctf.reshape(10, 3, 8),
    )
    encoder = encoder_of(run)
    assert encoder.config.ntilts == 3
    # cryoDRGN feeds the same prepared images, tilt after tilt, to one network.
    with torch.no_grad():
        expected = fresh_model(run.config).eval().encoder(encoder.network_input(flat))
    np.testing.assert_allclose(encoder.encode(b).mu, expected[:, :3], atol=2e-6)
    with pytest.raises(InputError, match="3 x 16 x 16"):
        encoder.encode(flat)


def test_the_convolutional_encoder_sees_windowed_pixels_in_units_of_the_stack(tmp_path: Path) -> None:
    run = write_run(tmp_path, mode="conv", box=64, n=4)
    moments = PixelMoments(0.25, 1.5)
    batch = everything(stack_of(run)).with_(moments=moments)
    encoder = encoder_of(run)
    from cryodrgn.masking import spherical_window_mask

    seen = (-batch.images * spherical_window_mask(D=64, in_rad=0.85, out_rad=0.99) - 0.25) / 1.5
    with torch.no_grad():
        expected = fresh_model(run.config).eval().encoder(seen)
    np.testing.assert_allclose(encoder.encode(batch).mu, expected[:, :3], atol=2e-6)
    with pytest.raises(InputError, match="moments"):
        encoder.encode(batch.with_(moments=None))


def test_an_untrained_copy_has_the_architecture_but_other_weights_by_seed(run: FreshRun) -> None:
    encoder, batch = encoder_of(run), everything(stack_of(run))
    assert isinstance(encoder, Reinitializable)
    trained, first, again, other = (
        e.encode(batch).mu for e in (encoder, encoder.untrained(1), encoder.untrained(1), encoder.untrained(2))
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, trained, atol=1e-3)
    assert not torch.allclose(first, other, atol=1e-3)


def test_volumes_are_cryodrgns(run: FreshRun) -> None:
    encoder = encoder_of(run)
    assert isinstance(encoder, Decoder)
    model, z = fresh_model(run.config).eval(), np.array([0.3, -1.0, 0.5], dtype=np.float32)
    lattice = model.lattice
    expected = model.decoder.eval_volume(lattice.coords, lattice.D, lattice.extent, (0.0, 25.0), z)
    np.testing.assert_allclose(encoder.decode_volume(z), expected, atol=1e-6)
    small = model.decoder.eval_volume(lattice.get_downsample_coords(9), 9, lattice.extent * 8 / 16, (0.0, 25.0), z)
    np.testing.assert_allclose(encoder.decode_volume(z, 8), small, atol=1e-6)
    with pytest.raises(InputError, match="volume-box 18"):
        encoder.decode_volume(z, 18)


def test_a_config_of_another_run_is_refused_and_the_shape_named(run: FreshRun) -> None:
    run.config["lattice_args"]["D"] = 33
    run.config["model_args"]["enc_mask"] = 16
    run.save_config()
    with pytest.raises(InputError, match=r"encoder\.main\.0\.linear\.weight|encoder\.main\.0\.weight is \(16, 196\)"):
        encoder_of(run)


def test_a_config_of_a_deeper_network_is_refused(run: FreshRun) -> None:
    run.config["model_args"]["qlayers"] = 3
    run.save_config()
    with pytest.raises(InputError, match="disagrees with the weights"):
        encoder_of(run)


def test_a_config_pkl_of_1x_reads_like_the_yaml(run: FreshRun) -> None:
    mu = encoder_of(run).encode(everything(stack_of(run))).mu
    old = run.config
    for newer in ("activation", "pe_dim", "tilt_params"):
        del old["model_args"][newer]
    (run.folder / "config.yaml").unlink()
    with (run.folder / "config.pkl").open("wb") as file:
        pickle.dump(old, file)
        pickle.dump({"cmd": ["train_vae.py"], "time": 1.0}, file)
    opened = open_encoder(str(run.folder))
    assert isinstance(opened, OpenedCryodrgn)
    assert opened.config_path.name == "config.pkl"
    np.testing.assert_array_equal(opened.encoder.encode(everything(stack_of(run))).mu, mu)


def test_weights_saved_on_a_gpu_load_on_the_cpu(run: FreshRun, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file saved on CUDA says so in each storage's location tag; written here without a GPU.
    monkeypatch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
    content = torch.load(run.checkpoint, weights_only=True)
    torch.save(content, run.checkpoint)
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(run.checkpoint, weights_only=True)
    assert encoder_of(run).encode(everything(stack_of(run))).mu.device.type == "cpu"


def test_the_saved_z_of_a_real_run_is_reproduced(shared_data: Path) -> None:
    folder = shared_data / "ribosome"
    stack = open_stack(str(folder / "particles.mrcs"), poses=str(folder / "poses.pkl"), ctf=str(folder / "ctf.pkl"))
    with (folder / "run" / "z.16.pkl").open("rb") as file:
        mu, logvar = pickle.load(file), pickle.load(file)
    posterior = open_encoder(str(folder / "run" / "weights.16.pkl")).encoder.encode(everything(stack))
    np.testing.assert_allclose(posterior.mu, mu, atol=1e-5)
    np.testing.assert_allclose(posterior.logvar, logvar, atol=1e-5)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "is a int"),
        (np.zeros((16, 16)), "is a ndarray"),
        (torch.zeros(2, 2).to_sparse(), "sparse"),
        (torch.zeros(2, 2, device="meta"), "meta"),
        (torch.zeros(2, 2, dtype=torch.complex64), "complex64"),
    ],
    ids=["int", "numpy", "sparse", "meta", "complex"],
)
def test_weights_that_are_no_real_tensors_are_refused_by_name(run: FreshRun, value: object, said: str) -> None:
    opened = open_encoder(str(run.checkpoint))
    assert isinstance(opened, OpenedCryodrgn)
    state = torch.load(run.checkpoint, weights_only=True)["model_state_dict"]
    name = next(iter(state))
    with pytest.raises(InputError, match=said):
        CryodrgnEncoder(opened.config, state | {name: value})
    with pytest.raises(InputError, match="named by a int"):
        CryodrgnEncoder(opened.config, {5: torch.zeros(1)} | state)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, TypeError, AssertionError, MemoryError, KeyError])
def test_a_network_that_cryodrgn_cannot_build_is_refused_with_its_config(
    run: FreshRun, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    from cryodrgn.models import HetOnlyVAE

    def fail(*_: object, **__: object) -> None:
        raise kind("no such\nnetwork")

    monkeypatch.setattr(HetOnlyVAE, "load", fail)
    with pytest.raises(InputError, match=rf"config\.yaml describes no network.*{kind.__name__}: .*no such"):
        encoder_of(run)


def test_a_seed_of_more_bits_than_torch_takes_is_no_error(run: FreshRun) -> None:
    encoder, batch = encoder_of(run), everything(stack_of(run))
    assert torch.equal(encoder.untrained(2**64 + 3).encode(batch).mu, encoder.untrained(3).encode(batch).mu)
