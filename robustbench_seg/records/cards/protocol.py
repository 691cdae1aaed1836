"""Protocols: the perturbations of a robustness study, and their severities.

A protocol is a TOML file, such as those in `corruptions/`. It contains the numbers that define a
benchmark; the functions in `robustbench_seg.corruption` and `robustbench_seg.attacks` take them as
parameters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from robustbench_seg.codec import parse_toml, read_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.errors import CardError, CorruptionError, unknown
from robustbench_seg.files import digest_json
from robustbench_seg.records.cards.perturbation import (
    AttackPerturbation,
    Perturbation,
    shown_severities,
)
from robustbench_seg.records.cards.protocol_words import ProtocolWords
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES, ATTACKS, ENSEMBLE_LAW
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.records.values.defaults import PROTOCOL


@dataclass(frozen=True)
class Protocol:
    """Perturbations in their printed order. `source` states where their numbers come from.

    Raises:
        CardError: There is no perturbation, or one is listed twice; a text is empty, too long, or
            has control characters.
    """

    name: str
    version: str
    source: str
    perturbations: tuple[Perturbation, ...]

    def __post_init__(self) -> None:
        for key, longest in (("name", 200), ("version", 200), ("source", 2000)):
            _check_text(key, getattr(self, key), longest)
        if not self.perturbations:
            raise CardError("it has no [[corruption]] and no [[attack]]; add one")
        seen: set[str] = set()
        for perturbation in self.perturbations:
            # Some file systems do not distinguish Fog from fog.
            if perturbation.name.lower() in seen:
                raise CardError(f"'{perturbation.name}' is listed twice; names must be unique")
            seen.add(perturbation.name.lower())
        if not self.averaged:
            raise CardError(
                "none of its corruptions and attacks is averaged; mark at least one as averaged"
            )

    def __repr__(self) -> str:
        return (
            f"<protocol {self.name} {self.version}: {len(self.perturbations)} {self.words.noun}s>"
        )

    @cached_property
    def words(self) -> ProtocolWords:
        """The words for its perturbations, images and severities."""
        return ProtocolWords(self.perturbations)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the perturbations in protocol order."""
        return tuple(each.name for each in self.perturbations)

    @cached_property
    def corruptions(self) -> tuple[Perturbation, ...]:
        """The perturbations that need only the image."""
        return tuple(each for each in self.perturbations if not each.is_attack)

    @cached_property
    def attacks(self) -> tuple[Perturbation, ...]:
        """The perturbations that also need a network and the true labels, ensembles included."""
        return tuple(each for each in self.perturbations if each.is_attack)

    @cached_property
    def averaged(self) -> tuple[Perturbation, ...]:
        """The perturbations in the means, worst cases and verdicts; all others are only shown."""
        return tuple(each for each in self.perturbations if each.averaged)

    @cached_property
    def averaged_names(self) -> tuple[str, ...]:
        """Names of the perturbations in the means, in protocol order."""
        return tuple(each.name for each in self.averaged)

    @cached_property
    def severities(self) -> tuple[int, ...]:
        """Every severity that any of its perturbations has, in order."""
        return max((each.severities for each in self.perturbations), key=len)

    @property
    def shown_severities(self) -> tuple[int, ...]:
        """The severities that figures show: the first, the middle one and the last."""
        return shown_severities(self.severities)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Categories in the order of their first perturbation."""
        return tuple(dict.fromkeys(each.category for each in self.perturbations))

    @cached_property
    def by_category(self) -> Mapping[str, tuple[Perturbation, ...]]:
        """The perturbations of each category, both in protocol order."""
        return {
            category: tuple(each for each in self.perturbations if each.category == category)
            for category in self.categories
        }

    @cached_property
    def scored_conditions(self) -> tuple[Condition, ...]:
        """The conditions in the mean of their perturbation, in protocol order."""
        return tuple(Condition(each.name, s) for each in self.perturbations for s in each.scored)

    @cached_property
    def severities_digest(self) -> str:
        """sha256 of the parameters of every perturbation and severity, which decide pixels."""
        tables = {each.name: each.parameters for each in self.perturbations}
        return digest_json(tables)

    @property
    def attack_laws(self) -> Mapping[str, int]:
        """Law version of each attack and ensemble of attacks, in protocol order."""
        return {
            each.name: ENSEMBLE_LAW if each.name in ATTACK_ENSEMBLES else ATTACKS[each.name].law
            for each in self.attacks
        }

    def perturbation(self, name: str) -> Perturbation:
        """Find a perturbation by its name.

        Args:
            name: The name.

        Returns:
            The perturbation.

        Raises:
            CorruptionError: There is no such perturbation. The message names the protocols that
                have it, or the nearest name.
        """
        for perturbation in self.perturbations:
            if perturbation.name == name:
                return perturbation
        having = [other for other in list_protocols() if name in load_protocol(other).names]
        if having:
            raise CorruptionError(
                f"the protocol {self.name} has no {name}; choose a protocol that has it: "
                f"{', '.join(having)}"
            )
        raise CorruptionError(unknown(self.words.noun, name, self.names))

    def first_difference(self, other: "Protocol") -> str | None:
        """Name the first perturbation in which another protocol differs; None if none does.

        Without a difference, the two give the same scores. Names, versions, sources and the order
        of the perturbations do not matter.
        """
        mine, theirs = ({each.name: each for each in one.perturbations} for one in (self, other))
        return next((name for name in mine | theirs if mine.get(name) != theirs.get(name)), None)

    def is_attack(self, condition: Condition) -> bool:
        """Return whether a condition is one of the protocol's attacks."""
        return any(each.name == condition.name for each in self.attacks)

    def conditions(
        self, perturbations: Iterable[str] = (), severities: Iterable[int] = ()
    ) -> tuple[Condition, ...]:
        """List conditions in the order of the protocol, without clean.

        Args:
            perturbations: Their names. Empty: all.
            severities: The severities. A perturbation may lack some of them. Empty: all.

        Returns:
            The conditions. The order of the arguments does not matter.

        Raises:
            CorruptionError: A perturbation or severity does not exist.
        """
        names = {self.perturbation(name).name for name in perturbations} or set(self.names)
        wanted = set(severities) or set(self.severities)
        for severity in wanted - set(self.severities):
            raise CorruptionError(
                f"severity {severity!r} does not exist; choose 1 to {self.severities[-1]}"
            )
        return tuple(
            Condition(each.name, severity)
            for each in self.perturbations
            if each.name in names
            for severity in each.severities
            if severity in wanted
        )


