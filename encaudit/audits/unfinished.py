"""Before the passes: do all ranks see the same, is there an unfinished run to go on with, and is it this one?"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encaudit import provenance
from encaudit.audits.controls import Plan
from encaudit.audits.fingerprint import facts_of, glimpse, whole_images
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions, Watcher
from encaudit.precision import encode
from encaudit.probe import KeptChunks, Ranks, divided, images_at_once, take_up
from encaudit.probe.chunks import Division, digest_of
from encaudit.probe.collected import reference_of
from encaudit.probe.steadiness import refuse_other_latents
from encaudit.results import OTHER_SEED
from encaudit.types import Encoder, Posterior, Stack

AUDITED = "audited"


@dataclass(frozen=True)
class Beginning:
    """What is settled before anything is encoded.

    ``batch_size``: images encoded at once. ``kept``: where each pass keeps its chunks, and has those of the run that is
    resumed; empty where none are kept. ``images``: their provenance, on the first rank.
    """

    batch_size: int
    kept: dict[str, KeptChunks] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)

    @property
    def resumed(self) -> int:
        """How many chunks need not be encoded again."""
        return sum(len(kept.finished) for kept in self.kept.values())


def begin(
    options: AuditOptions,
    subject: Subject,
    planned: Plan,
    device: str,
    ranks: Ranks,
    folder: Path | None,
    watcher: Watcher,
) -> Beginning:
    """Settle what is encoded at once, and take up the unfinished run in a folder, or begin one there.

    Raises InputError for ranks that do not see the same, and, where ``options.resume`` is set, for an unfinished run
    that was another one.
    """
    stack = subject.stack
    with ranks.together():
        automatic = options.batch_size == "auto"
        size = images_at_once(stack.image_shape, device) if automatic else int(options.batch_size)
        facts = facts_of(options, subject, planned, device)
        seen = facts | {"--batch-size": options.batch_size} | (glimpse(stack) if ranks.count > 1 else {})
    ranks.agree(seen)
    size = ranks.least(size)  # as the fullest of the GPUs has room for
    facts["--batch-size"] = str(size)

    division = divided(len(stack.index), size)
    encoders = {AUDITED: subject.opened.encoder}
    if subject.other is not None:
        encoders[OTHER_SEED] = subject.other.encoder
    worth_keeping = len(division) > 1
    images: dict[str, Any] = {}
    with ranks.together():
        if ranks.is_first:
            watcher.stage("Hashing the images", unit="bytes")
            images = provenance.describe_images(stack, subject.data, watcher.advance_to)
            facts |= whole_images(images)
            if folder is not None:
                count = len(division) * len(encoders) if worth_keeping else 0
                watcher.say(take_up(folder, facts, count, resume=options.resume))
    run = ranks.told(digest_of(facts))
    if folder is None or not worth_keeping:
        return Beginning(size, images=images)
    kept = {name: KeptChunks(folder, name, run) for name in encoders}
    with ranks.together():
        if ranks.is_first and options.resume:
            for name, chunks in kept.items():
                chunks.find([stack.index[np.concatenate(batches)] for batches in division])
                if chunks.finished:
                    watcher.say(
                        f"{len(chunks.finished)} of {len(division)} chunks of the {name} encoder were finished."
                    )
                    watcher.say(_encoded_again(chunks, division, encoders[name], stack))
    return Beginning(size, kept, images)


def _encoded_again(kept: KeptChunks, division: Division, encoder: Encoder, stack: Stack) -> str | None:
    """Hold the encoder to its former latents of one batch: nothing else tells that a module's weights are others.

    Return what there is to say of rounding that has changed.
    """
    places = ((arrays, positions) for number, arrays in kept.finished.items() for positions in division[number])
    for arrays, positions in places:
        former = reference_of(arrays)
        then = np.flatnonzero(np.isin(former.index, stack.index[positions]))
        if len(then):  # the first batch that has a usable image
            break
    else:
        return None
    batch = stack.read(positions)
    usable = np.isin(batch.index.numpy(), former.index)
    batch = batch.select(torch.from_numpy(np.flatnonzero(usable))).to(getattr(encoder, "device", "cpu"))
    before = former.take(then)
    logvar = None if before.logvar is None else torch.from_numpy(before.logvar)
    worst = refuse_other_latents(Posterior(torch.from_numpy(before.mu), logvar), encode(encoder, batch))
    if worst == 0:
        return None
    return (
        f"this machine rounds otherwise than the one that began (by {worst:.1g} of the spread of the latents), so that "
        "the result is not to the bit that of an uninterrupted run."
    )
