"""Evaluations: every model x every image x every condition, counted and stored.

Start with entry_point.py, which has `evaluate`, and follow the calls:

1. arguments.py sorts the arguments into a specification and objects.
2. inputs/opening.py opens the data and the models, inputs/checks.py checks that they fit together,
   and the result is an Evaluation (inputs/evaluation.py). backend_choice.py chooses backends.
3. loop.py goes through the images block by block, corrupts each once (images/), and passes it to
   all models.
4. run_opening.py opens the run folder of each model; model_run.py predicts (predictions/), counts
   and writes rows. Saved predictions, attacks and pictures are in outputs/.

ray_executor.py runs the same loop as tasks of a cluster.
"""

from robustbench_seg.evaluation.entry_point import evaluate
from robustbench_seg.evaluation.inputs.opening import open_evaluation

__all__ = ["evaluate", "open_evaluation"]
