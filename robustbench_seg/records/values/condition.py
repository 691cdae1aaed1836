"""Conditions under which images are scored: a perturbation at a severity, or clean."""

from dataclasses import dataclass

SEVERITIES = (1, 2, 3, 4, 5)
"""Every severity that a perturbation can have."""


@dataclass(frozen=True, order=True)
class Condition:
    """A perturbation at a severity; clean is ("clean", 0)."""

    name: str
    severity: int

    @property
    def folder(self) -> str:
        """Its folder in a tree of corrupted images or of predictions, such as "fog/3"."""
        return f"{self.name}/{self.severity}"


CLEAN = Condition("clean", 0)
