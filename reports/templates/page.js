// Without this script the tables stand as written: best first, mIoU, all rows and columns.

const rowsOf = (table) => [...table.tBodies[0].rows];
const headersOf = (table) => [...table.tHead.rows[table.tHead.rows.length - 1].cells];
const shown = (value) => (Number.isFinite(value) ? value.toFixed(1) : "");

// Sorting by a column's header.
function sortable(table) {
  const headers = headersOf(table);
  const key = (row, index) => {
    const cell = row.cells[index];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
  };
  headers.forEach((header, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const down = header.getAttribute("aria-sort") !== "descending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => {
        const [x, y] = [key(a, index), key(b, index)];
        if (x === null || y === null) return (x === null) - (y === null); // empty cells stay last
        const sign = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        return down ? -sign : sign;
      };
      table.tBodies[0].append(...rowsOf(table).sort(order));
    });
  });
}

// A share in percent of what the reference loses; none where that is nothing.
const over = (lost, reference) => (reference > 0 ? (100 * lost) / reference : NaN);

// What the paper's table can show of a cell: v its mIoU, c the row's clean mIoU, r and rc those of the reference.
const METRICS = {
  "mIoU, %": { of: (v) => v, good: true },
  "degradation: clean - mIoU, points": { of: (v, c) => c - v, good: false },
  "retention: mIoU / clean, %": { of: (v, c) => (100 * v) / c, good: true },
  "CD, %": { of: (v, c, r) => over(100 - v, 100 - r), good: false, against: true },
  "rCD, %": { of: (v, c, r, rc) => over(c - v, rc - r), good: false, against: true },
};

function choice(form, label, options) {
  const select = document.createElement("select");
  for (const text of options) select.add(new Option(text));
  return field(form, label, select);
}

function field(form, label, control) {
  const around = document.createElement("label");
  around.append(`${label} `, control);
  form.append(around);
  return control;
}

function switchable(table) {
  const rows = rowsOf(table), headers = headersOf(table), styles = table.dataset.ramp.split("|");
  const nameOf = (row) => row.cells[0].querySelector(".label").textContent;
  const number = (cell) => Number(cell.dataset.v ?? NaN);
  const form = document.createElement("form");
  form.className = "controls";
  form.setAttribute("aria-label", "What the table shows");
  form.addEventListener("submit", (event) => event.preventDefault());
  const metric = choice(form, "show", Object.keys(METRICS));
  const reference = choice(form, "against", rows.map(nameOf));
  if (rows.map(nameOf).includes(table.dataset.reference)) reference.value = table.dataset.reference;
  const category = choice(form, "corruptions", ["all", ...new Set(headers.map((th) => th.dataset.group).filter(Boolean))]);
  const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "part of a name" });
  field(form, "models", search);

  // The caption and what cells say on hover are those of the mIoU.
  const caption = table.caption.appendChild(document.createElement("span")), region = table.closest(".scroll");
  const heading = region.getAttribute("aria-label"), titles = rows.map((row) => [...row.cells].map((cell) => cell.title));
  const tell = (mIoU) => {
    caption.textContent = mIoU ? "" : ` Shown: ${metric.value}.`;
    region.setAttribute("aria-label", heading + caption.textContent);
    rows.forEach((row, y) => [...row.cells].forEach((cell, x) => {
      const title = mIoU || x === 1 || !cell.dataset.v ? titles[y][x] : "";
      title ? (cell.title = title) : cell.removeAttribute("title");
    }));
  };

  const show = () => {
    const { of, good, against } = METRICS[metric.value];
    reference.parentElement.hidden = !against;
    const other = rows[reference.selectedIndex];
    const values = rows.map((row) =>
      [...row.cells].map((cell, i) =>
        i < 2 ? NaN : of(number(cell), number(row.cells[1]), number(other.cells[i]), number(other.cells[1])),
      ),
    );
    const mIoU = metric.selectedIndex === 0;
    tell(mIoU);
    const range = [...values.flat(), ...(mIoU ? rows.map((row) => number(row.cells[1])) : [])].filter(Number.isFinite);
    const [low, high] = [Math.min(...range), Math.max(...range)];
    rows.forEach((row, y) => {
      [...row.cells].slice(1).forEach((cell, x) => {
        const clean = x === 0;
        const value = clean ? number(cell) : values[y][x + 1];
        cell.textContent = shown(value);
        if (!Number.isFinite(value) || (clean && !mIoU)) return cell.removeAttribute("style");
        const share = high > low ? (value - low) / (high - low) : 0.5;
        cell.setAttribute("style", styles[Math.round((good ? share : 1 - share) * (styles.length - 1))]);
      });
    });
  };
  const narrow = () => {
    const wanted = category.value, text = search.value.trim().toLowerCase();
    const hidden = headers.map((th) => wanted !== "all" && th.dataset.group !== undefined && th.dataset.group !== wanted);
    for (const row of [table.tHead.rows[table.tHead.rows.length - 1], ...rows])
      [...row.cells].forEach((cell, i) => (cell.hidden = hidden[i]));
    for (const th of table.tHead.querySelectorAll("[data-only]")) th.hidden = wanted !== "all" && th.dataset.only !== wanted;
    for (const row of rows) row.hidden = !nameOf(row).toLowerCase().includes(text);
  };
  metric.addEventListener("change", show);
  reference.addEventListener("change", show);
  category.addEventListener("change", narrow);
  search.addEventListener("input", narrow);
  reference.parentElement.hidden = true;
  region.before(form);
}

for (const table of document.querySelectorAll("table.data")) sortable(table);
for (const table of document.querySelectorAll("table[data-ramp]")) switchable(table);
