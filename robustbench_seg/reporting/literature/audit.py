"""The audit: published results and claims that contradict their own numbers."""

import pandas as pd

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.claims import CLAIMS_TABLE, RecomputedClaim, claims
from robustbench_seg.reporting.literature.published_tables import table_description

AUDIT_COLUMNS = ("source", "model", "dataset", "crop", "kind", "flag")
CLAIM = "claim"
"""The kind of an entry about a claim in the text of a paper, not about a row of a table."""


def audit() -> pd.DataFrame:
    """Recompute the published results of the library, and return inconsistent ones.

    Returns:
        AUDIT_COLUMNS, a row for each inconsistent model of a source, and for each claim in
        `reports/published/claims.csv` that does not follow from the published table (source
        "claims"). kind: "cells" (no score of the row is used), "summary" (only a stored mean or
        minimum is wrong) or "claim"; flag: the fault, in words.
    """
    results = literature()
    flagged = results.loc[results["flag"] != "", list(AUDIT_COLUMNS)]
    wrong = [each for each in claims() if not each.claim.is_given_by(each.recomputed)]
    entries = pd.DataFrame(map(_claim_entry, wrong), columns=list(AUDIT_COLUMNS))
    return pd.concat([flagged, entries], ignore_index=True)


def _claim_entry(found: RecomputedClaim) -> dict[str, str]:
    """The entry of a wrong claim, with the AUDIT_COLUMNS."""
    claim, matching = found.claim, ", ".join(found.rows_matching)
    return {
        "source": "claims",
        "model": claim.model,
        "dataset": table_description(CLAIMS_TABLE).dataset or "",
        "crop": "",
        "kind": CLAIM,
        "flag": f"{claim.text} {claim.claimed:g} % ({claim.paper}): the table gives "
        f"{found.recomputed:.1f} % ({found.best_row})"
        + (f"; {matching} gives it" if matching else ""),
    }
