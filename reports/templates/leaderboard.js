
// Rank by any score: the second column shows its values, and rows and ranks follow its order.
{
  const scores = JSON.parse(document.getElementById("ranking-data").textContent);
  const table = document.getElementById("ranking-table");
  const header = headersOf(table)[1], title = header.querySelector("button") ?? header;
  const form = document.createElement("form");
  form.className = "controls";
  form.setAttribute("aria-label", "What the table ranks by");
  form.addEventListener("submit", (event) => event.preventDefault());
  const select = field(form, "rank by", document.createElement("select"));
  for (const group of new Set(scores.map((score) => score.group))) {
    const options = document.createElement("optgroup");
    options.label = group;
    for (const [index, score] of scores.entries())
      if (score.group === group) options.append(new Option(`${score.label} ${score.up ? "↑" : "↓"}`, index));
    select.append(options);
  }
  const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "part of a name" });
  field(form, "models", search);
  const nameOf = (row) => row.cells[0].dataset.sort;
  const keyOf = (row) => `${row.className} ${nameOf(row)}`; // a published row may have the name of a model

  const bar = (at, start, end) => {
    const track = Object.assign(document.createElement("span"), { className: "bar" });
    track.setAttribute("aria-hidden", "true");
    const span = document.createElement("i"), mark = document.createElement("b");
    Object.assign(span.style, { left: `${start}%`, width: `${end - start}%` });
    mark.style.left = `${at}%`;
    track.append(span, mark);
    return track;
  };
  const show = () => {
    const score = scores[select.value], rows = rowsOf(table);
    title.textContent = `${score.label} ${score.up ? "↑" : "↓"}`;
    const found = new Map(score.rows.map(([source, name, ...rest], index) => [`${source} ${name}`, [index, ...rest]]));
    const ends = score.rows.flatMap(([, , , ...values]) => values).filter((value) => value !== null);
    const low = Math.min(...ends), high = Math.max(...ends);
    const at = (value) => (high > low ? (100 * (value - low)) / (high - low) : 50);
    for (const row of rows) {
      const [, rank, value, start, end] = found.get(keyOf(row)) ?? [, "–", null, null, null];
      row.cells[0].querySelector(".rank").textContent = rank;
      const cell = row.cells[1];
      cell.replaceChildren();
      cell.removeAttribute("title");
      cell.dataset.sort = value ?? "";
      if (value === null) continue;
      const text = Object.assign(document.createElement("span"), { className: "value", textContent: value.toFixed(score.digits) });
      cell.append(text);
      if (start === null) continue;
      const ends = `${start.toFixed(score.digits)} to ${end.toFixed(score.digits)}`;
      cell.append(" ", Object.assign(document.createElement("span"), { className: "note limits", textContent: ends }));
      cell.append(bar(at(value), at(start), at(end)));
      cell.title = `95 % interval ${ends}`;
    }
    const indexOf = (row) => found.get(keyOf(row))?.[0] ?? found.size;
    headersOf(table).forEach((th) => th.removeAttribute("aria-sort"));
    table.tBodies[0].append(...rows.sort((a, b) => indexOf(a) - indexOf(b)));
  };
  const narrow = () => {
    const text = search.value.trim().toLowerCase();
    for (const row of rowsOf(table)) row.hidden = !nameOf(row).toLowerCase().includes(text);
  };
  select.addEventListener("input", show);
  search.addEventListener("input", narrow);
  table.closest(".scroller").before(form);
}
