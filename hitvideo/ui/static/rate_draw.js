// The drawing of the plot: joined with `rate_plot.js`, which holds the state and calls it.

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
  const xs = [...all, ...ghost].map((p) => p.bpp);
  const ys = [...all, ...ghost].map((p) => p[metric]);
  const x = xs.length ? extent(xs) : EMPTY.x, y = ys.length ? extent(ys) : EMPTY.y;
  const pad = (y[1] - y[0]) * 0.07 || 0.5;
  const domain = { x: [x[0] / 1.3, x[1] * 1.15], y: [y[0] - 2.6 * pad, y[1] + pad] };
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

// Every codec's name at the right of its curve, from the top down, none over another.
function drawNames(f, { level = [], ...codecs }) {
  const ends = Object.entries(codecs).map(([kind, line]) => ({ kind, point: line.at(-1) }));
  ends.sort((a, b) => b.point[metric] - a.point[metric]);
  const x = Math.max(...ends.map(({ point }) => f.x(point.bpp))) + 12;
  let lowest = -Infinity;
  for (const { kind, point } of ends) {
    lowest = Math.max(lowest + 17, f.y(point[metric]) + 4);
    draw("text", { class: `name ${kind}`, x, y: lowest }, svg, NAMES[kind]);
  }
  for (const point of level)
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
  const series = byKind();
  for (const [kind, line] of Object.entries(series).reverse()) {
    draw("path", { class: `curve ${kind}`, d: path(f, line) });
    for (const point of line) drawPoint(f, point, selected);
  }
  drawNames(f, series);
  hover();
  if (focused) places.find((p) => p.point === selected)?.node.focus();
}

// What each mark means.
function fillKey() {
  const items = [
    ["level", '<circle class="mark" cx="7" cy="7" r="5"/>', "actual bytes of the token file"],
  ];
  const clips = props.reference?.clips;
  if (clips) items.push(["level", '<path class="reference" d="M0 7h14"/>', `mean of ${clips} validation clips, 128 × 128`]);
  find(".key").replaceChildren(...items.map(([kind, mark, text]) => {
    const item = Object.assign(document.createElement("li"), { className: kind });
    item.innerHTML = `<svg viewBox="0 0 14 14" aria-hidden="true">${mark}</svg>`;
    item.append(text);
    return item;
  }));
}
