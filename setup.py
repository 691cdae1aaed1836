"""What setup.cfg cannot say: addresses, and a long description whose links lead out of a page.

The address of the repository stands in one place, the `git clone` line of README.md.
"""

import re
from pathlib import Path

from setuptools import setup

README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
CLONED = re.search(r"^git clone (\S+)", README, re.MULTILINE)
if CLONED is None:
    raise SystemExit("README.md has no line `git clone <address>`, which names the repository")
REPOSITORY = CLONED[1].removesuffix(".git")


def absolute(link: re.Match[str]) -> str:
    """A relative link or picture of README.md with the address of the repository."""
    kind = "raw" if link[1] else "blob"
    return f"{link[1]}[{link[2]}]({REPOSITORY}/{kind}/main/{link[3]})"


setup(
    url=REPOSITORY,
    project_urls={
        "Documentation": f"{REPOSITORY}/blob/main/docs/index.md",
        "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    },
    long_description=re.sub(r"(!?)\[([^]]*)\]\((?!https?:|#)([^)]+)\)", absolute, README),
    long_description_content_type="text/markdown",
)
