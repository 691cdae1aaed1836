"""`leaderboard` writes a static site that ranks the models of packs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.board_reader import read_boards
from robustbench_seg.reporting.boards.site import write_site
from robustbench_seg.store import Paths
from robustbench_seg.text import counted


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """A leaderboard on disk.

    Attributes:
        boards: What it shows.
        page: The path of index.html.
    """

    boards: Sequence[Board]
    page: Path

    @classmethod
    def write(
        cls,
        packs: Paths,
        out: Path | str,
        *,
        protocol: str | Path | Protocol | None = None,
        processes: int = 1,
    ) -> "Leaderboard":
        """Write a leaderboard; `leaderboard` describes the arguments and errors."""
        folder = checked_path(out)
        boards = read_boards(packs, protocol, processes=processes)
        return cls(boards, write_site(boards, folder))

    @property
    def text(self) -> str:
        """The number of models of each board, and the path of the page."""
        counts = [f"{board.name}: {counted(len(board.models), 'model')}" for board in self.boards]
        return "\n".join([*counts, f"leaderboard: {self.page}"])


def leaderboard(
    packs: Paths,
    out: Path | str,
    *,
    protocol: str | Path | Protocol | None = None,
    processes: int = 1,
) -> Path:
    """Write a static site that ranks models: a page for each dataset and protocol.

    Each page ranks models by any score, with intervals and shared ranks, and links to a page for
    each model. The pages open offline. Scores are cached, so a second call is faster.

    Args:
        packs: Packs or run folders, or folders of them.
        out: Folder to write to. An earlier leaderboard in it is replaced.
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.
        processes: Number of processes that score models. With several, a script needs the usual
            `if __name__ == "__main__"`.

    Returns:
        The path of index.html.

    Raises:
        ResultsError: There is no run, or none can be scored.
        FileError: A file cannot be written, or would replace one that is not from a leaderboard.

    >>> rs.leaderboard("runs", out="board").as_posix()
    'board/index.html'
    """
    return Leaderboard.write(packs, out, protocol=protocol, processes=processes).page
