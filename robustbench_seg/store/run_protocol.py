"""The protocol for scoring runs: their own, or another with the same parameters."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.errors import CardError, ResultsError, unknown
from robustbench_seg.records.cards.protocol import (
    Protocol,
    check_name,
    list_protocols,
    load_protocol,
)
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord


class ProtocolsByName:
    """Protocols by name. Two of one name must give the same scores."""

    def __init__(self) -> None:
        """Begin without a protocol."""
        self._found = dict[str, tuple[Protocol, Path]]()

    def __getitem__(self, name: str) -> Protocol:
        return self._found[name][0]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def add(self, protocol: Protocol, folder: Path) -> None:
        """Add the protocol that scores a run.

        Args:
            protocol: The protocol.
            folder: The run folder.

        Raises:
            ResultsError: An earlier run has another protocol of the same name.
        """
        first, where = self._found.setdefault(protocol.name, (protocol, folder))
        if name := first.first_difference(protocol):
            raise ResultsError(
                f"{folder}: its protocol {protocol.name} differs from that of {where} (in {name}); "
                "give a protocol file to score both under it, or score them separately"
            )


def recorded_protocol(record: RunRecord) -> Protocol | None:
    """Return the protocol with which a run began.

    Args:
        record: The content of its run.json.

    Returns:
        The protocol. None: it is not an included one, and run.json does not contain it.
    """
    if record.own_protocol:
        return record.own_protocol.protocol
    return load_protocol(record.protocol) if record.protocol in list_protocols() else None


def scoring_protocol(folders: Sequence[Path], given: Protocol | None = None) -> Protocol:
    """Return the protocol that scores runs: a given one, or that of the first run.

    Args:
        folders: The run folders, at least one.
        given: The protocol. None: that of the first run. If its run.json does not contain it,
            another run with a protocol of the same name may.

    Raises:
        ResultsError: The protocol is not available, two runs have different protocols of one name,
            or a run.json is damaged.
    """
    if given is not None:
        return given
    records = {folder: read_record(folder) for folder in folders}
    name, found = records[folders[0]].protocol, ProtocolsByName()
    for folder, record in records.items():
        protocol = recorded_protocol(record)
        if protocol is not None and protocol.name == name:
            found.add(protocol, folder)
    if name not in found:
        why = unknown("protocol", name, list_protocols())
        raise ResultsError(
            f"{folders[0]}: its protocol is not available: {why}; name the protocol's file"
        )
    try:
        check_name(found[name])
    except CardError as error:
        raise ResultsError(
            f"{folders[0]}: its protocol has the name of an included one, {name}, but other "
            "contents; name a file of it that has another name"
        ) from error
    return found[name]


def check_parameters(protocol: Protocol, folder: Path, record: RunRecord) -> None:
    """Check that the images of a run were corrupted with the parameters of a protocol.

    Args:
        protocol: The protocol under which to score the run.
        folder: The run folder.
        record: The content of its run.json.

    Raises:
        ResultsError: They were corrupted with other parameters.
    """
    if not _same_parameters(protocol, record):
        ran = f"{record.protocol} {record.protocol_version}".strip()
        raise ResultsError(
            f"{folder}: its images were corrupted under {ran}, whose parameters differ from those "
            f"of {protocol.name} {protocol.version}; score runs of the two protocols separately"
        )


def _same_parameters(protocol: Protocol, record: RunRecord) -> bool:
    severities = record.key.corruption.severities_digest
    if severities == protocol.severities_digest:
        return True
    recorded = recorded_protocol(record)
    if recorded is None:
        return False
    # The digest covers all corruptions, but with another protocol only the common ones matter.
    tables = {each.name: each.parameters for each in recorded.perturbations}
    return recorded.severities_digest == severities and all(
        tables.get(each.name, each.parameters) == each.parameters for each in protocol.perturbations
    )
