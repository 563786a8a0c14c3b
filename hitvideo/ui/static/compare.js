// Any two of the videos against each other on a large stage, and the quality of every frame.
const MODES = { side: "Side by side", wipe: "Wipe", blink: "Blink", difference: "Difference" };
const BLINK = 500; // milliseconds
const GAP = 12, GRIP = 16, TEXT = 14; // CSS pixels
const compare = find("compare"), canvas = find("canvas"), quality = find("quality");
const choices = [find("a"), find("b")], curves = find("curves"), readout = find("readout");
const films = compare.querySelectorAll(".film");
const pen = canvas.getContext("2d");
const chosenPair = [null, null]; // indices of tiles; null: the original, and the newest level
let mode = "side", gain = 4, wipe = 0.5, range = null, drawing = false;

controls.before(compare);
controls.after(quality);

const loadedTiles = () => [...tiles.children].filter((tile) => tile.classList.contains("loaded"));
const frameCount = () => Math.max(1, Math.round((videos()[0]?.duration || 0) * props.fps));
const frameNow = () => Math.min(frameCount() - 1, frameAt(videos()[0]?.currentTime ?? 0));
const ratio = () => window.devicePixelRatio || 1;

function goTo(frame) {
  const count = frameCount();
  playing = false;
  apply();
  seek((((frame % count) + count) % count) / props.fps);
}

function pair() {
  const loaded = loadedTiles();
  const all = [...tiles.children];
  const levels = loaded.filter((tile) => props.value.tiles[all.indexOf(tile)]?.psnr?.length);
  const defaults = [loaded[0], levels.at(-1) ?? loaded.at(-1)];
  return chosenPair.map((index, k) => (loaded.includes(all[index]) ? all[index] : defaults[k]));
}

const videoOf = (tile) => tile.querySelector("video");
const nameOf = (tile) => tile.querySelector(".label").textContent;

function fillChoices() {
  const loaded = loadedTiles();
  const names = loaded.map(nameOf).join("\n");
  const all = [...tiles.children];
  const shown = pair();
  choices.forEach((select, k) => {
    if (select.dataset.names !== names)
      select.replaceChildren(...loaded.map((tile) => new Option(nameOf(tile), all.indexOf(tile))));
    select.dataset.names = names;
    if (shown[k]) select.value = all.indexOf(shown[k]);
  });
}

function setMode(name) {
  mode = name;
  for (const button of find("modes").children)
    button.setAttribute("aria-pressed", button.dataset.mode === mode);
  find("gain").hidden = mode !== "difference";
  draw();
}

// The panels of the stage, in its own pixels: two beside each other, or one.
function panels() {
  const gap = GAP * ratio();
  const half = (canvas.width - gap) / 2;
  if (mode !== "side") return [[0, 0, canvas.width, canvas.height]];
  return [[0, 0, half, canvas.height], [half + gap, 0, half, canvas.height]];
}

function fitCanvas(video) {
  const [width, height] = sizeOf(video);
  const across = canvas.clientWidth / (mode === "side" ? 2 : 1);
  const room = document.fullscreenElement === compare ? 0.8 * innerHeight : Math.max(640, 0.72 * innerHeight);
  const size = [canvas.clientWidth, Math.min(room, (across * height) / width)].map((n) => Math.round(n * ratio()));
  canvas.style.height = `${size[1] / ratio()}px`;
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
}

function picture(source, panel, part = panel) {
  pen.save();
  pen.beginPath();
  pen.rect(...part);
  pen.clip();
  pen.drawImage(source, ...placed(source, panel));
  pen.restore();
}

// In a top corner of what is seen of a picture.
function label(text, source, panel, onTheRight = false) {
  const size = TEXT * ratio(), edge = 8 * ratio();
  pen.font = `700 ${size}px sans-serif`;
  const width = pen.measureText(text).width + size;
  const [left, top, w] = placed(source, panel);
  const right = Math.min(left + w, panel[0] + panel[2]);
  const x = onTheRight ? right - width - edge : Math.max(left, panel[0]) + edge;
  const y = Math.max(top, panel[1]) + edge;
  pen.fillStyle = "rgb(0 0 0 / 60%)";
  pen.fillRect(x, y, width, 1.7 * size);
  pen.fillStyle = "white";
  pen.fillText(text, x + size / 2, y + 1.2 * size);
}

// What can be seen of the picture that is wiped: from where to where on the stage.
function wipeEdges() {
  const [x, , w] = placed(videoOf(pair()[0]), panels()[0]);
  return [Math.max(0, x), Math.min(canvas.width, x + w)];
}

// The line between A and B, where it lies on the stage.
function wipeAt() {
  const [left, right] = wipeEdges();
  return left + wipe * (right - left);
}

function draw() {
  const [a, b] = pair();
  if (compare.hidden || !a || !b) return;
  const [first, second] = [a, b].map(videoOf);
  fitCanvas(first);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingEnabled = false;
  const [panel, beside] = panels();
  if (mode === "side") {
    picture(first, panel);
    picture(second, beside);
    label(nameOf(a), first, panel);
    label(nameOf(b), second, beside);
  } else if (mode === "wipe") {
    const line = wipeAt();
    picture(first, panel, [0, 0, line, canvas.height]);
    picture(second, panel, [line, 0, canvas.width - line, canvas.height]);
    pen.fillStyle = "white";
    pen.fillRect(line - ratio(), 0, 2 * ratio(), canvas.height);
    pen.beginPath();
    pen.arc(line, canvas.height / 2, (GRIP / 2) * ratio(), 0, 2 * Math.PI);
    pen.fill();
    label(nameOf(a), first, panel);
    label(nameOf(b), second, panel, true);
  } else if (mode === "blink") {
    const tile = Math.floor(performance.now() / BLINK) % 2 ? b : a;
    picture(videoOf(tile), panel);
    label(nameOf(tile), videoOf(tile), panel);
  } else {
    picture(difference(first, second, gain), panel);
    label(`|${nameOf(a)} - ${nameOf(b)}| x ${gain}`, first, panel);
  }
  // While a seek is decoded, the picture is still the frame before.
  if (!first.seeking && !second.seeking) canvas.dataset.frame = frameNow();
}

