"""The protocol for scoring a run: its own, or another with the same parameters."""

from pathlib import Path

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import Protocol, list_protocols, load_protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord


def scoring_protocol(folder: Path, given: Protocol | None = None) -> Protocol:
    """Return the protocol that scores a run: a given one, or its own.

    Args:
        folder: The run folder.
        given: The protocol. None: that of the run.

    Raises:
        ResultsError: The protocol of the run is not available, or its run.json is damaged.
    """
    if given is not None:
        return given
    name = read_record(folder).protocol
    if name not in list_protocols():
        why = unknown("protocol", name, list_protocols())
        raise ResultsError(
            f"{folder}: its protocol is not available: {why}; name the protocol's file"
        )
    return load_protocol(name)


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
    if record.protocol not in list_protocols():
        return False
    # The digest covers all corruptions, but with another protocol only the common ones matter.
    recorded = load_protocol(record.protocol)
    tables = {each.name: each.parameters for each in recorded.perturbations}
    return recorded.severities_digest == severities and all(
        tables.get(each.name, each.parameters) == each.parameters for each in protocol.perturbations
    )
