"""The pictures of the images that a run found hardest: made anew once all its scores are there.

pictures/hardest/<image and condition>-input.jpg, -truth.png, -prediction.png
"""

from pathlib import Path

from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.evaluation.images import ImageMaker, SourceImage
from robustbench_seg.evaluation.pictures import write_input, write_labels
from robustbench_seg.measures import CONFUSION
from robustbench_seg.results import hardest, read_counts
from robustbench_seg.segmenter import Segmenter


def keep_hardest(
    run: Path, segmenter: Segmenter, evaluation: Evaluation, maker: ImageMaker
) -> None:
    """Write the pictures that a complete run lacks; an unfinished one is left alone."""
    data = evaluation.dataset
    folder, places = run / "pictures" / "hardest", {name: i for i, name in enumerate(data.ids)}
    for hard in hardest(read_counts(run, [CONFUSION]), evaluation.protocol):
        path = folder / f"{hard.stem}-prediction.png"
        if path.exists():
            continue
        for made in maker.all([(SourceImage(data, places[hard.image]), hard.worst)]):
            if made.image is None:
                continue
            write_input(folder / f"{hard.stem}-input.jpg", made.image)
            labels = made.source.sample().labels
            write_labels(folder / f"{hard.stem}-truth.png", labels, data.palette)
            write_labels(path, segmenter(made.image), data.palette)
