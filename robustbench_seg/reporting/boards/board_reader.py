"""Reads run folders or packs as the boards of a leaderboard, with scores from the cache."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.entry_cache import cached_scores, fill_cache
from robustbench_seg.reporting.ranking.grouping import find_models, group_models
from robustbench_seg.store import Paths


def read_boards(
    runs: Paths, protocol: str | Path | Protocol | None = None, *, processes: int = 1
) -> list[Board]:
    """Score runs and group them: one board for each dataset, split, set of files and protocol.

    Args:
        runs: Packs or run folders, or folders of them.
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.
        processes: Number of processes that score models.

    Returns:
        The boards, in the order of their first runs. A run that is damaged, whose protocol is not
        available, or whose classes differ from those of the others is left out with a warning.

    Raises:
        CardError: The protocol is unknown, or its file is invalid.
        ResultsError: There is no run, or none can be scored.
    """
    models = find_models(runs, protocol)
    fill_cache(models, processes)
    return group_models(models, _entry, Board)


def _entry(folders: Sequence[Path], protocol: Protocol) -> Entry:
    records = {folder: read_record(folder) for folder in folders}
    return Entry(records[folders[0]].model, records, cached_scores(folders, protocol))
