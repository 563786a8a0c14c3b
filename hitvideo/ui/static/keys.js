// Hands on the stage: pointers, the wheel, and keys wherever the pointer or the focus is in here.
const pointers = new Map();
let over = false, wiping = false, apart = 0;

const spot = (event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * ratio(), (event.clientY - box.top) * ratio()];
};
const panelAt = (x) => panels().findLast(([left]) => x >= left) ?? panels()[0];
const spread = () => {
  const [[x, y], [u, v]] = [...pointers.values()];
  return [Math.hypot(x - u, y - v), (x + u) / 2, (y + v) / 2];
};

function wipeTo(x) {
  const [from, to] = wipeEdges();
  wipe = Math.max(0, Math.min(1, (x - from) / (to - from)));
}

canvas.addEventListener("pointerdown", (event) => {
  const [x, y] = spot(event);
  pointers.set(event.pointerId, [x, y]);
  canvas.setPointerCapture(event.pointerId);
  canvas.focus({ preventScroll: true });
  const near = Math.abs(x - (mode === "wipe" ? wipeAt() : -Infinity)) < 2 * GRIP * ratio();
  wiping = pointers.size === 1 && mode === "wipe" && (near || look.zoom === 1);
  if (wiping) wipeTo(x);
  if (pointers.size === 2) apart = spread()[0];
  redraw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  const [before, now] = [pointers.get(event.pointerId), spot(event)];
  pointers.set(event.pointerId, now);
  const panel = panelAt(now[0]);
  const video = videoOf(pair()[0]);
  if (pointers.size === 2) {
    const [distance, x, y] = spread();
    zoomAt(distance / apart, video, panelAt(x), x, y);
    apart = distance;
  } else if (wiping) {
    wipeTo(now[0]);
  } else if (look.zoom > 1) {
    const [, , w, h] = placed(video, panel);
    setLook(look.zoom, look.x - (now[0] - before[0]) / w, look.y - (now[1] - before[1]) / h);
  }
  redraw();
});
for (const name of ["pointerup", "pointercancel"])
  canvas.addEventListener(name, (event) => { pointers.delete(event.pointerId); wiping = false; });
canvas.addEventListener("wheel", (event) => {
  if (document.activeElement !== canvas && !event.ctrlKey) return; // or the page could not be scrolled
  event.preventDefault();
  const [x, y] = spot(event);
  zoomAt(2 ** (-event.deltaY / 240), videoOf(pair()[0]), panelAt(x), x, y);
  redraw();
}, { passive: false });
canvas.addEventListener("dblclick", () => { setLook(1, 0.5, 0.5); redraw(); });

const KEYS = {
  " ": () => play.click(),
  arrowleft: (second) => goTo(frameNow() - (second ? Math.round(props.fps) : 1)),
  arrowright: (second) => goTo(frameNow() + (second ? Math.round(props.fps) : 1)),
  s: () => setMode("side"),
  w: () => setMode("wipe"),
  b: () => setMode("blink"),
  d: () => setMode("difference"),
  l: setLoop,
  f: fullScreen,
};

function pressed(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", pressed);
  const here = over || element.contains(document.activeElement);
  const typing = event.target.closest?.("select, textarea, input:not([type=range])");
  if (compare.hidden || !here || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  const level = /^[1-9]$/.test(key) ? [...tiles.children][Number(key)] : null;
  if (key === " " && event.target.closest?.("button")) return; // who came here by keys presses it
  if (level?.classList.contains("loaded")) chosenPair[1] = Number(key);
  else if (key in KEYS) KEYS[key](event.shiftKey);
  else return;
  event.preventDefault();
  fillChoices();
  redraw();
}
// A button that was clicked gives the keys back to the stage.
element.addEventListener("click", (event) => {
  if (event.detail && event.target.closest("button") && !compare.hidden) canvas.focus({ preventScroll: true });
});
element.addEventListener("pointerenter", () => { over = true; });
element.addEventListener("pointerleave", () => { over = false; });
document.addEventListener("keydown", pressed);
