from robustbench_seg.machine.torchrun import Processes, torchrun_processes


def test_a_process_of_torchrun_knows_its_place(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert torchrun_processes() == Processes()
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert torchrun_processes() == Processes(), "other tools set these two as well"
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert torchrun_processes() == Processes(3, 8)
