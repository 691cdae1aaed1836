"""The perturbations of a protocol: corruptions and attacks, and their scored severities."""

from dataclasses import dataclass, field
from typing import ClassVar

from robustbench_seg.codec import Range
from robustbench_seg.errors import CardError
from robustbench_seg.files import folder_name_problem
from robustbench_seg.records.values.condition import CLEAN, SEVERITIES
from robustbench_seg.records.values.corruption_parameters import corruption_parameter_problem
from robustbench_seg.records.values.ranges import range_problem


@dataclass(frozen=True)
class Perturbation:
    """One perturbation of a protocol: the parameters of each severity, and the scored severities.

    Attributes:
        name: Name of a corruption or an attack.
        category: The group that it belongs to.
        scored: The severities that its mean includes.
        parameters: The parameters of severity 1, 2 and so on, which its file has under the key
            `severities`. A corruption has five severities, an attack at most five.
        averaged: Whether the mean over all perturbations includes it. If not, it is only shown,
            alone and in the mean of its category, such as a control.

    Raises:
        CardError: The name cannot be that of a folder; a severity is missing or scored twice; a
            parameter is out of range (records.values.corruption_parameters; that of an attack must
            only be finite here, because its range depends on the norm of the attack).
    """

    name: str
    category: str
    scored: tuple[int, ...]
    parameters: tuple[dict[str, float], ...] = field(metadata={"key": "severities"})
    averaged: bool = True

    is_attack: ClassVar[bool] = False
    """Whether it needs a network and the true labels besides the image."""

    def __post_init__(self) -> None:
        _check_name("name", self.name)
        place = f"'{self.name}'"
        _check_name(f"{place}: category", self.category)
        if self.name.lower() == CLEAN.name:
            raise CardError(f"{place}: this name is reserved for clean images; choose another name")
        most = len(SEVERITIES)
        if not (1 if self.is_attack else most) <= len(self.parameters) <= most:
            wanted = f"1 to {most}" if self.is_attack else str(most)
            raise CardError(f"{place}: expected {wanted} severities, got {len(self.parameters)}")
        if not self.scored or list(self.scored) != sorted(set(self.scored) & set(self.severities)):
            raise CardError(
                f"{place}: scored is {list(self.scored)!s:.60}; expected ascending severities "
                f"from 1 to {len(self.parameters)}"
            )
        for severity, parameters in enumerate(self.parameters, 1):
            where = f"{place}: severity {severity}"
            for name, value in parameters.items():
                if not (name.isidentifier() and len(name) <= 64):
                    raise CardError(f"{where}: {name!r:.70} is not a parameter")
                if problem := self._parameter_problem(name, value):
                    raise CardError(f"{where}: {problem}")
        # Python code may give lists and other numbers; a file gives tuples, integers and floats.
        object.__setattr__(self, "scored", tuple(map(int, self.scored)))
        floats = ({name: float(n) for name, n in each.items()} for each in self.parameters)
        object.__setattr__(self, "parameters", tuple(floats))

    def _parameter_problem(self, name: str, value: float) -> str | None:
        return corruption_parameter_problem(name, value)

    @property
    def severities(self) -> tuple[int, ...]:
        """Its severities: 1, 2 and so on."""
        return SEVERITIES[: len(self.parameters)]

    @property
    def shown_severities(self) -> tuple[int, ...]:
        """The severities for which pictures are shown: the first, the middle one and the last."""
        return shown_severities(self.severities)

    @property
    def scored_text(self) -> str:
        """The scored severities as "1-5", or as "1,3,5" if they are not a range."""
        first, last = self.scored[0], self.scored[-1]
        if self.scored == tuple(range(first, last + 1)) and first < last:
            return f"{first}-{last}"
        return ",".join(map(str, self.scored))


@dataclass(frozen=True)
class AttackPerturbation(Perturbation):
    """One adversarial attack of a protocol; severity k is its k-th radius."""

    is_attack: ClassVar[bool] = True

    def _parameter_problem(self, name: str, value: float) -> str | None:
        return range_problem(name, value, Range())


def shown_severities(severities: tuple[int, ...]) -> tuple[int, ...]:
    """Return the severities that are shown: the first, the middle one and the last."""
    return tuple(sorted({severities[0], severities[len(severities) // 2], severities[-1]}))


def _check_name(key: str, name: str) -> None:
    if problem := folder_name_problem(name):
        raise CardError(f"{key} is {name!r:.70}{problem}")
