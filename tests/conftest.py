import torch

# Two test processes of one thread each are faster than two that spin on the same cores.
torch.set_num_threads(1)
