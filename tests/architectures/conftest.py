import sys
from pathlib import Path

# Makes bundle_writer importable in every import mode.
sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
