// Without this script the tables show the mIoU, the best model first, with all rows and columns.

const rowsOf = (table) => [...table.tBodies[0].rows];
const headersOf = (table) => [...table.tHead.rows[table.tHead.rows.length - 1].cells];
// The reader's choices for each table, by its id: read() returns them as parameters, apply(parameters) sets them.
const views = new Map();

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
      const same = sorted && sorted.index === index;
      const text = rowsOf(table).some((row) => typeof key(row, index) === "string");
      sort({ index, down: same ? !sorted.down : !text }); // text from A to Z, numbers from the highest
      remember(table);
    });
  });

  const written = rowsOf(table);
  let sorted = null;
  const sort = (wanted) => {
    sorted = wanted;
    headers.forEach((header) => header.removeAttribute("aria-sort"));
    if (!sorted) return table.tBodies[0].append(...written);
    const { index, down } = sorted;
    headers[index].setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (a, b) => {
      const [x, y] = [key(a, index), key(b, index)];
      if (x === null || y === null) return (x === null) - (y === null); // empty cells stay last
      const sign = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      return down ? -sign : sign;
    };
    table.tBodies[0].append(...rowsOf(table).sort(order));
  };

  // Columns by name; of several with one name, all but the first with a number.
  const names = headers.map((header) => header.textContent.trim());
  const labels = names.map((name, i) => {
    const earlier = names.slice(0, i).filter((other) => other === name).length;
    return earlier ? `${name} ${earlier + 1}` : name;
  });
  return {
    resort: () => sort(sorted),
    read: () => (sorted ? { sort: labels[sorted.index], order: sorted.down ? "descending" : "ascending" } : {}),
    apply: (view) => {
      const index = labels.indexOf(view.get("sort"));
      sort(index < 0 ? null : { index, down: view.get("order") !== "ascending" });
    },
  };
}

// A loss in percent of the reference's loss; NaN if the reference loses less than a point.
const over = (lost, reference) => (reference >= 1 ? (100 * lost) / reference : NaN);

// Metrics of a cell that follow from the mIoU: v of the cell, c of the row on clean images, r and rc of the reference.
const METRICS = {
  mIoU: { label: "mIoU, %", caption: "mIoU in percent", of: (v) => v, good: true },
  degradation: { label: "degradation: clean - mIoU, points", caption: "degradation (clean - mIoU) in points", of: (v, c) => c - v, good: false },
  retention: { label: "retention: mIoU / clean, %", caption: "retention (mIoU / clean) in percent", of: (v, c) => (100 * v) / c, good: true },
  CD: { label: "CD, %", caption: "CD in percent", of: (v, c, r) => over(100 - v, 100 - r), good: false, against: true },
  rCD: { label: "rCD, %", caption: "rCD in percent", of: (v, c, r, rc) => over(c - v, rc - r), good: false, against: true },
};

