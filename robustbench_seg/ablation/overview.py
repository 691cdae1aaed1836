"""The plan of an ablation: its networks, its steps, and the equivalent commands."""

import shlex
from collections.abc import Sequence

from robustbench_seg.ablation.published import published_scores
from robustbench_seg.ablation.steps import EvaluateStep, ReportStep, Step, TrainStep, ablation_steps
from robustbench_seg.analysis import count_cost, meta_network
from robustbench_seg.machine.command_text import changed_options, command_start
from robustbench_seg.records.cards.ablation import AblationVariant
from robustbench_seg.records.specs.ablation_spec import AblationSpec
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.text import counted
from robustbench_seg.training.command import training_command

_COST_SIZE = (512, 512)
"""Height and width, in pixels, of the image for which the cost is shown: the paper's crops of
ADE20K.
"""


def ablation_overview(spec: AblationSpec) -> str:
    """Describe an ablation before it runs.

    Returns:
        Lines of text: what is compared; the cost of each network and the paper's score; each step,
        and indented below it the equivalent command, if there is one.
    """
    paper = table_description(spec.ablation.table).copied_from
    lines = [f"{spec.ablation.title}, as in {paper}\n"]
    lines += [_network_summary(spec, variant) for variant in spec.variants]
    lines.append("")
    for step in ablation_steps(spec):
        lines.append(str(step))
        if command := _command(step, spec.gpus):
            lines.append(f"    {command}")
    count = len(spec.seeds) * len(spec.variants)
    iterations = spec.training.recipe.iterations
    lines.append(f"\n{counted(count, 'training')} of {iterations} steps, each scored\n")
    return "\n".join(lines)


def _network_summary(spec: AblationSpec, variant: AblationVariant) -> str:
    """The cost of a network, the paper's score of it, and the weights its encoder starts from."""
    cost = count_cost(meta_network(spec.ablation.card(variant, full=spec.full)), _COST_SIZE)
    start = f"; encoder weights: {spec.encoders.get(variant.name, 'random')}"
    return (
        f"{variant.name}: {cost.params / 1e6:.1f} M parameters, "
        f"{cost.macs_written / 1e9:.1f} GMAC at {'x'.join(map(str, _COST_SIZE))}; "
        f"the paper's mIoU {published_scores(spec)[variant.name]} %{start if spec.encoders else ''}"
    )


def _command(step: Step, processes: int) -> str | None:
    """The command that is equivalent to a step, or None if there is none."""
    match step:
        case TrainStep(spec):
            return training_command(spec, processes)
        case EvaluateStep(spec):
            return shlex.join([*command_start(processes), *_evaluate_words(spec)])
        case ReportStep(runs, out):
            return shlex.join([*command_start(), "report", str(runs), "--out", str(out)])
        case _:
            return None


def _evaluate_words(spec: EvaluationSpec) -> Sequence[str]:
    """The words of `evaluate`: one model, and each option that differs from its default."""
    (model,) = spec.models
    options = changed_options(spec, without=("models", "folder", "command"))
    return ["evaluate", "--model", model, *options]
