"""The loop: order and draws belong to seed and place, a stopped run goes on to the same bits, no NaN is learned."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from encaudit.errors import DivergedError
from encaudit.train.loop import Place, Schedule, epoch_noise, epoch_order, train
from encaudit.train.objective import Losses, Step
from encaudit.train.run_record import EpochRecord
from encaudit.types import Posterior
from tests.train.small_runs import same


class Line:
    """An objective of numbers: which line fits them, with a table of one number an image beside it."""

    latent_dim = 2
    device = torch.device("cpu")
    amp = False
    twinned = False

    def __init__(self, n: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.model = nn.Linear(2, 1)
        self.table = nn.Embedding(n, 1, sparse=True, _weight=torch.zeros(n, 1))
        self.index = np.arange(n) + 100
        self.target = torch.arange(n).float()[:, None] / n
        self.optimizers = [
            torch.optim.Adam(self.model.parameters(), lr=0.05),
            torch.optim.SparseAdam(list(self.table.parameters()), lr=0.05),
        ]
        self.seen: list[list[int]] = []

    def loss(self, positions: Tensor, step: Step) -> Losses:
        self.seen.append(positions.tolist())
        error = (self.model(step.noise) + self.table(positions) - self.target[positions]).square().mean()
        return Losses(error, error, error * 0)

    def per_image(self, positions: Tensor, noise: Tensor, whose: Tensor | None = None) -> Losses:
        raise NotImplementedError("the loop asks for losses alone")

    def posterior(self, positions: Tensor, *, of_view: bool = False) -> Posterior:
        raise NotImplementedError("the loop asks for losses alone")

    def travel(self) -> None:
        return None

    def checkpoint(self, epoch: int) -> dict[str, Any]:
        return {"epoch": epoch}

    def state_dict(self) -> dict[str, Any]:
        parts = {"model": self.model, "table": self.table, "adam": self.optimizers[0], "sparse": self.optimizers[1]}
        return {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.table.load_state_dict(state["table"])
        self.optimizers[0].load_state_dict(state["adam"])
        self.optimizers[1].load_state_dict(state["sparse"])


class Enough(Exception):
    """The test has seen what it wanted."""


SCHEDULE = Schedule(epochs=3, batch_size=4, seed=5)
ROWS = np.arange(10)


def test_every_epoch_sees_every_image_once_in_another_order() -> None:
    orders = [epoch_order(ROWS, 0, epoch) for epoch in (1, 2)]
    assert all(sorted(order) == list(ROWS) for order in orders)
    assert orders[0].tolist() != orders[1].tolist()
    assert epoch_order(ROWS, 0, 1).tolist() == orders[0].tolist()
    assert epoch_order(ROWS, 1, 1).tolist() != orders[0].tolist()


def test_an_image_has_its_own_draw_in_every_epoch() -> None:
    first, second = epoch_noise(1000, 2, 0, 1), epoch_noise(1000, 2, 0, 2)
    assert first.shape == (1000, 2)
    assert not torch.equal(first, second)
    assert abs(float(first.mean())) < 0.1
    assert abs(float(first.std()) - 1) < 0.05


def test_only_the_images_of_the_run_are_trained_on_and_the_last_batch_is_smaller() -> None:
    line = Line(10)
    train(line, np.array([1, 3, 5, 7, 9]), Schedule(2, 4, 0))
    assert [len(batch) for batch in line.seen] == [4, 1, 4, 1]
    assert sorted([*line.seen[0], *line.seen[1]]) == [1, 3, 5, 7, 9]


def test_the_record_of_an_epoch_is_the_mean_over_images() -> None:
    each: list[tuple[int, float]] = []
    records: list[EpochRecord] = []

    class Noted(Line):
        def loss(self, positions: Tensor, step: Step) -> Losses:
            losses = super().loss(positions, step)
            each.append((len(positions), float(losses.total.detach())))
            return losses

    train(Noted(10), ROWS, Schedule(1, 4, 0), on_epoch=lambda record, _: records.append(record))
    expected = sum(size * loss for size, loss in each) / 10
    assert records[0].train.total == pytest.approx(expected)
    assert records[0].epoch == 1


@pytest.mark.parametrize("after", [1, 3, 4, 7])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(after: int) -> None:
    whole, records = Line(10), []
    train(whole, ROWS, SCHEDULE, on_epoch=lambda record, _: records.append(record.train))

    stopped, done, kept, half = Line(10), 0, {}, []

    def stop(place: Place) -> None:
        nonlocal done
        done += 1
        if done == after:
            kept.update(place=place.plain(), state=stopped.state_dict())
            raise Enough

    with pytest.raises(Enough):
        train(stopped, ROWS, SCHEDULE, on_batch=stop, on_epoch=lambda record, _: half.append(record.train))

    torch.rand(7)  # nobody else's draws matter
    resumed = Line(10)
    resumed.load_state_dict(kept["state"])
    start = Place.from_plain(kept["place"])
    train(resumed, ROWS, SCHEDULE, start=start, on_epoch=lambda record, _: half.append(record.train))
    assert same(whole.state_dict(), resumed.state_dict())
    assert half == records


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_learned() -> None:
    line = Line(10)
    line.target[6] = torch.nan
    with pytest.raises(DivergedError, match=r"epoch 1, batch \d.*rows .*\b106\b.*--lr") as raised:
        train(line, ROWS, SCHEDULE)
    assert all(torch.isfinite(value).all() for value in line.model.state_dict().values())
    batch = line.seen[-1]
    assert 6 in batch
    assert all(str(100 + position) in str(raised.value) for position in batch)


def test_a_table_moves_only_the_rows_of_the_batch() -> None:
    line = Line(10)
    train(line, np.array([2, 4]), Schedule(3, 2, 0))
    moved = line.table.weight.detach()[:, 0] != 0
    assert moved.nonzero()[:, 0].tolist() == [2, 4]
