import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where bundle_writer lies, in any import mode
