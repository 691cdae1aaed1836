"""The requirements of setup.cfg with the extras that tests need, one a line.

`uv pip install --resolution lowest-direct -r -` takes the lowest version of each.
"""

import configparser
from pathlib import Path

EXTRAS = ("hf", "onnx", "openvino", "ray", "test", "tflite")

config = configparser.ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
lines = config["options"]["install_requires"].split()
for extra in EXTRAS:
    lines += config["options.extras_require"][extra].split()
print("\n".join(lines))
