"""Groups models by what they were scored on: the same images, under one protocol."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TypeVar

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import digest_json
from robustbench_seg.machine.progress import SHOWN_AFTER, progress_bar
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.ranking.ranked_model import Model, RankedModel, by_robustness
from robustbench_seg.store import (
    Paths,
    ProtocolsByName,
    collected,
    group_runs,
    left_out,
    scoring_protocol,
)
from robustbench_seg.text import counted

Group = TypeVar("Group")
"""A panel or a board."""

ModelRuns = tuple[list[Path], Protocol]
"""The run folders of a model, and the protocol that scores them."""


@dataclass(frozen=True)
class _Key:
    """The properties that the models of a group share.

    Attributes:
        dataset: Name of the dataset.
        split: Its split.
        protocol: Name of the protocol of the models.
        images: Number of images of the evaluation, scored or not.
        files: The first digits of the digest of the dataset's fingerprint.
        left_out: The classes that a class map leaves out.
    """

    dataset: str
    split: str
    protocol: str
    images: int
    files: str
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: RunRecord, protocol: Protocol) -> "_Key":
        """Return the key of a run under a protocol."""
        data = record.key.dataset
        files = digest_json(data.fingerprint)[:8]
        where = data.name, data.split, protocol.name
        return cls(*where, data.images, files, record.left_out_classes)

    @property
    def heading(self) -> tuple[str, str, str]:
        """Dataset, split and protocol."""
        return self.dataset, self.split, self.protocol


def find_models(runs: Paths, protocol: str | Path | Protocol | None) -> list[ModelRuns]:
    """Find the runs of each model, with the protocol that scores them.

    Args:
        runs: Packs or run folders, or folders of them.
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.

    Returns:
        The models, in the order of their first runs. A run that is damaged, or whose protocol is
        not available, is left out with a warning.

    Raises:
        CardError: The protocol is unknown, or its file is invalid.
        ResultsError: There is no run, or none can be scored.
    """
    given = None if protocol is None else load_protocol(protocol)
    found = list[ModelRuns]()
    with left_out() as broken:
        for folders in group_runs(runs):
            with collected(broken):
                found.append((folders, scoring_protocol(folders, given)))
        if not found:
            raise broken[0]
    return found


def group_models(
    models: Sequence[ModelRuns],
    read: Callable[[list[Path], Protocol], Model],
    group: Callable[[Protocol, str, tuple[Model, ...]], Group],
) -> list[Group]:
    """Score models and group them: by dataset, split, set of files, scored classes and protocol.

    Args:
        models: The runs and the protocol of each model.
        read: Scores the runs of one model under a protocol. The model gets another name if two of
            its group have the same.
        group: Makes a group of a protocol, a qualifier and the models, see ModelGroup.

    Returns:
        The groups, in the order of their first runs. A model that cannot be scored, or whose
        classes differ from those of the others, is left out with a warning. So is one whose
        protocol has the name of another one.

    Raises:
        ResultsError: No model can be scored.
    """
    groups = dict[_Key, list[Model]]()
    protocols = ProtocolsByName()
    bar = progress_bar(len(models), iterable=models, desc="scores", unit="model", delay=SHOWN_AFTER)
    with left_out() as broken:
        for folders, protocol in bar:
            record = read_record(folders[0])
            key = _Key.of(record, protocol)
            with collected(broken):
                for other in groups.get(key, [])[:1]:
                    _check_classes(other, folders[0], record)
                model = read(folders, protocol)
                protocols.add(protocol, folders[0])
                groups.setdefault(key, []).append(model)
        if not groups:
            raise broken[0]
    return [
        group(
            protocols[key.protocol],
            _qualifier(key, list(groups)),
            by_robustness(_with_unique_names(members)),
        )
        for key, members in groups.items()
    ]


def _with_unique_names(models: Sequence[Model]) -> Sequence[Model]:
    """Rename models that share a name.

    Their names are followed by the end of the run folder's name or, if this is not unique, by a
    number.
    """
    names = [model.name for model in models]
    unique = list[str]()
    for model in models:
        end = model.folder.name.rsplit("-", 1)[-1]
        name = model.name if names.count(model.name) == 1 else f"{model.name} [{end}]"
        taken = {*unique, *(other for other in names if other != model.name)}
        unique.append(next(each for each in _numbered(name) if each not in taken))
    return [replace(model, name=name) for model, name in zip(models, unique, strict=True)]


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in count(2))


def _check_classes(other: RankedModel, folder: Path, record: RunRecord) -> None:
    if record.classes != other.record.classes:
        raise ResultsError(
            f"{other.folder} and {folder}: runs with different classes on the same dataset "
            f"({record.dataset} {record.split}) cannot be ranked together; report them separately"
        )


def _qualifier(key: _Key, keys: Sequence[_Key]) -> str:
    """Return the text that distinguishes a group from others with the same heading."""
    similar = [other for other in keys if other.heading == key.heading and other != key]
    others = [other for other in similar if (other.images, other.files) != (key.images, key.files)]
    images = counted(key.images, "image")
    same_count = any(other.images == key.images for other in others)
    texts = [f"{images} of files {key.files}" if same_count else images] if others else []
    if any(other.left_out != key.left_out for other in similar):
        texts.append("all classes" + (f" but {', '.join(key.left_out)}" if key.left_out else ""))
    return ", ".join(texts)
