// The table below the plot, what it says in one line, and the files: joined with `rate_plot.js`,
// which holds the state and calls it.

function cell(row, text, name, tag = "td") {
  const node = document.createElement(tag);
  node.className = name + (name in METRICS ? " metric" : "") + (name === metric ? " shown" : "");
  node.textContent = text;
  row.append(node);
  return node;
}

function fillTable(selected) {
  const all = points();
  results.hidden = !all.length;
  if (!all.length) return;
  const { frames, height, width, fps } = props.value.clip;
  find("h3").textContent = `${frames} frames, ${width} × ${height}, ${fps} fps`;
  const measured = Object.keys(METRICS).filter((name) => name in all[0]);
  const head = find("thead tr");
  head.replaceChildren();
  cell(head, "Version", "version", "th").scope = "col";
  for (const [name, text] of Object.entries(COLUMNS)) cell(head, text, name, "th").scope = "col";
  for (const name of measured)
    cell(head, METRICS[name].name + METRICS[name].unit.replace(/\s/, ", "), name, "th").scope = "col";
  const focused = document.activeElement?.dataset.key;
  find("tbody").replaceChildren(...all.map((point) => {
    const row = document.createElement("tr");
    row.className = point.kind + (point === selected ? " chosen" : "");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: title(point) });
    button.dataset.key = key(point);
    button.setAttribute("aria-pressed", point === selected);
    const first = cell(row, "", "version", "th");
    first.scope = "row";
    first.append(button);
    cell(row, whole.format(point.bytes), "bytes");
    cell(row, point.kbps.toFixed(2), "kbps");
    cell(row, point.bpp.toFixed(4), "bpp");
    cell(row, point.bpp_nominal?.toFixed(4) ?? "", "bpp_nominal");
    for (const name of measured) cell(row, score(point, name), name);
    row.addEventListener("click", () => choose(point));
    return row;
  }));
  if (focused) [...results.querySelectorAll("button")].find((b) => b.dataset.key === focused)?.focus();
}

// On straight lines over the logarithm of bytes, as the evaluation has it; null below the smallest.
function qualityAt(line, bytes) {
  const rising = line.filter((p, i) => line.slice(0, i).every((q) => q[metric] < p[metric]));
  if (bytes < rising[0].bytes) return null;
  const after = rising.findIndex((p) => p.bytes >= bytes);
  if (after < 0) return rising.at(-1)[metric];
  if (!after) return rising[0][metric];
  const [a, b] = [rising[after - 1], rising[after]];
  const share = Math.log(bytes / a.bytes) / Math.log(b.bytes / a.bytes);
  return a[metric] + share * (b[metric] - a[metric]);
}

function equalBytes(selected) {
  const { level: _, ...codecs } = byKind();
  if (selected?.kind !== "level" || !Object.keys(codecs).length || props.value.progress !== null) return "";
  const { digits } = METRICS[metric];
  const reached = [], none = [];
  for (const [kind, line] of Object.entries(codecs)) {
    const value = qualityAt(line, selected.bytes);
    if (value === null) none.push(NAMES[kind]);
    else reached.push(`${NAMES[kind]}${reached.length ? "" : " reaches"} ${value.toFixed(digits)}`);
  }
  return [
    `${title(selected)}: ${scored(selected)} in ${whole.format(selected.bytes)} bytes.`,
    reached.length ? `In as many, ${listed.format(reached)}.` : "",
    none.length ? `No encode by ${either.format(none)} is that small.` : "",
  ].join(" ");
}

function save(kind) {
  const names = ["kind", "name", "bytes", "bpp_nominal", "bpp", "kbps", ...Object.keys(METRICS)];
  const rows = points().map(({ video, ...figures }) => figures);
  const quoted = (value) => (/[",]/.test(value) ? `"${value}"` : value);
  const csv = [names, ...rows.map((row) => names.map((name) => quoted(String(row[name] ?? ""))))];
  const text = kind === "csv"
    ? csv.map((line) => line.join(",") + "\r\n").join("")
    : JSON.stringify({ clip: props.value.clip, points: rows }, null, 2) + "\n";
  const url = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: `rate-quality.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
