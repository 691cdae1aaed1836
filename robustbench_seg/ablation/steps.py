"""What `robustseg study` runs: one command after the other, on cards that it writes itself."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_seg.ablation import AblationScale, AblationVariant


@dataclass(frozen=True)
class Plan:
    """An ablation as commands: every network trained and scored with one seed, then with the next.

    encoders: what the encoders of some variants begin with, by the variant's name
    options:  further ones of `robustseg train`
    gpus:     processes of torchrun; 1: without it
    """

    variants: "tuple[AblationVariant, ...]"
    scale: "AblationScale"
    seeds: tuple[int, ...]
    encoders: Mapping[str, str]
    options: tuple[str, ...]
    data: Path | None
    limit: int | None
    device: str
    gpus: int
    out: Path

    @property
    def runs(self) -> Path:
        """Where the scores are; those of the first images only lie apart."""
        return self.out / (f"runs-{self.limit}" if self.limit else "runs")

    @property
    def trainings(self) -> int:
        """How many there are."""
        return len(self.seeds) * len(self.variants)

    def card_file(self, variant: "AblationVariant") -> Path:
        """Where the card of an untrained network is to lie."""
        return self.out / "cards" / f"{variant.name}.toml"

    def commands(self) -> Iterator[list[str]]:
        """Yield each as words, a program's name first: "robustseg", or torchrun."""
        start = ["robustseg"]
        if self.gpus > 1:
            start = ["torchrun", "--standalone", f"--nproc-per-node={self.gpus}"]
            start += ["-m", "robustbench_seg"]
        device = ["--device", self.device]
        where = ["--dataset", self.scale.dataset]
        where += ["--data", str(self.data)] if self.data else []
        count = ["--limit", str(self.limit)] if self.limit else []
        for seed in self.seeds:
            for variant in self.variants:
                folder = self.out / "trained" / f"{variant.name}-{seed}"
                how = [*self._recipe(), "--seed", str(seed), *device, "--out", str(folder)]
                yield [*start, "train", *self._network(variant), *where, *how]
                for model in variant.tests:
                    tested = ["evaluate", "--model", str(folder / f"{model}.toml"), *where, *count]
                    yield [*start, *tested, *device, "--out", str(self.runs)]
        yield ["robustseg", "report", str(self.runs), "--out", str(self.out / "report")]

    def _network(self, variant: "AblationVariant") -> list[str]:
        named = ["--model", str(self.card_file(variant)), "--name", variant.name]
        weights = self.encoders.get(variant.name)
        return [*named, *(["--encoder", weights] if weights else [])]

    def _recipe(self) -> list[str]:
        scale = self.scale
        own = [f"--iterations={scale.iterations}", f"--batch={scale.batch}"]
        own += [f"--crop={scale.crop}x{scale.crop}", *shlex.split(scale.options)]
        return [*own, *self.options]
