from pathlib import Path
from typing import Any

import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.encoders.vae import ImageVAE, VaeArchitecture, VaeEncoder, save_vae, vae_from_checkpoint
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior, Reinitializable, Renderer

SHAPES = [(8, 8), (9, 7), (3, 6, 6)]


def encoder(image_shape: tuple[int, ...] = (8, 8), **layers: Any) -> VaeEncoder:
    return VaeEncoder(ImageVAE(VaeArchitecture(image_shape, **layers))).untrained(seed=1)


def images(count: int = 7, image_shape: tuple[int, ...] = (8, 8)) -> ImageBatch:
    pixels = torch.rand(count, *image_shape, generator=torch.Generator().manual_seed(2))
    return ImageBatch(pixels, torch.arange(count))


def checkpoint(tmp_path: Path) -> dict[str, Any]:
    save_vae(tmp_path / "vae.pt", encoder().model, {"seed": 1})
    content: dict[str, Any] = torch.load(tmp_path / "vae.pt", weights_only=True)
    return content


@pytest.mark.parametrize("image_shape", SHAPES)
def test_each_image_gets_mu_and_logvar_and_each_latent_an_image(image_shape: tuple[int, ...]) -> None:
    vae = encoder(image_shape, latent_dim=3)
    q = vae.encode(images(7, image_shape))
    assert q.logvar is not None
    assert q.mu.shape == q.logvar.shape == (7, 3) and vae.latent_dim == 3
    decoded = vae.decode(q.mu)
    assert decoded.shape == (7, *image_shape)
    assert decoded.min() >= 0 and decoded.max() <= 1
    assert not (q.mu.requires_grad or q.logvar.requires_grad or decoded.requires_grad)


def test_the_default_layers_are_those_of_the_papers_code_and_its_text_can_be_had() -> None:
    code = ImageVAE(VaeArchitecture((28, 28)))
    text = ImageVAE(VaeArchitecture((28, 28), encoder_layers=(256, 256, 256)))
    weights = [tuple(p.shape) for name, p in code.named_parameters() if name.endswith("weight")]
    assert weights == [(256, 784), (256, 256), (2, 256), (2, 256), (256, 2), (256, 256), (784, 256)]
    assert len(list(text.encoder.parameters())) == 6


def test_latents_do_not_depend_on_the_split_into_batches() -> None:
    vae, batch = encoder(), images(7)
    whole = vae.encode(batch)
    for size in (1, 3):
        parts = [vae.encode(batch.select(rows)) for rows in torch.arange(7).split(size)]
        torch.testing.assert_close(torch.cat([part.mu for part in parts]), whole.mu, atol=1e-6, rtol=0)


def test_images_of_another_size_are_refused_with_both_sizes() -> None:
    with pytest.raises(InputError, match=r"28 x 28 pixels.*trained on 8 x 8"):
        encoder().encode(images(2, (28, 28)))
    with pytest.raises(InputError, match="4 x 16"):
        encoder().encode(images(2, (4, 16)))


def test_an_untrained_copy_follows_from_its_seed_alone() -> None:
    trained, batch = encoder(), images()
    assert isinstance(trained, Reinitializable)
    state = torch.random.get_rng_state()
    first, again, other = (trained.untrained(seed).encode(batch).mu for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, trained.encode(batch).mu)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("image_shape", SHAPES)
def test_a_saved_vae_encodes_and_decodes_as_before(image_shape: tuple[int, ...], tmp_path: Path) -> None:
    before, batch = encoder(image_shape, encoder_layers=(16, 8, 4), decoder_layers=(5,)), images(4, image_shape)
    save_vae(tmp_path / "vae.pt", before.model)
    after = vae_from_checkpoint(torch.load(tmp_path / "vae.pt", weights_only=True))
    assert after.model.architecture == before.model.architecture
    assert torch.equal(after.encode(batch).mu, before.encode(batch).mu)
    assert torch.equal(after.decode(torch.ones(1, 2)), before.decode(torch.ones(1, 2)))


def test_a_saved_vae_is_recognized_by_its_content(tmp_path: Path) -> None:
    save_vae(tmp_path / "some.name", encoder().model)
    opened = open_encoder(str(tmp_path / "some.name"))
    assert opened.kind == "vae"
    assert torch.equal(opened.encoder.encode(images()).mu, encoder().encode(images()).mu)


def test_saving_twice_gives_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    save_vae(tmp_path / "a.pt", encoder().model, {"seed": 1})
    save_vae(tmp_path / "another.pt", encoder().model, {"seed": 1})
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()


