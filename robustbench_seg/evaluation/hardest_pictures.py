"""Pictures of the images that a run found hardest, made again when the run is complete."""

from robustbench_seg.evaluation.evaluation import Evaluation
from robustbench_seg.evaluation.image_maker import ImageMaker, SourceImage
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.pictures import write_input, write_labels
from robustbench_seg.measures import CONFUSION
from robustbench_seg.results import PictureFiles, hardest
from robustbench_seg.store import read_counts


def keep_hardest(run: ModelRun, evaluation: Evaluation, maker: ImageMaker) -> None:
    """Write the pictures that a complete run lacks."""
    data, files = evaluation.dataset, PictureFiles.of_run(run.folder.path)
    places = {name: place for place, name in enumerate(data.ids)}
    for hard in hardest(read_counts(run.folder.path, [CONFUSION]), evaluation.protocol):
        if files.hard_prediction(hard).exists():
            continue
        source = SourceImage(data, places[hard.image], evaluation.class_map)
        for clean in maker.all([(source, hard.worst)]):
            made = run.attacked(clean)
            if made.image is None:
                continue
            write_input(files.hard_input(hard), made.image)
            write_labels(files.hard_truth(hard), made.source.sample().labels, data.palette)
            labels = run.predictions.segmenter(hard.image, hard.worst)(made.image)
            labels = evaluation.class_map.labels(labels) if evaluation.class_map else labels
            write_labels(files.hard_prediction(hard), labels, data.palette)
