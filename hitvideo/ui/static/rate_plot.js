// Bits per pixel against quality, drawn as points to choose from, and their table. The value is a
// `RateView.value`; what the player is to show goes out as its `shown` with the event "show". Runs
// once per component, as `player.js` does.
const METRICS = {
  psnr: { name: "PSNR", unit: "\u00a0dB", digits: 2 },
  ssim: { name: "SSIM", unit: "", digits: 4 },
  ms_ssim: { name: "MS-SSIM", unit: "", digits: 4 },
  vmaf: { name: "VMAF", unit: "", digits: 1 },
};
const NAMES = { level: "levels", x264: "x264", x265: "x265", "svt-av1": "SVT-AV1" };
const SHAPES = { // around 0, 0
  level: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0",
  x264: "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
  x265: "M-3 -3h6v6h-6z",
  "svt-av1": "M0 -4l4 7h-8z",
};
const COLUMNS = { bytes: "Bytes", kbps: "kbit/s", bpp: "bpp, actual", bpp_nominal: "bpp, nominal" };
const NEAR = 30; // pixels from a point that still mean it
const TICK_ROOM = 56; // pixels
const EMPTY = { x: [0.001, 0.1], y: [0, 1] };

const find = (name) => element.querySelector(name);
const svg = find("svg"), tip = find(".tip"), results = find(".results");
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const listed = new Intl.ListFormat("en-GB");
const either = new Intl.ListFormat("en-GB", { type: "disjunction" });
let metric = "psnr";
let chosen = null; // the key of the point that a person chose, null for the newest level
let drawn = ""; // what the plot was last drawn from
let places = []; // of the points drawn: {point, x, y, node}

const points = () => props.value.points;
const key = (point) => `${point.kind} ${point.name}`;
const title = (point) => (point.kind === "level" ? `Level ${number(point)}` : `${NAMES[point.kind]}, ${point.name}`);
const number = (level) => level.name.replace("level ", "");
const score = (point, name = metric) => point[name].toFixed(METRICS[name].digits);
const scored = (point) => `${METRICS[metric].name} ${score(point)}${METRICS[metric].unit}`;

function current() {
  const all = points();
  return all.find((p) => key(p) === chosen) ?? all.findLast((p) => p.kind === "level");
}

function choose(point) {
  chosen = key(point);
  render();
}

// Scales and ticks.
function extent(values) {
  return [Math.min(...values), Math.max(...values)];
}

