"""The protocol for scoring a run: its own, or another with the same parameters."""

from pathlib import Path

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import Protocol, list_protocols, load_protocol
from robustbench_seg.records.runs.run_record import RunRecord


def own_protocol(folder: Path, record: RunRecord) -> Protocol:
    """Load the protocol of a run.

    Args:
        folder: The run folder.
        record: The content of its run.json.

    Raises:
        ResultsError: The protocol is not available.
    """
    if record.protocol not in list_protocols():
        why = unknown("protocol", record.protocol, list_protocols())
        raise ResultsError(
            f"{folder}: its protocol is not available: {why}; name the protocol's file"
        )
    return load_protocol(record.protocol)


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
    severities = record.key.corruption.severities
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