@dataclass(frozen=True)
class ProtocolFile:
    """A protocol in the form of its TOML file; run.json holds a protocol in the same form.

    Attributes:
        name: See Protocol.
        version: See Protocol.
        source: See Protocol.
        corruption: The perturbations that need only the image.
        attack: The perturbations that also need a network and the true labels.

    Raises:
        CardError: As for Protocol.
    """

    name: str
    version: str
    source: str
    corruption: tuple[Perturbation, ...] = ()
    attack: tuple[AttackPerturbation, ...] = ()

    def __post_init__(self) -> None:
        _ = self.protocol  # checks the whole

    @classmethod
    def of(cls, protocol: Protocol) -> "ProtocolFile":
        """Return the form of a protocol; attacks follow the corruptions."""
        attacks = tuple(each for each in protocol.attacks if isinstance(each, AttackPerturbation))
        return cls(protocol.name, protocol.version, protocol.source, protocol.corruptions, attacks)

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol."""
        perturbations = (*self.corruption, *self.attack)
        return Protocol(self.name, self.version, self.source, perturbations)


def _check_text(key: str, text: str, longest: int) -> None:
    if not text.strip() or len(text) > longest or not text.isprintable():
        raise CardError(f"{key} is {text!r:.70}; expected 1 to {longest} printable characters")


def list_protocols() -> tuple[str, ...]:
    """List the names of the included protocols.

    Returns:
        The names, sorted.

    >>> rs.list_protocols()[-4:]
    ('city-c-fan', 'cityscapes-c', 'mpc-15', 'semsegbench-sev3')
    """
    return toml_names(content_folder("corruptions"))


def merged(protocols: Iterable[Protocol]) -> Protocol:
    """Merge protocols. Each perturbation appears once, as in the first protocol that has it.

    The scored severities of the result come from several protocols, so use it to create and view
    images, not to compute scores.

    Args:
        protocols: The protocols.

    Returns:
        The merged protocol.
    """
    protocols = list(protocols)
    perturbations = dict[str, Perturbation]()
    for protocol in protocols:
        for perturbation in protocol.perturbations:
            perturbations.setdefault(perturbation.name, perturbation)
    return Protocol(
        " + ".join(each.name for each in protocols),
        " + ".join(each.version for each in protocols),
        "; ".join(each.source for each in protocols),
        tuple(perturbations.values()),
    )


def load_protocol(protocol: str | Path | Protocol = PROTOCOL) -> Protocol:
    """Load a protocol.

    Args:
        protocol: The name of an included one, or the path of a TOML file: a Path, or a string that
            ends in `.toml`. A Protocol is returned unchanged.

    Returns:
        The protocol.

    Raises:
        CardError: The protocol is unknown, or its file is invalid or has the name of an included
            protocol and other contents.

    >>> protocol = rs.load_protocol("mpc-15")
    >>> protocol
    <protocol mpc-15 1: 15 corruptions>
    >>> protocol.names[:3]
    ('gaussian_noise', 'shot_noise', 'impulse_noise')
    """
    if isinstance(protocol, Protocol):
        return protocol
    if not isinstance(protocol, Path) and not str(protocol).endswith(".toml"):
        if protocol not in list_protocols():
            known = unknown("protocol", protocol, list_protocols())
            raise CardError(f"{known}; or give the path of a .toml file")
        return _shipped(protocol)
    loaded = read_toml(ProtocolFile, Path(protocol), "protocol").protocol
    try:
        check_name(loaded)
    except CardError as error:
        raise CardError(f"{protocol}: {error}") from None
    return loaded


def check_name(protocol: Protocol) -> None:
    """Check that a protocol with the name of an included one is that protocol.

    Runs are matched with published numbers by the name of the protocol.

    Args:
        protocol: The protocol.

    Raises:
        CardError: It has other contents.
    """
    if protocol.name in list_protocols() and protocol != _shipped(protocol.name):
        raise CardError(
            f"name '{protocol.name}' belongs to an included protocol with other contents; choose "
            "another name"
        )


@cache
def _shipped(name: str) -> Protocol:
    where = f"{name}.toml"
    text = (content_folder("corruptions") / where).read_text(encoding="utf-8")
    return parse_toml(ProtocolFile, text, where).protocol
