"""Ensembles of attacks: conditions that are derived from the rows of other conditions.

SEA (Croce, Singh and Hein, arXiv 2306.12941) is the worst of three attacks on each image. Its
severity k is derived from severity k of its members.
"""

from collections.abc import Mapping

ATTACK_ENSEMBLES: Mapping[str, tuple[str, ...]] = {
    "sea": ("apgd_mce_bal", "apgd_mce", "apgd_js"),
    "sea_l2": ("apgd_mce_bal_l2", "apgd_mce_l2", "apgd_js_l2"),
}
"""Maps the name of an ensemble, as protocols list it, to the names of its members."""

ENSEMBLE_LAW = 1
"""Law version of the derivation; increment when it chooses another member for the same results."""
