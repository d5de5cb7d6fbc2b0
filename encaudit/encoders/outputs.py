"""Where are the latents in what a network returned: a dictionary, or an output of transformers or diffusers?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.calling import mean_over_places

# Names under which networks return a posterior; the second may be missing.
POSTERIORS = (
    *((mean, doubt) for mean in ("mu", "mean") for doubt in ("logvar", "log_var")),
    *(("z_mean", doubt) for doubt in ("z_log_var", "z_logvar")),
)
POOLED, PLACES = "pooler_output", "last_hidden_state"
NAMES = frozenset({"latent_dist", POOLED, PLACES, *(mu for mu, _ in POSTERIORS)})


def latents_in(returned: Any) -> Any:
    """Return the latents ``b d``, or (mu, logvar), that a dictionary or an output object names; all else as it is.

    In this order: ``latent_dist`` (diffusers), mu and logvar by one of POSTERIORS, ``pooler_output``, and the mean over
    the places of ``last_hidden_state`` (transformers). What is named is flattened to ``b d``. A distribution of torch's
    gives its mean, and its standard deviation as logvar.
    """
    if returned is None or isinstance(returned, Tensor | np.ndarray):
        return returned
    if isinstance(returned, torch.distributions.Distribution):
        return _flat(returned.mean), _flat(2 * returned.stddev.log())
    distribution = _named(returned, "latent_dist")
    if distribution is not None:
        return latents_in(distribution)
    pairs = [(_tensor(returned, mu), _tensor(returned, logvar)) for mu, logvar in POSTERIORS]
    pairs = [pair for pair in pairs if isinstance(pair[0], Tensor)]
    for mu, logvar in sorted(pairs, key=lambda pair: pair[1] is None)[:1]:  # whichever has both
        return _flat(mu) if logvar is None else (_flat(mu), _flat(logvar))
    for name, pooled in ((POOLED, _flat), (PLACES, mean_over_places)):
        if isinstance(found := _tensor(returned, name), Tensor):
            return pooled(found)
    return returned


def as_tensor(part: Any) -> Any:
    """Turn an array of floats, in whatever byte order and strides, into a tensor; leave anything else as it is."""
    if not isinstance(part, np.ndarray) or part.dtype.kind != "f":
        return part
    with np.errstate(over="ignore"):
        return torch.from_numpy(np.array(part, dtype=np.float32, order="C"))


def _named(returned: Any, name: str) -> Any:
    return returned.get(name) if isinstance(returned, Mapping) else getattr(returned, name, None)


def _tensor(returned: Any, name: str) -> Any:
    return as_tensor(_named(returned, name))


def _flat(values: Any) -> Any:
    return values.flatten(1) if isinstance(values, Tensor) and values.ndim > 2 else values
