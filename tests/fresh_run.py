"""A small cryoDRGN run with fresh weights, written as cryoDRGN writes it: what most tests audit."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import torch
import yaml
from scipy.spatial.transform import Rotation


@dataclass
class FreshRun:
    """Where the files of the run are, and the arrays in them."""

    folder: Path
    config: dict[str, Any]
    images: np.ndarray
    rotations: np.ndarray
    fractions: np.ndarray
    ctf: np.ndarray

    @property
    def checkpoint(self) -> Path:
        return self.folder / "weights.pkl"

    @property
    def particles(self) -> Path:
        return self.folder / "particles.mrcs"

    def save_config(self) -> None:
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config))


def ctf_table(n: int, box: int, rng: np.random.Generator) -> np.ndarray:
    """CTF parameters whose sign changes inside the encoder's mask, with strong astigmatism at random angles."""
    defocus = rng.uniform(9_000, 20_000, n)
    columns = [
        np.full(n, box),
        np.full(n, 4.0),
        defocus,
        defocus - rng.uniform(2_000, 6_000, n),
        rng.uniform(0, 180, n),
        np.full(n, 300.0),
        np.full(n, 2.7),
        np.full(n, 0.1),
        np.zeros(n),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def config_for(
    box: int, mode: str, zdim: int, *, enc_mask: int | None = None, layers: int = 2, dim: int = 16
) -> dict[str, Any]:
    tilt = {"tdim": 12, "tlayers": 1, "t_emb_dim": 6, "ntilts": 3} if mode == "tilt" else {}
    return {
        "dataset_args": {
            "particles": "/data/elsewhere/particles.mrcs",
            "poses": "/data/elsewhere/poses.pkl",
            "ctf": "/data/elsewhere/ctf.pkl",
            "norm": [0.0, 25.0],
            "invert_data": True,
            "window": True,
            "window_r": 0.85,
            "ind": None,
            "datadir": None,
            "keepreal": mode == "conv",
            "do_pose_sgd": False,
        },
        "lattice_args": {"D": box + 1, "extent": 0.5, "ignore_DC": True},
        "model_args": {
            "qlayers": layers,
            "qdim": dim,
            "players": layers,
            "pdim": dim,
            "zdim": zdim,
            "encode_mode": mode,
            "enc_mask": -1 if mode == "conv" else box // 2 if enc_mask is None else enc_mask,
            "pe_type": "gaussian",
            "feat_sigma": 0.5,
            "pe_dim": None,
            "domain": "fourier",
            "activation": "relu",
            "tilt_params": tilt,
        },
        "seed": 0,
        "version": "4.3.1",
    }


def fresh_model(config: dict[str, Any], seed: int = 0) -> torch.nn.Module:
    from cryodrgn.models import HetOnlyVAE

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, _ = HetOnlyVAE.load(config, weights=None)
    return model


def write_run(
    folder: Path,
    *,
    n: int = 30,
    box: int = 16,
    mode: str = "resid",
    zdim: int = 3,
    enc_mask: int | None = None,
    layers: int = 2,
    dim: int = 16,
    seed: int = 0,
) -> FreshRun:
    """Write particles, poses, CTF, config and weights of a run whose config names another machine's paths.

    The ``seed`` is that of the weights; the images are the same for all.
    """
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    run = FreshRun(
        folder,
        config_for(box, mode, zdim, enc_mask=enc_mask, layers=layers, dim=dim),
        rng.normal(size=(n, box, box)).astype(np.float32),
        Rotation.random(n, rng=rng).as_matrix().astype(np.float32),
        rng.uniform(-0.1, 0.1, (n, 2)).astype(np.float32),
        ctf_table(n, box, rng),
    )
    mrcfile.write(run.particles, run.images, voxel_size=4.0, overwrite=True)
    (folder / "poses.pkl").write_bytes(pickle.dumps((run.rotations, run.fractions)))
    (folder / "ctf.pkl").write_bytes(pickle.dumps(run.ctf))
    run.save_config()
    state = fresh_model(run.config, seed).state_dict()
    torch.save({"epoch": 1, "model_state_dict": state, "optimizer_state_dict": {}}, run.checkpoint)
    return run
