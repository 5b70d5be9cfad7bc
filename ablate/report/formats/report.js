"use strict";
// Tables are sorted by a click on a heading: numbers as numbers, what is missing always last.
const NUMBER = /^(?:x )?(<?)([+\-\u2212]?(?:inf|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?))(?=$|[\s%[])/;
const WORDS = new Intl.Collator(undefined, { numeric: true });

function numberOf(text) {
  const found = NUMBER.exec(text);
  if (!found) return null;
  const value = Number(found[2].replaceAll(",", "").replace("\u2212", "-").replace("inf", "Infinity"));
  return found[1] ? value - Number.EPSILON : value;
}

function sortBy(heading) {
  const row = heading.parentElement;
  const body = heading.closest("table").tBodies[0];
  const index = heading.cellIndex;
  const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const lines = Array.from(body.rows, (line) => {
    const text = line.cells[index].textContent.trim();
    return { line, text, missing: ["", "-", "nan"].includes(text), number: numberOf(text) };
  });
  const numeric = lines.every((one) => one.missing || one.number !== null);
  lines.sort((one, other) => {
    if (one.missing || other.missing) return one.missing - other.missing;
    if (numeric && one.number !== other.number) return sign * (one.number < other.number ? -1 : 1);
    return sign * WORDS.compare(one.text, other.text);
  });
  body.append(...lines.map((one) => one.line));
  for (const other of row.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
}

for (const button of document.querySelectorAll("table.sortable th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
