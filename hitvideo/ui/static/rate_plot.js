// Bits per pixel against quality, drawn as points to choose from, and their table. The value is a
// `RateView.value`; what the player is to show goes out as its `shown` with the event "show". Runs
// once per component, as `player.js` does, after `rate_draw.js` and `rate_table.js`.
const METRICS = {
  psnr: { name: "PSNR", unit: "\u00a0dB", digits: 2 },
  ssim: { name: "SSIM", unit: "", digits: 4 },
  ms_ssim: { name: "MS-SSIM", unit: "", digits: 4 },
  vmaf: { name: "VMAF", unit: "", digits: 1 },
};
const NAMES = { x264: "x264", x265: "x265", "svt-av1": "SVT-AV1" };
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

function byKind() {
  const series = {};
  for (const point of points()) (series[point.kind] ??= []).push(point);
  return series;
}

function current() {
  const all = points();
  return all.find((p) => key(p) === chosen) ?? all.findLast((p) => p.kind === "level");
}

function choose(point) {
  chosen = key(point);
  render();
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
  else if (!(metric in points()[0])) metric = "psnr";
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
