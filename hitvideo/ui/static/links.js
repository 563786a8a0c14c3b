// What a link holds: the tab, and what the Generate tab is told. Opening one fills everything in
// and runs nothing.
const NAMES = ["prompt", "seed", "guidance", "temperature", "top_k", "top_p", "levels", "mode", "picture"];
const inLink = () => new URLSearchParams(location.search);

function putInLink(entries) {
  const link = inLink();
  for (const [name, value] of entries) {
    if (value === null || value === undefined || value === "") link.delete(name);
    else link.set(name, value);
  }
  const asked = link.size ? `?${link}` : "";
  history.replaceState(null, "", `${location.pathname}${asked}${location.hash}`);
}

// The fields' values, and whether the seed is to be kept: from the link, as far as it says.
function openLink(drawn, values) {
  const link = inLink();
  window.linkIsOpen = true;
  document.getElementById(`tab-${link.get("tab")}-button`)?.click();
  const filled = values.map((value, k) => {
    const said = link.get(NAMES[k]);
    if (said === null) return NAMES[k] === "seed" ? drawn : value;
    const number = Number(said);
    const counts = typeof value === "number" || NAMES[k] === "seed";
    return !counts ? said : Number.isFinite(number) && said.trim() ? number : value;
  });
  return [...filled, link.has("seed")];
}

// The first tab is shown before the link has been opened: that is nobody's choice.
function putTabInLink(name) {
  if (window.linkIsOpen) putInLink([["tab", name]]);
}

function putFieldsInLink(values) {
  if (values[0]) putInLink(NAMES.map((name, k) => [name, values[k]]));
}

async function copyLink(values) {
  putFieldsInLink(values);
  const button = document.querySelector(".hv-copy");
  const words = "Copy link"; // what it says may still be that of the last click
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Link copied";
    setTimeout(() => (button.textContent = words), 1500);
  } catch {
    prompt("Copy this link:", location.href); // browsers copy on secure pages only
  }
}
