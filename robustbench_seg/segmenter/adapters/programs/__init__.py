"""Exported programs: graphs in ONNX, and files of torch.export and TorchScript."""
