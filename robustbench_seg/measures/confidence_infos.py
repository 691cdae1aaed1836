"""Names and definitions of the confidence scores; docs/measures.md has their formulas."""

import math
from dataclasses import replace

from robustbench_seg.measures.confidence_histogram import BINS
from robustbench_seg.measures.score_info import ScoreInfo

_BOTH, _NATS, _SQUARES = (-100.0, 100.0), (0.0, math.inf), (0.0, 2.0)

_CHIEF = {"ece": 1, "auroc": 2, "aupr_error": 3, "aurc": 4, "coverage_at_5_risk": 5}
"""The order of the chief scores; see ScoreInfo."""

LIKELIHOOD_SCORES = frozenset(("nll", "brier", "nll_t", "brier_t"))
"""The scores that need the probability of the true class, not only the confidence."""

_SCORES = (
    ScoreInfo(
        "ece",
        "ECE",
        "Expected calibration error, in percent: the mean over the pixels of the distance "
        f"between confidence and accuracy in {BINS} equal bins of confidence.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "mce",
        "MCE",
        "Maximum calibration error, in percent: the largest distance between confidence and "
        f"accuracy of the {BINS} bins of ECE.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "adaptive_ece",
        "adaptive ECE",
        f"ECE over {BINS} bins of equally many pixels, in percent.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "ks",
        "KS error",
        "Kolmogorov-Smirnov calibration error, in percent: the largest distance between the "
        "cumulative confidence and the cumulative accuracy, over the pixels in order of "
        "confidence.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "nll",
        "NLL",
        "Mean negative log-likelihood of the true class, in nats.",
        higher_is_better=False,
        limits=_NATS,
    ),
    ScoreInfo(
        "brier",
        "Brier score",
        "Mean squared distance between the probabilities of all classes and the truth, 0 to 2.",
        higher_is_better=False,
        limits=_SQUARES,
    ),
    ScoreInfo(
        "auroc",
        "AUROC",
        "Probability, in percent, that a correct pixel has higher confidence than a wrong one.",
    ),
    ScoreInfo(
        "aupr_success",
        "AUPR success",
        "Average precision, in percent, of detecting correct pixels by high confidence.",
    ),
    ScoreInfo(
        "aupr_error",
        "AUPR error",
        "Average precision, in percent, of detecting wrong pixels by low confidence.",
    ),
    ScoreInfo(
        "fpr95",
        "FPR95",
        "Share of the wrong pixels, in percent, whose confidence is at least that at which 95 % "
        "of the correct pixels are kept.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "aurc",
        "AURC",
        "Area under the risk-coverage curve, in percent: the error rate of the most confident "
        "pixels, averaged over the share of pixels that is kept.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "augrc",
        "AUGRC",
        "Area under the generalised risk-coverage curve, in percent: the share of all pixels that "
        "is kept and wrong, averaged over the share that is kept.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "coverage_at_5_risk",
        "coverage at 5 % risk",
        "The largest share of pixels, in percent, that can be kept, the most confident first, "
        "with at most 5 % of them wrong.",
    ),
    ScoreInfo(
        "risk_at_80_coverage",
        "risk at 80 % coverage",
        "Error rate, in percent, of the most confident 80 % of the pixels.",
        higher_is_better=False,
    ),
    ScoreInfo(
        "prr",
        "PRR",
        "Prediction rejection ratio, -100 to 100: how close rejecting the least confident pixels "
        "first is to rejecting the wrong pixels first (100); 0 is random rejection.",
        limits=_BOTH,
    ),
)


def confidence_infos(*, scaled: bool) -> tuple[ScoreInfo, ...]:
    """Return the scores of raw confidence, or of confidence after temperature scaling.

    Args:
        scaled: Whether the logits were divided by a temperature; the names then end in _t.
    """
    infos = tuple(
        replace(info, section="confidence", chief=_CHIEF.get(info.name)) for info in _SCORES
    )
    if not scaled:
        return infos
    return tuple(
        replace(
            info,
            name=f"{info.name}_t",
            label=f"{info.label}, scaled",
            definition=f"{info.label} after temperature scaling.",
        )
        for info in infos
    )
