"""Cards of models that transformers runs: their hub ids and facts about them.

There is one TOML file per model in the folder `hub` of the content folder `models`. Architecture,
classes and preprocessing come from the files on the hub.
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
        family: Its name in the literature, such as "Mask2Former".
        location: Hub id.
        dataset: Name of the dataset whose classes it predicts.
        licence: Licence of the weights.
        revision: Commit, tag or branch.
        needs: A library that it needs in addition to transformers. None: no other library.
        verified: Whether the hub id was looked up when the card was written.
        published: Its published clean score.
        name: The name in every table: the file's name. It is not a key of the file.
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
        """The form of the model without a card, such as "hf:facebook/mask2former"."""
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
