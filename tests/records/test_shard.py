import pytest

from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.shard import WHOLE, Shard, parse_shard


@pytest.mark.parametrize("count", [1, 2, 3, 8, 30])
def test_shards_share_out_every_item_once(count):
    items = range(21)
    parts = [Shard(index, count).of(items) for index in range(1, count + 1)]
    assert sorted(item for part in parts for item in part) == list(items)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_what_is_a_shard():
    assert parse_shard("2/8") == Shard(2, 8)
    assert parse_shard("1/1") == WHOLE


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.0/2"])
def test_what_is_none(text):
    with pytest.raises(OptionError, match=rf"'{text}' is not a shard; write I/N"):
        parse_shard(text)


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_processes_share_out_the_items_of_their_shard(processes):
    """So machines with different numbers of processes still have each item once."""
    for index in (1, 2, 3):
        shard = Shard(index, 3)
        parts = [shard.subshard(Shard(process, processes)) for process in range(1, processes + 1)]
        items = [item for part in parts for item in part.of(range(20))]
        assert sorted(items) == list(shard.of(range(20)))
