"""The encoding passes of an audit, shared among the ranks: by the audited encoder, and by another run of it."""

from dataclasses import replace

import numpy as np

from encaudit.audits.controls import Plan
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions, Watcher
from encaudit.audits.unfinished import AUDITED, Beginning
from encaudit.errors import InputError
from encaudit.other_seed import aligned
from encaudit.probe import Ranks, encode_stack
from encaudit.results import OTHER_SEED, Encodings


def encode_images(
    options: AuditOptions, subject: Subject, planned: Plan, beginning: Beginning, ranks: Ranks, watcher: Watcher
) -> Encodings | None:
    """Encode the images by every encoder there is; the first rank gets the latents of all, the others None."""
    watcher.stage("Encoding", unit="images")
    if ranks.count > 1:
        watcher.note(f"Encoding the first of {ranks.count} shares")
    encodings = encode_stack(
        subject.opened.encoder,
        subject.stack,
        planned.transforms,
        seed=options.seed,
        sample=planned.sample,
        batch_size=beginning.batch_size,
        ranks=ranks,
        kept=beginning.kept.get(AUDITED),
        on_progress=watcher.advance_to,
    )
    if subject.other is None:
        return encodings
    watcher.stage("Encoding by the other run", unit="images")
    theirs = encode_stack(
        subject.other.encoder,
        subject.stack,
        [],
        seed=options.seed,
        batch_size=beginning.batch_size,
        ranks=ranks,
        kept=beginning.kept.get(OTHER_SEED),
        on_progress=watcher.advance_to,
    )
    return None if encodings is None or theirs is None else _beside(encodings, theirs, options)


def _beside(encodings: Encodings, theirs: Encodings, options: AuditOptions) -> Encodings:
    """Add the latents that another training run gives the same images, turned into this one's frame."""
    if np.array_equal(encodings.reference.mu, theirs.reference.mu):
        raise InputError(
            f"--other-seed {options.other_seed} gives every image the very latent that the audited checkpoint gives: "
            "it is the same network. Give one that was trained from another seed."
        )
    moved = aligned(encodings.reference, theirs.reference, options.seed)
    return replace(encodings, moved=encodings.moved | {OTHER_SEED: moved})
