"""The words in which texts speak of a protocol."""

from dataclasses import dataclass

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.text import counted


@dataclass(frozen=True)
class ProtocolWords:
    """The words for the perturbations of a protocol, their images and their severities.

    Attributes:
        perturbations: The perturbations of the protocol.
    """

    perturbations: tuple[Perturbation, ...]

    @property
    def noun(self) -> str:
        """Word for its perturbations: "corruption", "attack", or "perturbation" for both kinds."""
        kinds = {"attack" if each.is_attack else "corruption" for each in self.perturbations}
        return kinds.pop() if len(kinds) == 1 else "perturbation"

    @property
    def severities_text(self) -> str:
        """Every severity as text, such as "1-5"."""
        last = max(len(each.severities) for each in self.perturbations)
        return f"1-{last}" if last > 1 else "1"

    @property
    def adjective(self) -> str:
        """The word for its images: "corrupted", "attacked", or "perturbed" for both kinds."""
        words = {"corruption": "corrupted", "attack": "attacked"}
        return words.get(self.noun, "perturbed")

    @property
    def over(self) -> str:
        """The perturbations in its means, in words, such as "sea" or "the corruptions"."""
        first, *others = self._averaged
        return f"the {self.noun}s" if others else first.name.replace("_", " ")

    @property
    def averaged_text(self) -> str:
        """The perturbations in its means, with their number, such as "sea" or "16 corruptions"."""
        count = len(self._averaged)
        return self.over if count == 1 else counted(count, self.noun)

    @property
    def scored_text(self) -> str:
        """The severities in its means, as shown next to every score.

        "1-5 of 12 corruptions; 1-3 of gaussian_noise, impulse_noise, ..."
        """
        by_severities = dict[str, list[str]]()
        for perturbation in self._averaged:
            by_severities.setdefault(perturbation.scored_text, []).append(perturbation.name)
        most, *others = sorted(by_severities, key=lambda each: -len(by_severities[each]))
        names = by_severities[most]
        several = f"{len(names)} {self.noun}s"
        texts = [f"{most} of {several if len(names) > 1 else names[0]}"]
        texts += [f"{each} of {', '.join(by_severities[each])}" for each in others]
        return "; ".join(texts)

    @property
    def _averaged(self) -> tuple[Perturbation, ...]:
        return tuple(each for each in self.perturbations if each.averaged)
