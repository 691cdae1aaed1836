"""The robustseg command and its subcommands, one file each."""

import logging

import click

from robustbench_seg import __version__
from robustbench_seg.cli.ablation import ablation
from robustbench_seg.cli.class_frequencies import class_frequencies
from robustbench_seg.cli.command_group import CommandGroup
from robustbench_seg.cli.compare import compare
from robustbench_seg.cli.corruptions import corruptions
from robustbench_seg.cli.cost import cost
from robustbench_seg.cli.demo import demo
from robustbench_seg.cli.erf import erf
from robustbench_seg.cli.evaluate import evaluate
from robustbench_seg.cli.generate_cityscapes_c import generate_cityscapes_c
from robustbench_seg.cli.leaderboard import leaderboard
from robustbench_seg.cli.literature import literature
from robustbench_seg.cli.models import models
from robustbench_seg.cli.pack import pack
from robustbench_seg.cli.report import report
from robustbench_seg.cli.train import train
from robustbench_seg.cli.transfer import transfer
from robustbench_seg.cli.verify import verify
from robustbench_seg.cli.weights import weights

COMMANDS = [
    demo,
    generate_cityscapes_c,
    verify,
    evaluate,
    report,
    compare,
    pack,
    leaderboard,
    literature,
    transfer,
    train,
    class_frequencies,
    models,
    weights,
    cost,
    erf,
    ablation,
    corruptions,
]


@click.group(
    cls=CommandGroup, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="robustseg")
@click.option("-v", "--verbose", is_flag=True, help="Show log messages and full tracebacks.")
def main(verbose: bool) -> None:
    """Measure the robustness of semantic segmentation models.

    Generates Cityscapes-C from Cityscapes (16 corruptions at 5 severities), scores models on it,
    and writes the results as tables, figures and one HTML page.

    Exit codes: 0 success; 1 part of the result is missing or wrong, as the message says; 2 wrong
    usage, a missing prerequisite, or a file that cannot be written; 130 interrupted, 143 terminated
    (SIGTERM), with finished work kept; 141 the reader closed the output.
    """
    if verbose:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("robustbench_seg").setLevel(logging.DEBUG)
