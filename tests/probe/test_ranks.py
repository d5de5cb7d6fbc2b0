"""Several processes make one audit: each has a share, all see the same, and none waits for one that has ended.

The ranks here are threads that meet at a barrier in the place of gloo; tests/cli/test_several.py has real processes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encaudit.errors import InputError, LostRankError
from encaudit.probe import ALONE, KeptChunks, Ranks, joined
from encaudit.probe import chunks as chunks_module
from tests.probe.test_chunks import assert_same, encoded, rows, stack


@dataclass(frozen=True)
class Meeting:
    barrier: threading.Barrier
    brought: dict[int, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ThreadRanks(Ranks):
    meeting: Meeting | None = None

    def _exchanged(self, value: Any) -> list[Any]:
        self.meeting.brought[self.number] = value
        self.meeting.barrier.wait(timeout=20)
        found = [self.meeting.brought[number] for number in range(self.count)]
        self.meeting.barrier.wait(timeout=20)
        return found

    def gathered(self, mine: bytes) -> list[bytes]:
        found = self._exchanged(mine)
        return found if self.is_first else []


def on_each(count: int, act: Callable[[Ranks], Any]) -> list[Any]:
    """What each of several ranks returns, or raises."""
    meeting = Meeting(threading.Barrier(count))

    def caught(number: int) -> Any:
        try:
            return act(ThreadRanks(number, count, number, meeting))
        except (Exception, SystemExit) as error:
            return error

    with ThreadPoolExecutor(count) as ranks:
        return list(ranks.map(caught, range(count)))


@pytest.mark.parametrize(("items", "count"), [(7, 3), (2, 5), (0, 2), (8, 1)])
def test_shares_are_neighbours_and_together_everything(items: int, count: int) -> None:
    shares = [Ranks(number, count).share(range(items)) for number in range(count)]
    assert [item for share in shares for item in share] == list(range(items))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_without_torchrun_a_process_is_alone_and_asks_nobody() -> None:
    with joined() as ranks:
        assert ranks == ALONE
    ALONE.agree({"a": "b"})
    assert ALONE.told([1]) == [1]
    with pytest.raises(InputError, match="mine"), ALONE.together():
        raise InputError("mine")


@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_number_of_ranks_changes_no_bit(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "IMAGES_A_CHUNK", 7)
    first, *others = on_each(count, lambda ranks: encoded(stack(), ranks=ranks))
    assert others == [None] * (count - 1)
    assert_same(encoded(stack()), first)


def test_each_image_is_encoded_by_one_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "IMAGES_A_CHUNK", 7)
    stacks = {number: stack() for number in range(2)}
    on_each(2, lambda ranks: encoded(stacks[ranks.number], ranks=ranks))
    passes = sum(observations.reads - 1 for observations in stacks.values())  # the moments are everybody's
    np.testing.assert_array_equal(passes[1:], 1)


def test_a_run_is_resumed_by_another_number_of_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "IMAGES_A_CHUNK", 7)

    def kept(ranks: Ranks) -> KeptChunks:
        return KeptChunks(tmp_path, "audited", "run")

    whole, _ = on_each(2, lambda ranks: encoded(stack(), kept(ranks), ranks=ranks))
    (tmp_path / "audited.000001.npz").unlink()
    (tmp_path / "audited.000003.npz").unlink()

    def resumed(ranks: Ranks) -> Any:
        chunks = kept(ranks)
        if ranks.is_first:
            chunks.find(rows())
        return encoded(stack(), chunks, ranks=ranks)

    assert_same(whole, on_each(3, resumed)[0])


def test_ranks_that_differ_are_refused_by_what_and_where() -> None:
    def agree(ranks: Ranks) -> None:
        ranks.agree({"--seed": "7" if ranks.number == 2 else "0", "torch": "2.9", f"only {ranks.number // 2}": "x"})

    first, *others = on_each(3, agree)
    assert isinstance(first, InputError)
    assert "--seed (0 for rank 0, 7 for rank 2)" in str(first)
    assert "only 1 (nothing for rank 0, x for rank 2)" in str(first)
    assert "torch" not in str(first)
    assert [other.code for other in others] == [2, 2]  # said once


def test_ranks_that_see_the_same_go_on() -> None:
    assert on_each(3, lambda ranks: ranks.agree({"a": "b"})) == [None] * 3


def test_an_error_of_one_ends_all_and_is_said_by_that_one() -> None:
    def act(ranks: Ranks) -> str:
        with ranks.together():
            if ranks.number == 1:
                raise InputError("no file here")
        return "went on"

    first, second, third = on_each(3, act)
    assert str(second) == "no file here"
    assert first.code == third.code == 2


def test_the_same_error_is_said_once_and_another_one_too() -> None:
    def act(ranks: Ranks) -> None:
        with ranks.together():
            raise InputError("mine" if ranks.number == 2 else "ours")

    first, second, third = on_each(3, act)
    assert (str(first), second.code, str(third)) == ("ours", 2, "mine")


class LostPeer:
    def is_completed(self) -> bool:
        return True

    def wait(self) -> None:
        raise RuntimeError("Connection closed by peer")


def test_a_rank_that_was_lost_is_told_by_the_first() -> None:
    with pytest.raises(LostRankError, match="--resume"):
        Ranks(0, 2)._finish(LostPeer())
    with pytest.raises(SystemExit):
        Ranks(1, 2)._finish(LostPeer())