function choice(form, label, options) {
  const select = document.createElement("select");
  for (const [value, text] of options) select.add(new Option(text, value));
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
  // Every measured cell has its own values, hover texts and intervals for further scores, such as ECE.
  const further = JSON.parse(table.dataset.metrics ?? "[]").map(([name, label, caption, good], place) =>
    [name, { label, caption, good, place }]);
  const metrics = { ...METRICS, ...Object.fromEntries(further) };
  const furtherOf = rows.map((row) => [...row.cells].map((cell) => JSON.parse(cell.dataset.metrics ?? "[]")));
  const form = document.createElement("form");
  form.className = "controls";
  form.setAttribute("aria-label", "What the table shows");
  form.addEventListener("submit", (event) => event.preventDefault());
  const metric = choice(form, "show", Object.entries(metrics).map(([name, { label }]) => [name, label]));
  const reference = choice(form, "against", rows.map(nameOf).map((name) => [name, name]));
  if (rows.map(nameOf).includes(table.dataset.reference)) reference.value = table.dataset.reference;
  const categories = ["all", ...new Set(headers.map((th) => th.dataset.group).filter(Boolean))];
  const category = choice(form, "category", categories.map((name) => [name, name]));
  const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "part of a name" });
  field(form, "models", search);

  // The HTML has the heading, the caption, the hover texts and the intervals of the mIoU.
  const region = table.closest(".scroll"), label = region.getAttribute("aria-label");
  const heading = document.getElementById(table.id.replace(/-table$/, "")).firstChild, title = heading.data;
  const caption = table.caption.querySelector(".shown");
  const written = rows.map((row) => [...row.cells].map(({ title, dataset }) => [title, dataset.low, dataset.high]));
  const tell = (mIoU, { caption: text, against, place }) => {
    heading.data = title.replace(/^mIoU/, metric.value);
    caption.textContent = text + (against ? ` against ${reference.value}` : "") + (mIoU || place !== undefined ? "" : " (clean: mIoU)");
    region.setAttribute("aria-label", mIoU ? label : `${label}: ${caption.textContent}`);
    rows.forEach((row, y) => [...row.cells].forEach((cell, x) => {
      const own = mIoU || x === 1 || !cell.dataset.v ? written[y][x] : [];
      const [, hover, ends] = furtherOf[y][x][place] ?? [];
      const told = place === undefined || x === 0 ? own : [hover, ...(ends ?? [])];
      ["title", "data-low", "data-high"].forEach((name, i) =>
        told[i] ? cell.setAttribute(name, told[i]) : cell.removeAttribute(name));
    }));
  };

  const show = () => {
    const chosen = metrics[metric.value], { of, good, against, place } = chosen;
    reference.parentElement.hidden = !against;
    const other = rows[reference.selectedIndex];
    const mIoU = metric.selectedIndex === 0, whole = mIoU || place !== undefined; // the clean column shows the metric, too
    const values = rows.map((row, y) =>
      [...row.cells].map((cell, i) => {
        if (i === 0) return NaN;
        if (place !== undefined) return furtherOf[y][i][place]?.[0] ?? NaN;
        if (i === 1) return number(cell);
        return of(number(cell), number(row.cells[1]), number(other.cells[i]), number(other.cells[1]));
      }),
    );
    tell(mIoU, chosen);
    const range = values.flatMap((row) => row.slice(whole ? 1 : 2)).filter(Number.isFinite);
    const [low, high] = [Math.min(...range), Math.max(...range)];
    rows.forEach((row, y) => {
      [...row.cells].slice(1).forEach((cell, x) => {
        const value = values[y][x + 1];
        cell.textContent = shown(value);
        if (!Number.isFinite(value) || (x === 0 && !whole)) return cell.removeAttribute("style");
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
  const sorting = sortable(table), controls = { show: metric, against: reference, corruptions: category, models: search };
  const initial = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
  const update = () => {
    show();
    narrow();
    sorting.resort(); // by the numbers that are shown now
  };
  for (const control of Object.values(controls)) control.addEventListener("input", () => { update(); remember(table); });
  reference.parentElement.hidden = true;
  table.closest(".scroller").before(form);
  return {
    read: () => ({
      ...Object.fromEntries(Object.entries(controls).filter(([name, control]) =>
        control.value !== initial[name] && !control.parentElement.hidden).map(([name, control]) => [name, control.value])),
      ...sorting.read(),
    }),
    apply: (view) => {
      for (const [name, control] of Object.entries(controls)) {
        control.value = view.get(name) ?? initial[name];
        if (control.selectedIndex === -1) control.value = initial[name]; // no such option
      }
      update();
      sorting.apply(view);
    },
  };
}

// The URL stores the views: #<table>?show=CD&sort=fog/<another table>?..., the last changed table first.
function remember(table) {
  const changed = [table.id, ...[...views.keys()].filter((id) => id !== table.id)]
    .map((id) => [id, new URLSearchParams(views.get(id).read()).toString()])
    .filter(([, text]) => text);
  const hash = changed.map(([id, text]) => `${id}?${text}`).join("/");
  history.replaceState(null, "", `#${hash || table.id}`);
}

function restore() {
  const hash = location.hash.slice(1);
  if (!hash.includes("?")) return;
  const wanted = new Map(hash.split("/").map((part) => {
    const [id, ...text] = part.split("?");
    return [id, new URLSearchParams(text.join("?"))];
  }));
  for (const [id, view] of views) view.apply(wanted.get(id) ?? new URLSearchParams());
  const first = [...wanted.keys()].find((id) => views.has(id));
  if (!first) return;
  const table = document.getElementById(first), folded = table.closest("details");
  if (folded) folded.open = true;
  (document.getElementById(first.replace(/-table$/, "")) ?? table).scrollIntoView();
}

// Show a shadow on each side to which a table or figure can scroll.
function scrolls(region) {
  const around = region.parentElement;
  const mark = () => {
    const rest = region.scrollWidth - region.clientWidth - region.scrollLeft;
    around.dataset.more = [region.scrollLeft > 1 && "left", rest > 1 && "right"].filter(Boolean).join(" ");
    around.style.setProperty("--below", `${region.querySelector("caption")?.offsetHeight ?? 0}px`);
  };
  region.addEventListener("scroll", mark, { passive: true });
  const watch = new ResizeObserver(mark);
  for (const box of [region, ...region.children]) watch.observe(box);
}

for (const table of document.querySelectorAll("table.data"))
  views.set(table.id, table.dataset.ramp ? switchable(table) : sortable(table));
for (const region of document.querySelectorAll(".scroll")) scrolls(region);
addEventListener("hashchange", restore);
restore();

// Unfold everything for printing.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) Object.assign(folded, { open: true }).dataset.folded = "";
});
addEventListener("afterprint", () => {
  for (const unfolded of document.querySelectorAll("details[data-folded]")) {
    unfolded.open = false;
    delete unfolded.dataset.folded;
  }
});
