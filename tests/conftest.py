import atexit
import os
import shutil
import tempfile

import torch

# Two test processes of one thread each are faster than two that spin on the same cores.
torch.set_num_threads(1)

# Tests and the commands that they start remember nothing in the user's cache.
os.environ["ROBUSTSEG_CACHE"] = tempfile.mkdtemp(prefix="robustseg-tests-")
atexit.register(shutil.rmtree, os.environ["ROBUSTSEG_CACHE"], ignore_errors=True)
