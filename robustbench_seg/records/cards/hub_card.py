"""Cards of models that transformers runs: where they are on the hub, and what is known of them.

One TOML file per model in the folder `hub` of the content folder `models`. Architecture, classes
and preprocessing are those of the hub's own files.
"""

from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

from robustbench_seg.codec import read
from robustbench_seg.records.cards.model_card import CONTENT, Published, list_hub_models

__all__ = ["HubCard", "list_hub_models", "load_hub_card"]


@dataclass(frozen=True)
class HubCard:
    """A model on the hub.

    Attributes:
        family: What it is called in the literature, such as "Mask2Former".
        location: Hub id.
        dataset: Name of the dataset whose classes it predicts.
        licence: Licence of the weights.
        revision: Commit, tag or branch.
        needs: A library that it needs in addition to transformers.
        verified: Whether the hub id was looked up when the card was written.
        published: Its published clean score.
        name: The name in every table, that of the file; never in the file.
    """

    family: str
    location: str
    dataset: str
    licence: str | None = None
    revision: str | None = None
    needs: str | None = None
    verified: bool = True
    published: Published | None = None
    name: str = field(default="", metadata={"stored": False})

    @property
    def model(self) -> str:
        """The model without the card, such as "hf:facebook/mask2former"."""
        return f"hf:{self.location}" + (f"@{self.revision}" if self.revision else "")


def load_hub_card(name: str) -> HubCard:
    """Read a card.

    Args:
        name: One of list_hub_models.

    Raises:
        CardError: The card cannot be read or is wrong.
    """
    path = Path(str(resources.files(CONTENT))) / "hub" / f"{name}.toml"
    return replace(read(HubCard, path, "hub card"), name=name)
