// Where all pictures are looked at: one zoom and one centre, for the stage and for the tiles.
const MOST = 16;
const look = { zoom: 1, x: 0.5, y: 0.5 };

function setLook(zoom, x, y) {
  look.zoom = Math.max(1, Math.min(MOST, zoom));
  const edge = 0.5 / look.zoom; // the picture never leaves its panel
  look.x = Math.max(edge, Math.min(1 - edge, x));
  look.y = Math.max(edge, Math.min(1 - edge, y));
  const move = (centre) => `${100 * (0.5 - centre)}%`;
  tiles.style.setProperty("--look", `scale(${look.zoom}) translate(${move(look.x)}, ${move(look.y)})`);
  for (const part of [tiles, find("canvas")]) part.classList.toggle("near", look.zoom > 1);
}

const sizeOf = (source) => [source.videoWidth || source.width, source.videoHeight || source.height];

// Where a picture lies in a panel ([x, y, width, height]) as it is looked at: the same four numbers.
function placed(source, [px, py, pw, ph]) {
  const [width, height] = sizeOf(source);
  const scale = Math.min(pw / width, ph / height) * look.zoom;
  const [w, h] = [width * scale, height * scale];
  return [px + pw / 2 - look.x * w, py + ph / 2 - look.y * h, w, h];
}

// Keeps what lies under a point of a panel there while the zoom changes.
function zoomAt(factor, source, panel, px, py) {
  const [x, y, w, h] = placed(source, panel);
  const [u, v] = [(px - x) / w, (py - y) / h];
  const zoom = Math.max(1, Math.min(MOST, look.zoom * factor));
  const change = look.zoom / zoom;
  setLook(zoom, u + (look.x - u) * change, v + (look.y - v) * change);
}

// How different two pictures are at every pixel, as heat; `gain` times.
const HEAT = [[0, 0, 0], [80, 18, 123], [217, 70, 70], [253, 200, 60], [255, 255, 255]];
const heatOf = Uint8ClampedArray.from({ length: 3 * 256 }, (_, k) => {
  const place = (Math.floor(k / 3) / 255) * (HEAT.length - 1);
  const low = Math.min(HEAT.length - 2, Math.floor(place));
  return HEAT[low][k % 3] + (HEAT[low + 1][k % 3] - HEAT[low][k % 3]) * (place - low);
});
const sheets = [0, 1].map(() => make("canvas", ""));

function difference(a, b, gain) {
  const [width, height] = sizeOf(a);
  const [one, other] = [a, b].map((source, k) => {
    Object.assign(sheets[k], { width, height });
    const context = sheets[k].getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  });
  for (let k = 0; k < one.data.length; k += 4) {
    let sum = 0;
    for (let c = k; c < k + 3; c++) sum += Math.abs(one.data[c] - other.data[c]);
    const heat = 3 * Math.min(255, Math.round((gain * sum) / 3));
    one.data.set(heatOf.subarray(heat, heat + 3), k);
  }
  sheets[0].getContext("2d").putImageData(one, 0, 0);
  return sheets[0];
}
