"""Evaluations: every model x every image x every condition, counted and kept.

A reader begins with entry_point.py, which `evaluate` is in, and follows one call to the next:

1. arguments.py sorts what a caller gives into a specification and objects.
2. inputs/opening.py opens the data and the models, inputs/checks.py checks that they go together,
   and the result is an Evaluation (inputs/evaluation.py).
3. loop.py takes the images block by block, makes each once (images/), and hands it to all models.
4. run_opening.py opens the run folder of each model; model_run.py predicts (predictions/), counts
   and writes rows. Saved predictions, attacks and pictures are in outputs/.

ray_executor.py runs the same loop as tasks of a cluster.
"""

from robustbench_seg.evaluation.entry_point import evaluate
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.opening import open_evaluation

__all__ = ["Evaluation", "evaluate", "open_evaluation"]