function ticksOf([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function logTicks([low, high], room) {
  const all = [];
  for (let power = -5; power < 3; power++)
    for (const digit of [1, 2, 5]) all.push(Number(`${digit}e${power}`));
  const ticks = all.filter((t) => t >= low && t <= high);
  return { ticks, every: Math.ceil(ticks.length / room) };
}

function frame() {
  const width = find(".plot").clientWidth || 640;
  const height = Math.round(Math.min(460, Math.max(300, width * 0.58)));
  const box = { left: 46, right: width - 78, top: 22, bottom: height - 44 };
  const all = points(), ghost = props.reference?.points.filter((p) => metric in p) ?? [];
  const xs = [...all, ...ghost].flatMap((p) => [p.bpp, p.bpp_nominal ?? p.bpp]);
  const ys = [...all, ...ghost].map((p) => p[metric]);
  const x = xs.length ? extent(xs) : EMPTY.x, y = ys.length ? extent(ys) : EMPTY.y;
  const pad = (y[1] - y[0]) * 0.07 || 0.5;
  const domain = { x: [x[0] / 1.3, x[1] * 1.15], y: [y[0] - 2 * pad, y[1] + pad] };
  const [left, right] = domain.x.map(Math.log);
  const [low, high] = domain.y;
  return {
    width, height, box, domain, ghost, empty: !ys.length,
    x: (bpp) => box.left + ((Math.log(bpp) - left) / (right - left)) * (box.right - box.left),
    y: (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top),
  };
}

// Drawing.
function draw(name, attributes = {}, parent = svg, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

function drawAxes(f) {
  const { box } = f;
  const { ticks, digits } = ticksOf(f.domain.y, 5);
  for (const tick of ticks) {
    const y = f.y(tick);
    draw("line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y });
    if (!f.empty)
      draw("text", { x: box.left - 8, y: y + 4, "text-anchor": "end" }, svg, tick.toFixed(digits));
  }
  draw("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
  const across = logTicks(f.domain.x, (box.right - box.left) / TICK_ROOM);
  across.ticks.forEach((tick, index) => {
    const x = f.x(tick);
    draw("line", { class: "axis", x1: x, x2: x, y1: box.bottom, y2: box.bottom + 5 });
    if (index % across.every) return;
    draw("text", { x, y: box.bottom + 20, "text-anchor": "middle" }, svg, String(tick));
  });
  const { name, unit } = METRICS[metric];
  draw("text", { x: 0, y: 10 }, svg, unit ? `${name}, ${unit.trim()}` : name);
  draw("text", { x: box.right, y: f.height - 4, "text-anchor": "end" }, svg, "bits per pixel");
}

const path = (f, line) => line.map((p, i) => `${i ? "L" : "M"}${f.x(p.bpp)} ${f.y(p[metric])}`).join("");

function drawReference(f) {
  if (!f.ghost.length) return;
  draw("path", { class: "reference", d: path(f, f.ghost) });
}

function drawPoint(f, point, selected) {
  const x = f.x(point.bpp), y = f.y(point[metric]);
  if (point.bpp_nominal) {
    const far = f.x(point.bpp_nominal);
    draw("line", { class: "gap level", x1: far, x2: x, y1: y, y2: y });
    draw("circle", { class: "nominal level", cx: far, cy: y, r: 7 });
  }
  const node = draw("g", {
    class: `point ${point.kind}`, role: "radio", "aria-checked": point === selected,
    tabindex: point === selected ? 0 : -1, "aria-label": facts(point).join(", "),
    transform: `translate(${x} ${y})`,
  });
  draw("circle", { class: "halo", r: point.kind === "level" ? 10 : 8 }, node);
  draw("path", { class: "mark", d: SHAPES[point.kind] }, node);
  const place = { point, x, y, node };
  node.addEventListener("focus", () => hover(place));
  node.addEventListener("blur", () => hover());
  places.push(place);
}

// A name at the right end of every curve, from the top down, none over another.
function drawNames(f, series) {
  const ends = Object.entries(series).map(([kind, line]) => ({ kind, point: line.at(-1) }));
  ends.sort((a, b) => b.point[metric] - a.point[metric]);
  let lowest = -Infinity;
  for (const { kind, point } of ends) {
    lowest = Math.max(lowest + 17, f.y(point[metric]) + 4);
    draw("text", { class: `name ${kind}`, x: f.x(point.bpp) + 13, y: lowest }, svg, NAMES[kind]);
  }
  for (const point of series.level ?? [])
    draw("text", { class: "name level", x: f.x(point.bpp) + 4, y: f.y(point[metric]) + 26 }, svg,
      f.width > 520 ? point.name : number(point));
}

function redraw() {
  const selected = current(), focused = svg.contains(document.activeElement);
  const width = find(".plot").clientWidth;
  const now = [metric, width, selected && key(selected), ...points().map(key)].join();
  if (now === drawn) return;
  drawn = now;
  const f = frame();
  svg.setAttribute("viewBox", `0 0 ${f.width} ${f.height}`);
  svg.replaceChildren();
  svg.classList.toggle("ready", points().length > 0);
  places = [];
  drawAxes(f);
  drawReference(f);
  const series = Object.groupBy(points(), (p) => p.kind);
  for (const [kind, line] of Object.entries(series).reverse()) {
    draw("path", { class: `curve ${kind}`, d: path(f, line) });
    for (const point of line) drawPoint(f, point, selected);
  }
  drawNames(f, series);
  hover();
  if (focused) places.find((p) => p.point === selected)?.node.focus();
}

// Pointing, and choosing.
function facts(point) {
  const nominal = point.bpp_nominal ? ` (${point.bpp_nominal.toFixed(4)} nominal)` : "";
  return [
    title(point), scored(point), `${whole.format(point.bytes)} bytes, ${point.kbps.toFixed(2)} kbit/s`,
    `${point.bpp.toFixed(4)} bpp actual${nominal}`,
  ];
}

function hover(at) {
  for (const place of places) place.node.classList.toggle("near", place === at);
  tip.hidden = !at;
  if (!at) return;
  tip.replaceChildren(...facts(at.point).map((text) => {
    return Object.assign(document.createElement("span"), { textContent: text });
  }));
  const room = svg.clientWidth - tip.offsetWidth;
  tip.style.left = `${Math.max(0, Math.min(room, at.x - tip.offsetWidth / 2))}px`;
  const above = at.y - tip.offsetHeight - 16;
  tip.style.top = `${above < 0 ? at.y + 18 : above}px`;
}

function nearest(event) {
  const box = svg.getBoundingClientRect();
  const away = (p) => Math.hypot(p.x - (event.clientX - box.left), p.y - (event.clientY - box.top));
  const [best] = [...places].sort((a, b) => away(a) - away(b));
  return best && away(best) < NEAR ? best : undefined;
}

function step(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by || !points().length) return;
  event.preventDefault();
  const all = points();
  choose(all[(all.indexOf(current()) + by + all.length) % all.length]);
}

// The table, what it says in one line, and the files.
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
  const { level: _, ...codecs } = Object.groupBy(points(), (p) => p.kind);
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

// What each mark means.
function fillKey() {
  const items = [
    ["level", '<circle class="mark" cx="7" cy="7" r="5"/>', "actual bytes of the token file"],
    ["level", '<circle class="nominal" cx="7" cy="7" r="5.5"/>', "nominal, without entropy coding"],
  ];
  const clips = props.reference?.clips;
  if (clips) items.push(["level", '<path class="reference" d="M0 7h14"/>', `mean of ${clips} other clips, 128 × 128`]);
  find(".key").replaceChildren(...items.map(([kind, mark, text]) => {
    const item = Object.assign(document.createElement("li"), { className: kind });
    item.innerHTML = `<svg viewBox="0 0 14 14" aria-hidden="true">${mark}</svg>`;
    item.append(text);
    return item;
  }));
}

function tell(selected) {
  const { original, points: _, clip, shown, ...state } = props.value;
  const pair = [
    { label: "Original", detail: clip ? `${clip.width} pixels a side, ${clip.fps} fps` : "", video: original },
    selected
      ? { label: title(selected), detail: `${whole.format(selected.bytes)} bytes, ${scored(selected)}`, video: selected.video }
      : { label: "One version of it", detail: "", video: null },
  ];
  const next = { tiles: pair, ...state };
  if (JSON.stringify(next) === JSON.stringify(shown)) return;
  props.value = { ...props.value, shown: next };
  trigger("show");
}

function render() {
  if (!points().length) chosen = null;
  const selected = current();
  for (const button of find(".metrics").children) {
    button.setAttribute("aria-pressed", button.dataset.metric === metric);
    button.disabled = points().length > 0 && !(button.dataset.metric in points()[0]);
  }
  redraw();
  fillTable(selected);
  find(".equal").textContent = equalBytes(selected);
  tell(selected);
}

for (const [name, { name: text }] of Object.entries(METRICS)) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.dataset.metric = name;
  button.addEventListener("click", () => { metric = name; render(); });
  find(".metrics").append(button);
}
for (const button of element.querySelectorAll(".save"))
  button.addEventListener("click", () => save(button.dataset.kind));
svg.addEventListener("pointermove", (event) => hover(nearest(event)));
svg.addEventListener("pointerleave", () => hover());
svg.addEventListener("click", (event) => {
  const place = nearest(event);
  if (place) choose(place.point);
});
svg.addEventListener("keydown", step);
new ResizeObserver(redraw).observe(find(".plot"));
fillKey();
watch("value", render);
render();
