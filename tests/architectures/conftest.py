import sys
from pathlib import Path

# Where bundle_writer lies, in any import mode.
sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
