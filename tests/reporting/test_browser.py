"""The page in a real browser, from disk."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# Runs after the page's own script: what the browser made of the page goes into its title.
PROBE = """<script>
window.onerror = (message) => { document.title += " error: " + message; };
const table = document.querySelector("table.heat");
const models = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim());
const fog = [...table.tHead.rows[1].cells].findIndex((cell) => cell.textContent === "fog");
const button = table.tHead.rows[1].cells[fog].querySelector("button");
button.click(); const down = models(); button.click(); const up = models();
const root = document.documentElement;
document.title = JSON.stringify({
  width: root.clientWidth, needs: root.scrollWidth, scripts: document.scripts.length,
  down, up, sort: button.parentElement.ariaSort,
});
</script></body>"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_sorts(report: Path, tmp_path: Path, width: int):
    page = (report / "index.html").read_text(encoding="utf-8").replace("</body>", PROBE)
    framed = tmp_path / "page.html"
    framed.write_text(page, encoding="utf-8")
    # Headless windows are never narrower than 500 px; a frame is as narrow as it is told.
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>'
        "<script>onload = () => { document.title = frames[0].document.title; };</script>"
    )
    command = [
        *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--disable-sync", "--allow-file-access-from-files", "--window-size=1400,1000"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", outer.as_uri()),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", run.stdout, re.DOTALL)
    assert title, run.stderr[-2000:]
    seen = json.loads(html.unescape(title[1]))
    assert width - 20 <= seen["width"] <= width  # a scroll bar at the side may take some
    assert seen["needs"] <= seen["width"]
    assert seen["sort"] == "ascending"
    assert seen["down"][:2] == ["alpha", "beta"]
    assert seen["up"][:2] == ["beta", "alpha"]
    assert seen["up"][2] == seen["down"][2] == "<script>alert(1)</script>"  # no score: stays last
    assert seen["scripts"] == 2
