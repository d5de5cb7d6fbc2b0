"""What is known of each image beside its pixels, and should not be readable from its latent."""

import numpy as np

from encaudit.audits.opening import Subject
from encaudit.metrics.leakage import (
    Covariate,
    astigmatism_covariate,
    defocus_covariate,
    pose_covariate,
)
from encaudit.results import Encodings


def covariates_of(subject: Subject, encodings: Encodings, kept: np.ndarray) -> dict[str, Covariate]:
    """Return everything that is known of the images that were encoded (``kept``, a mask over the stack's ``n``).

    Tilt series are taken at their first tilt.
    """
    source = subject.source
    rotation, ctf = source.rotation, source.ctf
    found: dict[str, Covariate] = {}
    if rotation is not None:
        found["pose"] = pose_covariate(rotation[kept])
    if ctf is not None:
        found |= {"defocus": defocus_covariate(ctf[kept]), "astigmatism": astigmatism_covariate(ctf[kept])}
    if encodings.contrast is not None:
        found["contrast"] = Covariate(encodings.contrast)
    if subject.micrographs is not None:
        found["micrograph"] = Covariate(subject.micrographs[kept], categorical=True)
    if subject.optics_groups is not None:
        found["optics_group"] = Covariate(subject.optics_groups[kept], categorical=True)
    told = {} if subject.metadata is None else subject.metadata.covariates
    return found | {name: Covariate(values[kept], values.dtype.kind not in "fiu") for name, values in told.items()}
