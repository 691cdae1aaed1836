"""Checks a pack: the digests, the scores, and that the parts belong to the run."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.run_file import RUN_FILE, read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.verification import Problem, Verification
from robustbench_seg.store.packs.pack_file import SCORES_FILE, PackFile, open_pack
from robustbench_seg.store.packs.pack_scores import contradictions, pack_scores
from robustbench_seg.store.parts import part_files, read_part, states_its_run
from robustbench_seg.store.run_folder import RunFolder


def verify_pack(
    file: Path,
    progress: Callable[[int], object] = lambda files: None,
    announce: Callable[[int], object] = lambda files: None,
) -> Verification:
    """Check a pack.

    Each file is compared with its digest, each part with its own digests and with the run, and
    each score with the one computed from the parts.

    Args:
        file: The pack.
        progress: Called after checking files, with the number of files since the last call.
        announce: Called once, before the first file is checked, with the number of files.

    Returns:
        The problems, and the number of files.

    Raises:
        ResultsError: It is not a pack, is damaged, or has unexpected content.
    """
    with open_pack(file) as packed, tempfile.TemporaryDirectory() as place:
        announce(len(packed.index.files))
        folder = Path(place) / packed.root
        problems, scores = [], b""
        for name, data, is_intact in packed.members():
            if not is_intact:
                problems.append(Problem(name, "altered", "does not match its digest"))
            if name == SCORES_FILE:
                scores = data
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            progress(1)
        problems += _of_run(packed, folder, scores)
    return Verification(tuple(sorted(problems)), len(packed.index.files))


def _of_run(packed: PackFile, folder: Path, scores: bytes) -> Iterator[Problem]:
    """Yield the problems of the record, the parts and the scores."""
    try:
        record = read_record(folder)
    except ResultsError as error:
        yield Problem(RUN_FILE, "altered", _shown(error, folder))
        return
    if record.key.digest != packed.index.run:
        yield Problem(RUN_FILE, "foreign", f"the pack belongs to the run {packed.index.run:.8}")
    if packed.root != RunFolder.path_of(Path(), record).name:
        yield Problem(RUN_FILE, "foreign", f"its folder is called {packed.root}")
    parts = part_files(folder)
    if not parts:
        yield Problem("parts", "missing")
        return
    problems = [problem for part in parts for problem in _of_part(part, record, folder)]
    yield from problems
    if problems:  # if parts were altered, their scores differ as well
        return
    try:
        table = pack_scores(folder)
    except ResultsError as error:
        yield Problem("parts", "contradicted", _shown(error, folder))
        return
    for text in contradictions(scores, table, packed.index.laws):
        yield Problem(SCORES_FILE, "contradicted", text)


def _of_part(part: Path, record: RunRecord, folder: Path) -> Iterator[Problem]:
    name = part.relative_to(folder).as_posix()
    try:
        read_part(part, len(record.classes), no_class=record.no_class)
        if not states_its_run(part):
            yield Problem(name, "foreign", "it does not name its run")
            return
    except ResultsError as error:
        yield Problem(name, "altered", _shown(error, folder))
        return
    try:
        read_part(part, len(record.classes), run=record.key.digest, no_class=record.no_class)
    except ResultsError as error:
        yield Problem(name, "foreign", _shown(error, folder))


def _shown(error: ResultsError, folder: Path) -> str:
    """Return the text of an error without the temporary folder and without the advice."""
    return error.fact.replace(f"{folder}/", "").replace(str(folder), "")
