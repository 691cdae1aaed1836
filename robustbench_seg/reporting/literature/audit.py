"""The audit: published rows and claims that do not follow from their own numbers."""

import pandas as pd

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.claims import TABLE, claims
from robustbench_seg.reporting.literature.published import published_facts

AUDIT_COLUMNS = ("source", "model", "dataset", "crop", "kind", "flag")
CLAIM = "claim"
"""The kind of an entry that is a claim of a text, not a row of a table."""


def audit() -> pd.DataFrame:
    """Recompute what the library holds, and return what does not agree.

    Returns:
        AUDIT_COLUMNS, a row for each inconsistent model of a source, and for each claim in
        `reports/published/claims.csv` that does not follow from the published table (source
        "claims"). kind: "cells" (no score of the row is used), "summary" (only a stored mean or
        minimum is wrong) or "claim"; flag: what is wrong, in words.
    """
    rows = literature()
    found = rows.loc[rows["flag"] != "", list(AUDIT_COLUMNS)]
    return pd.concat([found, _claims()], ignore_index=True)


def _claims() -> pd.DataFrame:
    entries = []
    for claim in claims().to_dict("records"):
        if round(claim["recomputed"], 0 if claim["kind"] == "gain" else 1) == claim["claimed"]:
            continue
        matching = f"; {claim['rows_matching']} gives it" if claim["rows_matching"] else ""
        entries.append(
            {
                "source": "claims",
                "model": claim["model"],
                "dataset": published_facts(TABLE).dataset,
                "crop": "",
                "kind": CLAIM,
                "flag": f"{claim['claim']} {claim['claimed']:g} % ({claim['paper']}): the table "
                f"gives {claim['recomputed']:.1f} % ({claim['best_row']}){matching}",
            }
        )
    return pd.DataFrame(entries, columns=list(AUDIT_COLUMNS))
