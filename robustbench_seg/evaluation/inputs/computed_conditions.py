"""The conditions that an evaluation computes: for an ensemble of attacks, its members."""

from collections.abc import Sequence

from robustbench_seg.errors import CardError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES
from robustbench_seg.records.values.condition import Condition


def computed_conditions(
    protocol: Protocol, conditions: Sequence[Condition]
) -> tuple[Condition, ...]:
    """Replace each ensemble of attacks by its members.

    Args:
        protocol: The protocol.
        conditions: Some of its conditions.

    Returns:
        The conditions to compute, in the protocol's order.

    Raises:
        CardError: The protocol lacks one of the attacks.
    """
    wanted = set(conditions)
    every = [
        condition for condition in protocol.conditions() if condition.name not in ATTACK_ENSEMBLES
    ]
    for condition in conditions:
        members = ATTACK_ENSEMBLES.get(condition.name, ())
        for member in [Condition(name, condition.severity) for name in members]:
            if member not in every:
                raise CardError(
                    f"protocol {protocol.name}: {condition.name} is the worst of "
                    f"{', '.join(members)}; add {member.name} at severity {member.severity}"
                )
            wanted.add(member)
    return tuple(condition for condition in every if condition in wanted)
