"""The settings of the attacks of an evaluation, checked before the first image."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_seg.attacks import ATTACKS, check_attack
from robustbench_seg.datasets import (
    EvaluationDataset,
    is_labelled,
    load_class_frequencies,
    shipped_frequencies,
)
from robustbench_seg.errors import AttackError, CardError, ModelError, OptionError
from robustbench_seg.files import digest_json
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_key import AttackRecord
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import (
    GRADIENT_LAW,
    DifferentiableSegmenter,
    SegmenterOptions,
    load_named,
    why_no_gradient,
)

_HALF_LEVEL = 0.5
"""Rounding to 8 bits undoes a change of at most this many levels of 255."""


@dataclass(frozen=True, eq=False)
class AttackSettings:
    """Everything that decides attacked images, besides the clean image and the scored network.

    Attributes:
        protocol: The protocol with the attacks and their radii.
        seed: Seed of the random starts.
        surrogate: The network that is attacked instead of the scored one. None: there is none.
        is_rounded: Whether images are rounded to 8 bits before they are scored.
        class_frequencies: Pixels of each class, for attacks that balance the classes.
    """

    protocol: Protocol
    seed: int = 0
    surrogate: DifferentiableSegmenter | None = None
    is_rounded: bool = False
    class_frequencies: tuple[int, ...] | None = None

    @property
    def record(self) -> AttackRecord | None:
        """The part of it in the key of a run; None if the protocol has no attack."""
        if not self.protocol.attack_laws:
            return None
        frequencies = self.class_frequencies
        return AttackRecord(
            GRADIENT_LAW,
            self.surrogate.record if self.surrogate else None,
            self.is_rounded,
            digest_json(list(frequencies)) if frequencies else None,
        )


def open_attacks(
    spec: EvaluationSpec,
    protocol: Protocol,
    conditions: Sequence[Condition],
    data: EvaluationDataset,
) -> AttackSettings:
    """Check that the attacks of an evaluation are possible, before any network is loaded.

    Args:
        spec: What to evaluate.
        protocol: The protocol.
        conditions: The conditions to compute.
        data: The images.

    Returns:
        The settings, without a surrogate.

    Raises:
        AttackError: The protocol names an attack that does not exist, or gives it wrong parameters;
            rounding would undo an attack, or class frequencies or the labels are missing.
        CardError: The class frequencies cannot be read or are for other classes; the radius of an
            ensemble differs from that of its members.
        OptionError: An option is for attacks, but there is none; or it leaves a network without
            gradients; or images are read from a tree.
    """
    for each in protocol.attacks:
        if each.name in ATTACK_ENSEMBLES:
            _check_ensemble(protocol, each)
        else:
            for parameters in each.parameters:
                check_attack(each.name, parameters)
    attacks = [condition for condition in conditions if protocol.is_attack(condition)]
    if not attacks:
        _check_no_options(spec, protocol)
    else:
        _check_attacks(spec, protocol, attacks, data)
        _check_gradients(spec)
    frequencies = _class_frequencies(spec, protocol, data)
    needing = [c.name for c in attacks if ATTACKS[c.name].needs_frequencies]
    if needing and frequencies is None:
        raise AttackError(
            f"{needing[0]} balances the classes; count their pixels with `robustseg "
            "class-frequencies` and give the file as class_frequencies"
        )
    return AttackSettings(
        protocol, spec.seeds[0], is_rounded=spec.round_attacks, class_frequencies=frequencies
    )


def _check_ensemble(protocol: Protocol, ensemble: Perturbation) -> None:
    """Check that the only parameter of an ensemble is its radius, and that its members have it."""
    for severity, parameters in enumerate(ensemble.parameters, 1):
        where = f"protocol {protocol.name}: {ensemble.name} at severity {severity}"
        if parameters.keys() != {"epsilon"}:
            raise CardError(
                f"{where} takes only the parameter epsilon; give the others to its members"
            )
        for member in protocol.perturbations:
            members = ATTACK_ENSEMBLES[ensemble.name]
            if member.name not in members or severity not in member.severities:
                continue
            radius = member.parameters[severity - 1]["epsilon"]
            if radius != parameters["epsilon"]:
                raise CardError(
                    f"{where} has epsilon = {parameters['epsilon']:g}, but its member "
                    f"{member.name} has {radius:g}; make them equal"
                )


def load_surrogate(spec: EvaluationSpec, data: EvaluationDataset) -> DifferentiableSegmenter | None:
    """Load the network that is attacked instead of the scored ones.

    The precision, backend and inference mode of the scored networks do not apply to it.

    Args:
        spec: What to evaluate.
        data: The images.

    Returns:
        The network. None: the scored networks themselves are attacked.

    Raises:
        ModelError: It has no gradients, or other classes than the data.
        RobustsegError: It cannot be loaded.
    """
    if spec.attack_from is None:
        return None
    options = SegmenterOptions(device=spec.device, batch=spec.batch, classes=data.classes)
    surrogate = load_named(spec.attack_from, options)
    if tuple(surrogate.classes) != tuple(data.classes):
        raise ModelError(
            f"attack_from: the classes of {surrogate.name} are not those of {data.name}; choose a "
            "model with this dataset's classes"
        )
    if reason := why_no_gradient(surrogate):
        raise ModelError(
            f"attack_from: {surrogate.name} cannot be attacked: {reason}; choose another model"
        )
    assert isinstance(surrogate, DifferentiableSegmenter)
    return surrogate


def _class_frequencies(
    spec: EvaluationSpec, protocol: Protocol, data: EvaluationDataset
) -> tuple[int, ...] | None:
    """Return the pixels of each class, from the user's file or an included one.

    They are part of the key, so they depend on the protocol, not on the chosen conditions.
    """
    attacks = [ATTACKS.get(each.name) for each in protocol.attacks]
    if not any(attack and attack.needs_frequencies for attack in attacks):
        if spec.class_frequencies:
            raise OptionError(
                f"class_frequencies: no attack of the protocol {protocol.name} balances the "
                "classes; leave out class_frequencies"
            )
        return None
    shipped = data.name if data.name in shipped_frequencies() else None
    chosen = spec.class_frequencies or shipped
    return None if chosen is None else load_class_frequencies(chosen).of(data.classes)


def _check_no_options(spec: EvaluationSpec, protocol: Protocol) -> None:
    given: dict[str, object] = {"save_attacks": spec.save_attacks}
    # With a protocol of attacks, these settings are part of the key even if only clean images are
    # scored.
    if not protocol.attacks:
        given |= {
            "attack_from": spec.attack_from,
            "round_attacks": spec.round_attacks,
            "class_frequencies": spec.class_frequencies,
        }
    for name, value in given.items():
        if value:
            raise OptionError(
                f"{name} is for attacks, but the protocol has none; choose a protocol with "
                "attacks, such as attacks"
            )


def _check_attacks(
    spec: EvaluationSpec,
    protocol: Protocol,
    attacks: Sequence[Condition],
    data: EvaluationDataset,
) -> None:
    if spec.corrupted is not None:
        raise OptionError(
            f"attacked images are computed for each network, not read from {spec.corrupted}; "
            "leave out corrupted"
        )
    if not is_labelled(data):
        raise AttackError(f"{data.name} {data.split} has no labels, which an attack needs")
    for condition in attacks if spec.round_attacks else ():
        radius = protocol.perturbation(condition.name).parameters[condition.severity - 1]["epsilon"]
        if ATTACKS[condition.name].norm == "Linf" and radius <= _HALF_LEVEL:
            raise AttackError(
                f"rounding to 8 bits undoes {condition.name} at severity {condition.severity}, "
                f"whose radius is {radius:g}/255; choose severities with larger radii"
            )


def _check_gradients(spec: EvaluationSpec) -> None:
    """Refuse options that leave every scored network without the gradient that attacks need."""
    if spec.attack_from is not None:
        return
    without = {
        "precision": spec.precision != "float32",
        "backend": spec.backend not in ("auto", "torch"),
        "augment": spec.augment is not None,
    }
    for name in (name for name, has_none in without.items() if has_none):
        raise OptionError(
            f"attacks need a gradient, which {name} {getattr(spec, name)} does not give; "
            f"leave out {name}, or attack another network with attack_from"
        )
