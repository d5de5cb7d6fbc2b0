"""Whether a decoder can be asked is known before anything costly is done."""

from pathlib import Path

import numpy as np
import torch

from encaudit.encoders import open_encoder
from encaudit.encoders.rendering import NO_DECODER, why_not_likely, why_not_rendered
from encaudit.images import open_stack
from encaudit.types import ImageBatch, Posterior
from tests.fresh_run import FreshRun, write_run


def particles(run: FreshRun, **files: Path) -> ImageBatch:
    return open_stack(run.particles, **files).read(np.arange(3))


def test_particles_with_poses_can_be_rendered_and_judged(run: FreshRun) -> None:
    encoder, batch = open_encoder(str(run.checkpoint)).encoder, particles(run, poses=run.folder / "poses.pkl")
    assert why_not_rendered(encoder, batch) is None
    assert why_not_likely(encoder, batch) is None


def test_what_is_missing_is_said_in_a_sentence(run: FreshRun) -> None:
    encoder = open_encoder(str(run.checkpoint)).encoder
    for why_not in (why_not_rendered, why_not_likely):
        assert "--poses" in str(why_not(encoder, particles(run)))


def test_a_run_that_sets_no_noise_level_renders_but_does_not_judge(run: FreshRun) -> None:
    run.config["cmd"] = ["train_vae", "--beta", "b", "--beta-control", "0.1"]
    run.save_config()
    encoder, batch = open_encoder(str(run.checkpoint)).encoder, particles(run, poses=run.folder / "poses.pkl")
    assert why_not_rendered(encoder, batch) is None
    assert "--beta-control" in str(why_not_likely(encoder, batch))


def test_tilt_series_are_refused_by_name(tmp_path: Path) -> None:
    encoder = open_encoder(str(write_run(tmp_path, mode="tilt").checkpoint)).encoder
    batch = ImageBatch(torch.zeros(2, 3, 16, 16), torch.arange(2), pose=torch.eye(3).expand(2, 3, 3, 3))
    assert "tilt series" in str(why_not_rendered(encoder, batch))


def test_an_encoder_alone_has_no_decoder() -> None:
    class OnlyEncodes:
        latent_dim = 2

        def encode(self, batch: ImageBatch) -> Posterior:
            return Posterior(batch.images.flatten(1)[:, :2])

    batch = ImageBatch(torch.zeros(1, 4, 4), torch.arange(1))
    assert why_not_rendered(OnlyEncodes(), batch) == why_not_likely(OnlyEncodes(), batch) == NO_DECODER
