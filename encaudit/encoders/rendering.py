"""Can the decoder of this encoder be asked for images of these observations?"""

from collections.abc import Callable

import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.types import Encoder, ImageBatch, Posterior, Renderer

NO_DECODER = "the encoder has no decoder that encaudit can ask for images"


def why_not_rendered(encoder: Encoder, batch: ImageBatch) -> str | None:
    """Say why the decoder gives no images of these observations; None where it does. Asked of one of them."""
    return _refusal(encoder, batch, lambda decoder, one, z: decoder.render(one, z))


def why_not_likely(encoder: Encoder, batch: ImageBatch) -> str | None:
    """Say why the decoder gives no likelihood of these observations; None where it does. Asked of one of them."""
    return _refusal(
        encoder, batch, lambda decoder, one, z: decoder.elbo(one, Posterior(z, torch.zeros_like(z)), seed=0)
    )


def _refusal(encoder: Encoder, batch: ImageBatch, ask: Callable[[Renderer, ImageBatch, Tensor], Tensor]) -> str | None:
    if not isinstance(encoder, Renderer):
        return NO_DECODER
    one = batch.select(torch.zeros(1, dtype=torch.long))
    try:
        ask(encoder, one, torch.zeros(1, encoder.latent_dim))
    except InputError as error:
        return str(error)
    return None
