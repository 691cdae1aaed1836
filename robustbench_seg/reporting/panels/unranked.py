"""The models of a panel that are not ranked, and why, in sentences."""

import math

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.text import counted, enumeration


def unranked_sentences(panel: Panel) -> list[str]:
    """Return a sentence or two for each reason why models have no rank; none if all have one."""
    by_reason = dict[str | None, list[str]]()
    for model in panel.models:
        if model not in panel.complete:
            by_reason.setdefault(_missing_images(model), []).append(model.name)
    not_run, sentences = by_reason.pop(None, []), []
    for reason, names in by_reason.items():
        verb, pronoun = ("lacks", "it") if len(names) == 1 else ("lack", "them")
        sentences.append(
            f"{enumeration(names)} {verb} images: {reason}. To rank {pronoun}, fix the cause if "
            "one is given, and evaluate again."
        )
    if not_run and panel.complete:
        sentences.append(f"Not ranked, because conditions are missing: {', '.join(not_run)}.")
    elif not_run:
        protocol = panel.protocol
        sentences.append(
            f"To rank {'them' if not sentences else enumeration(not_run)}, evaluate all "
            f"{protocol.words.noun}s of {protocol.name}, or give --protocol a TOML file that lists "
            "fewer."
        )
    return sentences


def _missing_images(model: MeasuredModel) -> str | None:
    """The images that a model lacks under the first condition, and the number of others.

    None if it has no image at all under a scored condition, which was probably not run.
    """
    names, missing = [CLEAN.name, *model.protocol.averaged_names], model.scored.missing_images
    scored = [each for each in (CLEAN, *model.protocol.scored_conditions) if each.name in names]
    lacking = [name for name in names if math.isnan(model.miou[name]) and name in missing]
    if not lacking or not all(model.scored.image_counts.get(condition) for condition in scored):
        return None
    first, *others = lacking
    text = f"{first.replace('_', ' ')}, {missing[first]}"
    return f"{text}, and under {counted(len(others), 'other')}" if others else text
