"""A run from its first batch to its last file, whatever is trained: the loop, and what is written on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from encaudit.errors import InputError, StoppedError
from encaudit.probe import ALONE, Ranks
from encaudit.train.evaluation import evaluate, mean_losses, posterior_of_all
from encaudit.train.loop import Place, Schedule, train
from encaudit.train.objective import Objective
from encaudit.train.run_folder import Z_TWIN, RunFolder, Z
from encaudit.train.run_record import EpochRecord, RunRecord, Travel
from encaudit.train.sums import Sums
from encaudit.unreadable import one_line

STATE_VERSION = 1


class Watcher(Protocol):
    """Whoever wants to know how far the run is."""

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""


@dataclass
class Run:
    """What is trained, on which positions, and where it is written.

    ``stop`` is asked after every batch whether to end the run there, with a checkpoint.
    """

    objective: Objective
    rows: np.ndarray
    held_out: np.ndarray
    schedule: Schedule
    checkpoint_every: int
    folder: RunFolder
    record: RunRecord
    watcher: Watcher
    ranks: Ranks = ALONE
    stop: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        """Make ready to sum over processes."""
        self._sums = Sums(self.ranks, self.objective.device)

    def carry_out(self, *, resume: bool) -> RunRecord:
        """Train to the end, and write all that a run leaves; returns what run.json says.

        ``resume`` goes on where the folder's state.pkl was left. Raises StoppedError when asked to stop, DivergedError
        when the loss is no longer a number, InputError when the disk is full; the last checkpoint stays whole.
        """
        start = self._restored() if resume else Place()
        self.watcher.stage("Training", unit="images")
        train(
            self.objective,
            self.rows,
            self.schedule,
            start=start,
            sums=self._sums,
            on_batch=self._after_batch,
            on_epoch=self._after_epoch,
        )
        with self.ranks.together():
            if self.ranks.is_first:
                self._finish()
        return self.record

    def _after_batch(self, place: Place) -> None:
        terms, n = place.terms(), len(self.rows)
        self.watcher.note(
            f"Epoch {place.epoch} of {self.schedule.epochs}: loss {terms.total:.5f}, of it reconstruction "
            f"{terms.reconstruction:.5f}; KL {terms.kl:.2f} nats"
        )
        self.watcher.advance_to((place.epoch - 1) * n + place.images, self.schedule.epochs * n)
        asked_by = self.stop()
        if self._sums.total(torch.tensor([float(bool(asked_by))], device=self.objective.device)).item():
            # all processes come to here at the same batch, whichever was asked first
            said = f"epoch {place.epoch}, batch {place.batch}"
            with self.ranks.together():
                if self.ranks.is_first:
                    self._save_state(place, said)
            raise StoppedError(f"stopped after {said}. Go on with --resume -o {self.folder.path}.", asked_by)

    def _after_epoch(self, epoch: EpochRecord, following: Place) -> None:
        with self.ranks.together():
            if not self.ranks.is_first:
                return
            if len(self.held_out):
                held_out = mean_losses(self.objective, self.held_out, self.schedule.seed)
                epoch = epoch.model_copy(update={"held_out": held_out})
            self.record.epochs.append(epoch)
            if epoch.epoch % self.checkpoint_every == 0:
                self._write_checkpoint(epoch.epoch, numbered=True)
                self._save_state(following, f"epoch {epoch.epoch}")

    def _write_checkpoint(self, epoch: int, *, numbered: bool) -> None:
        latents = {Z: posterior_of_all(self.objective)}
        if self.objective.twinned:
            latents[Z_TWIN] = posterior_of_all(self.objective, of_view=True)
        self.folder.write_checkpoint(epoch if numbered else None, self.objective.checkpoint(epoch), latents)

    def _save_state(self, place: Place, said: str) -> None:
        if travel := self.objective.travel():
            self.record.travel = Travel(mu=travel[0], logvar=travel[1])
        epochs = [epoch.model_dump() for epoch in self.record.epochs]
        state = {
            "version": STATE_VERSION,
            "place": place.plain(),
            "epochs": epochs,
            "objective": self.objective.state_dict(),
        }
        self.folder.write_state(state, said)
        self.folder.write_record(self.record)

    def _restored(self) -> Place:
        state = self.folder.read_state()
        if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
            raise InputError(f"The state.pkl in {self.folder.path} is not one that this encaudit reads. Train anew.")
        try:
            self.objective.load_state_dict(state["objective"])
            self.record.epochs = [EpochRecord.model_validate(epoch) for epoch in state["epochs"]]
            place = Place.from_plain(state["place"])
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise InputError(
                f"The state.pkl in {self.folder.path} is not of this run ({one_line(error)[:150]}). Put the right one "
                "there, or train anew."
            ) from None
        self.folder.last_good = f"the checkpoint before epoch {place.epoch}, batch {place.batch}"
        return place

    def _finish(self) -> None:
        last = self.schedule.epochs
        self._write_checkpoint(last, numbered=False)
        self._save_state(Place(epoch=last + 1), f"epoch {last}")
        self.watcher.stage("Evaluating", unit="images")
        arrays = evaluate(self.objective, self.held_out, self.schedule.seed, self.watcher.advance_to)
        self.folder.write_evaluation(arrays)
        self.record.finished = True
        self.folder.write_record(self.record)
