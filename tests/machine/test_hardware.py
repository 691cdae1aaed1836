import torch

from robustbench_seg.machine.hardware import hardware


def test_hardware_names_the_threads():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert hardware("cpu").endswith(", 1 thread")
        torch.set_num_threads(3)
        assert hardware("cpu").endswith(", 3 threads")
    finally:
        torch.set_num_threads(before)
