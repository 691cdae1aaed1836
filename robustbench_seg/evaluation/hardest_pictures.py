"""Pictures of the hardest images of a run, created when the run is complete."""

from robustbench_seg.evaluation.images.image_maker import DatasetImage, ImageMaker
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.outputs.pictures import write_input, write_labels
from robustbench_seg.measures import CONFUSION
from robustbench_seg.results import hardest_images
from robustbench_seg.store import PictureFiles, read_counts


def keep_hardest(run: ModelRun, evaluation: Evaluation, maker: ImageMaker) -> None:
    """Write the missing pictures of a complete run."""
    data, files = evaluation.dataset, PictureFiles.of_run(run.folder.path)
    places = {name: place for place, name in enumerate(data.ids)}
    for hard in hardest_images(read_counts(run.folder.path, [CONFUSION]), evaluation.protocol):
        own = files.of_hardest(hard.image, hard.worst)
        if own.prediction.exists():
            continue
        original = DatasetImage(data, places[hard.image], evaluation.class_map)
        for clean in maker.all([(original, hard.worst)]):
            image = run.attacked(clean)
            if image.pixels is None:
                continue
            write_input(own.input, image.pixels)
            write_labels(own.truth, image.original.sample().labels, data.palette)
            labels = run.predictions.segmenter(hard.image, hard.worst)(image.pixels)
            labels = evaluation.class_map.labels(labels) if evaluation.class_map else labels
            write_labels(own.prediction, labels, data.palette)