const measured = () => props.value.tiles.filter((item) => item.psnr?.length);
const across = (frame) => (100 * (frame + 0.5)) / frameCount();

function drawCurves() {
  const shown = measured();
  quality.hidden = compare.hidden || !shown.length;
  const all = shown.flatMap((item) => item.psnr);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const node = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  curves.replaceChildren(node("line"));
  shown.forEach((item, k) => {
    const line = node("polyline");
    const height = (value) => 92 - (84 * (value - low)) / Math.max(0.1, high - low);
    line.setAttribute("points", item.psnr.map((value, t) => `${across(t)},${height(value)}`).join(" "));
    line.style.opacity = (k + 1) / shown.length;
    curves.append(line);
  });
}

function drawQuality() {
  if (quality.hidden) return;
  const shown = measured(), count = frameCount(), frame = Number(canvas.dataset.frame ?? 0);
  const cursor = curves.querySelector("line");
  for (const [name, value] of Object.entries({ x1: across(frame), x2: across(frame), y1: 0, y2: 100 }))
    cursor.setAttribute(name, value);
  const figures = shown.map((item) => `${item.label} ${item.psnr[frame]?.toFixed(1)} dB, SSIM ${item.ssim[frame]?.toFixed(3)}`);
  setText(readout, [`Frame ${frame + 1} of ${count}`, ...figures].join(" · "));
}

function redraw() {
  draw();
  drawQuality();
  if (drawing || mode !== "blink" || playing || compare.hidden) return;
  drawing = true; // nothing else asks for a new picture while the videos stand still
  setTimeout(() => { drawing = false; if (element.isConnected) redraw(); }, BLINK / 2);
}

function keepInRange() {
  const now = videos()[0]?.currentTime ?? 0;
  if (range?.end === undefined || !playing) return;
  if (now < range.start || now >= range.end) seek(range.start);
}

// Pressed once the loop begins here, once more it ends here, and then there is none.
function setLoop() {
  const frame = frameNow();
  if (!range) range = { start: frame / props.fps };
  else if (range.end === undefined && (frame + 1) / props.fps > range.start) range.end = (frame + 1) / props.fps;
  else range = null;
  const seconds = (value) => value.toFixed(1);
  const words = range === null ? "Loop" : range.end === undefined
    ? `Loop from ${seconds(range.start)} s to ...`
    : `Loop ${seconds(range.start)} to ${seconds(range.end)} s`;
  setText(find("loop"), words);
  find("loop").setAttribute("aria-pressed", range !== null);
}

function savePicture() {
  draw();
  const [a, b] = pair().map((tile) => nameOf(tile).toLowerCase().replaceAll(" ", "-"));
  canvas.toBlob((blob) => {
    const link = make("a", "");
    link.href = URL.createObjectURL(blob);
    link.download = `${a}-${b}-${mode}-frame-${frameNow() + 1}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

// The server writes it: what is looked at, from the loop's first frame to its last.
function saveFilm(button) {
  const [a, b] = pair().map((tile) => [...tiles.children].indexOf(tile));
  const whole = range?.end === undefined;
  const first = whole ? 0 : Math.round(range.start * props.fps);
  const last = (whole ? frameCount() : Math.round(range.end * props.fps)) - 1;
  const edge = 0.5 / look.zoom;
  const part = [look.x - edge, look.y - edge, look.x + edge, look.y + edge];
  const words = button.textContent;
  films.forEach((film) => (film.disabled = true));
  button.textContent = "Saving";
  trigger("download", { a, b, mode, gain, first, last, part, kind: button.dataset.kind });
  window.addEventListener("hv-saved", () => {
    button.textContent = words;
    films.forEach((film) => (film.disabled = false));
  }, { once: true });
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else compare.requestFullscreen?.();
}

for (const [name, words] of Object.entries(MODES)) {
  const button = make("button", "mode");
  Object.assign(button, { type: "button", textContent: words });
  button.dataset.mode = name;
  button.addEventListener("click", () => setMode(name));
  find("modes").append(button);
}
choices.forEach((select, k) => select.addEventListener("change", () => { chosenPair[k] = Number(select.value); redraw(); }));
find("gain").addEventListener("input", (event) => { gain = Number(event.target.value); redraw(); });
find("fit").addEventListener("click", () => { setLook(1, 0.5, 0.5); redraw(); });
find("loop").addEventListener("click", setLoop);
find("full").addEventListener("click", fullScreen);
find("save").addEventListener("click", savePicture);
films.forEach((film) => film.addEventListener("click", () => saveFilm(film)));
curves.addEventListener("click", (event) => {
  const box = curves.getBoundingClientRect();
  goTo(Math.floor((frameCount() * (event.clientX - box.left)) / box.width));
});
find("player").addEventListener("hv-change", () => {
  compare.hidden = loadedTiles().length < 2;
  fillChoices();
  drawCurves();
  redraw();
});
find("player").addEventListener("hv-frame", () => { keepInRange(); redraw(); });
new ResizeObserver(redraw).observe(canvas);
document.addEventListener("fullscreenchange", redraw);
setMode(mode);