def test_a_save_that_fails_leaves_the_old_checkpoint_and_nothing_else(tmp_path: Path) -> None:
    save_vae(tmp_path / "vae.pt", encoder().model)
    old = (tmp_path / "vae.pt").read_bytes()
    with pytest.raises(Exception, match="pickle"):
        save_vae(tmp_path / "vae.pt", encoder().model, {"not plain": lambda: None})
    assert [path.name for path in tmp_path.iterdir()] == ["vae.pt"]
    assert (tmp_path / "vae.pt").read_bytes() == old


def test_what_was_said_of_the_training_is_kept(tmp_path: Path) -> None:
    assert checkpoint(tmp_path)["training"] == {"seed": 1}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"encaudit": {"kind": "vlt", "version": 1}}, "not a checkpoint of encaudit's VAE"),
        ({"encaudit": None}, "not a checkpoint of encaudit's VAE"),
        ({"encaudit": {"kind": "vae", "version": 2}}, "version 2; this encaudit reads version 1"),
        ({"image_shape": (9, 9)}, "do not fit"),
        ({"image_shape": None}, "do not fit"),
        ({"architecture": {"latent_dim": 2}}, "do not fit"),
        ({"model_state_dict": {}}, "do not fit"),
        ({"model_state_dict": None}, "do not fit"),
        ({"model_state_dict": {"mu.weight": 5}}, "mu.weight is a int"),
        ({"image_shape": (0, 8)}, "a size is 0"),
        ({"image_shape": (64,)}, "1 axes"),
        ({"architecture": {"latent_dim": 0, "encoder_layers": (256, 256), "decoder_layers": ()}}, "a size is 0"),
        ({"architecture": {"latent_dim": -2, "encoder_layers": (256, 256), "decoder_layers": ()}}, "a size is -2"),
        ({"architecture": {"latent_dim": 2, "encoder_layers": (2**40,), "decoder_layers": (2**70,)}}, "do not fit"),
        ({"architecture": 5}, "do not fit"),
        ({"encaudit": {"kind": "vae", "version": torch.ones(2)}}, "this encaudit reads version 1"),
        ({"encaudit": {"kind": torch.ones(2), "version": 1}}, "not a checkpoint of encaudit's VAE"),
    ],
)
def test_a_checkpoint_that_is_something_else_is_refused(change: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=complaint):
        vae_from_checkpoint(checkpoint(tmp_path) | change)


def test_a_checkpoint_without_a_part_is_refused(tmp_path: Path) -> None:
    content = checkpoint(tmp_path)
    for part in ("image_shape", "architecture", "model_state_dict"):
        with pytest.raises(InputError, match=part):
            vae_from_checkpoint({name: value for name, value in content.items() if name != part})


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2], None], ids=["tensor", "list", "none"])
def test_content_that_is_no_dictionary_is_refused(content: Any) -> None:
    with pytest.raises(InputError, match=f"it holds a {type(content).__name__}"):
        vae_from_checkpoint(content)


def test_it_renders_what_it_decodes() -> None:
    vae, z = encoder(), torch.randn(7, 2)
    assert isinstance(vae, Renderer)
    assert torch.equal(vae.render(images(), z), vae.decode(z))


def test_simulated_pixels_are_white_as_often_as_the_decoder_says() -> None:
    vae, z = encoder(), torch.tensor([[2.0, -1.0]]).expand(2000, 2)
    drawn = vae.simulate(images(2000), z, seed=0)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert (drawn.mean(dim=0) - vae.decode(z[:1])[0]).abs().max() < 0.05
    order = torch.tensor([4, 2])
    assert torch.equal(vae.simulate(images(2000).select(order), z[order], seed=0), drawn[order])


def test_the_elbo_is_that_of_a_bernoulli_decoder() -> None:
    vae, batch = encoder(), images()
    mu, logvar = torch.randn(7, 2), torch.full((7, 2), -30.0)
    white = torch.distributions.Bernoulli(vae.decode(mu), validate_args=False)
    standard = torch.distributions.Normal(0.0, 1.0)
    kl = torch.distributions.kl_divergence(torch.distributions.Normal(mu, (logvar / 2).exp()), standard).sum(dim=1)
    expected = white.log_prob(batch.images).sum(dim=(1, 2)) - kl
    torch.testing.assert_close(vae.elbo(batch, Posterior(mu, logvar), seed=0), expected, rtol=1e-4, atol=1e-3)


def test_the_elbo_of_images_beyond_black_and_white_is_refused() -> None:
    batch = images()
    with pytest.raises(InputError, match=r"reach from .* to 2.*\[0, 1\]"):
        encoder().elbo(batch.with_(images=batch.images / batch.images.max() * 2), Posterior(torch.zeros(7, 2)), seed=0)
    with pytest.raises(InputError, match="28 x 28"):
        encoder().render(images(2, (28, 28)), torch.zeros(2, 2))
