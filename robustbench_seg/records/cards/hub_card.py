"""Cards of models that transformers runs: their hub ids and facts about them.

There is one TOML file per model in the folder `hub` of the content folder `models`. Architecture,
classes and preprocessing come from the files on the hub.
"""

from dataclasses import dataclass, field, replace

from robustbench_seg.codec import read_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.records.values.published_score import Published


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


def list_hub_models() -> tuple[str, ...]:
    """List the names of all cards of models that transformers runs, sorted."""
    return toml_names(content_folder("models") / "hub")


def load_hub_card(name: str) -> HubCard:
    """Read a card.

    Args:
        name: One of list_hub_models.

    Raises:
        CardError: The card cannot be read or is wrong.
    """
    path = content_folder("models") / "hub" / f"{name}.toml"
    return replace(read_toml(HubCard, path, "hub card"), name=name)
