// Several videos that play as one. The first video that has loaded leads; the others follow its
// clock. Runs once per component, with `element`, `props` and `watch` given by gr.HTML.
const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const SEEK_BEYOND = 0.2; // seconds of drift that playing a little faster or slower cannot mend
const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zM14 5h4v14h-4z";

const find = (name) => element.querySelector("." + name);
const status = find("status"), tiles = find("tiles"), controls = find("controls");
const play = find("play"), scrub = find("scrub"), speeds = find("speeds"), time = find("time");
const work = props.stage ? find("player") : status; // what to bring into view when it begins
let playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
let speed = 1;
let scrubbing = false;
let ticking = false;
let chosen = null; // on a stage: the index of the video to show, null for the newest

const make = (tag, name) => Object.assign(document.createElement(tag), { className: name });
const videos = () => [...tiles.querySelectorAll("video")].filter((v) => v.readyState >= 1);
const tell = (name) => find("player").dispatchEvent(new CustomEvent(name));
const frameAt = (seconds) => Math.floor(seconds * props.fps + 1e-3);
const setText = (node, text) => node.textContent !== text && (node.textContent = text);

function addTile() {
  const tile = make("figure", "tile");
  const frame = make("div", "frame");
  const caption = make(props.stage ? "button" : "figcaption", "caption");
  if (props.stage) {
    caption.type = "button";
    caption.addEventListener("click", () => { chosen = [...tiles.children].indexOf(tile); apply(); });
  }
  caption.append(make("span", "label"), make("span", "detail"));
  tile.append(frame, caption);
  tiles.append(tile);
  return tile;
}

function setVideo(tile, url) {
  const frame = tile.querySelector(".frame");
  let video = frame.querySelector("video");
  if ((video?.dataset.url ?? "") === (url ?? "")) return;
  video?.remove();
  tile.classList.toggle("ready", Boolean(url));
  tile.classList.remove("loaded");
  if (!url) return;
  video = make("video", "");
  Object.assign(video, { muted: true, loop: true, playsInline: true, preload: "auto", src: url });
  video.dataset.url = url;
  video.addEventListener("loadedmetadata", () => {
    if (!video.isConnected) return; // taken away before it was loaded
    const leader = videos()[0] ?? video;
    if (leader !== video) video.currentTime = leader.currentTime;
    apply();
  });
  video.addEventListener("loadeddata", () => { tile.classList.add("loaded"); apply(); });
  video.addEventListener("seeked", () => tell("hv-frame"));
  frame.append(video);
}

// Show the chosen state, and start the loop that brings the videos to it.
function apply() {
  controls.hidden = !videos().length;
  play.setAttribute("aria-label", playing ? "Pause" : "Play");
  play.querySelector("path").setAttribute("d", playing ? PAUSE : PLAY);
  for (const button of speeds.children)
    button.setAttribute("aria-pressed", Number(button.dataset.speed) === speed);
  if (props.stage) choose();
  tell("hv-change");
  if (!ticking) requestAnimationFrame(tick);
  ticking = true;
}

// A finer video covers the coarser ones, so only those up to the chosen one are shown.
function choose() {
  const loaded = (tile) => tile.classList.contains("loaded");
  const all = [...tiles.children];
  const newest = all.findLastIndex(loaded);
  const top = chosen === null ? newest : Math.min(chosen, newest);
  all.forEach((tile, index) => {
    tile.classList.toggle("shown", index <= top && loaded(tile));
    const caption = tile.querySelector(".caption");
    caption.disabled = !loaded(tile);
    caption.setAttribute("aria-pressed", index === top);
  });
}

function tick() {
  const [leader, ...followers] = videos();
  ticking = false;
  if (!leader || !element.isConnected) return;
  const length = leader.duration || 1;
  leader.playbackRate = speed;
  for (const video of followers) {
    // Everything loops, so a drift is never more than half the clip, either way round.
    let drift = video.currentTime - leader.currentTime;
    drift -= Math.round(drift / length) * length;
    if (Math.abs(drift) > SEEK_BEYOND && !video.seeking) video.currentTime = leader.currentTime;
    else video.playbackRate = speed * (1 - 2 * Math.max(-SEEK_BEYOND, Math.min(SEEK_BEYOND, drift)));
  }
  for (const video of [leader, ...followers]) {
    if (!playing || scrubbing) video.pause();
    else if (video.paused) video.play().catch(refused);
  }
  scrub.max = length;
  if (!scrubbing) scrub.value = leader.currentTime;
  scrub.style.setProperty("--played", `${(100 * leader.currentTime) / length}%`);
  setText(time, `${leader.currentTime.toFixed(1)} / ${length.toFixed(1)} s`);
  tell("hv-frame");
  if (!playing && !scrubbing) return;
  ticking = true;
  requestAnimationFrame(tick);
}

function refused(error) {
  if (error.name !== "NotAllowedError") return; // such as a video that is taken away
  playing = false;
  apply();
}

// Where frames are counted, to the middle of one: no rounding shows another.
function seek(seconds) {
  const middle = props.fps ? (frameAt(seconds) + 0.5) / props.fps : seconds;
  for (const video of videos()) video.currentTime = Math.min(middle, video.duration - 0.001);
}

function render() {
  const view = props.value;
  while (tiles.children.length > view.tiles.length) tiles.lastElementChild.remove();
  tiles.style.setProperty("--count", view.tiles.length);
  view.tiles.forEach((item, index) => {
    const tile = tiles.children[index] ?? addTile();
    setText(tile.querySelector(".label"), item.label);
    setText(tile.querySelector(".detail"), item.detail);
    setVideo(tile, item.video?.url);
  });
  status.classList.toggle("failed", view.failed);
  setText(find("message"), view.message);
  setText(find("left"), view.seconds_left === null ? "" : `about ${view.seconds_left} s left`);
  status.querySelector("progress").value = view.progress ?? 0;
  const idle = view.progress === null;
  if (tiles.classList.contains("idle") && (!idle || view.failed))
    requestAnimationFrame(() => work.scrollIntoView({ block: "nearest", behavior: "smooth" }));
  const next = view.tiles.findIndex((item) => !item.video);
  if (next === 0) chosen = null;
  [...tiles.children].forEach((tile, k) => tile.classList.toggle("next", !idle && k === next));
  tiles.classList.toggle("idle", idle && next === 0);
  apply();
}

for (const value of SPEEDS) {
  const button = make("button", "speed");
  Object.assign(button, { type: "button", textContent: `${value}×` });
  button.dataset.speed = value;
  button.addEventListener("click", () => { speed = value; apply(); });
  speeds.append(button);
}
play.addEventListener("click", () => {
  playing = !playing;
  apply();
  if (!playing) seek(videos()[0]?.currentTime ?? 0); // all at the same frame
});
scrub.addEventListener("input", () => { scrubbing = true; apply(); seek(Number(scrub.value)); });
scrub.addEventListener("change", () => { scrubbing = false; apply(); });
find("player").classList.toggle("stage", Boolean(props.stage));
watch("value", render);
render();
