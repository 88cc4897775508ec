// CSV as RFC 4180 has it, in and out.

const SEPARATORS = [",", ";", "\t", "|"];

export function parse(text, separator = ",") {
  const rows = [];
  let row = [];
  let start = 0;
  const end = (place) => {
    row.push(text.slice(start, place));
    if (row.length > 1 || row[0]) rows.push(row); // An empty line is no row.
    row = [];
  };
  for (let place = 0; place < text.length; place++) {
    const sign = text[place];
    if (sign === '"' && place === start) {
      const [cell, after] = quoted(text, place);
      const next = text[after];
      row.push(cell);
      place = after;
      if (next === "\r" && text[after + 1] === "\n") place++;
      if (next !== separator) {
        rows.push(row);
        row = [];
      }
      start = place + 1;
    } else if (sign === separator) {
      row.push(text.slice(start, place));
      start = place + 1;
    } else if (sign === "\n" || sign === "\r") {
      end(place);
      if (sign === "\r" && text[place + 1] === "\n") place++;
      start = place + 1;
    }
  }
  if (start < text.length || row.length) end(text.length);
  return rows;
}

// The text of a cell in quotes, and the place after it. Raises SyntaxError.
function quoted(text, start) {
  for (let place = text.indexOf('"', start + 1); place >= 0; place = text.indexOf('"', place + 2)) {
    if (text[place + 1] !== '"') return [text.slice(start + 1, place).replaceAll('""', '"'), place + 1];
  }
  throw new SyntaxError("A quote is missing in this table.");
}

export function separatorOf(text) {
  const line = text.slice(0, 10_000).split(/[\r\n]/, 1)[0].replaceAll(/"[^"]*"/g, "");
  const count = (sign) => line.split(sign).length;
  return SEPARATORS.reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

export function format(rows) {
  return rows.map((row) => (row.length === 1 && row[0] === "" ? '""' : row.map(cell).join(","))).join("\n") + "\n";
}

function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
