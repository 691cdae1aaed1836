"""Exported programs: graphs in ONNX, files of torch.export, TorchScript and TensorFlow Lite."""
