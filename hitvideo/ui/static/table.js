// Rows of numbers to a table. Runs once per component, as `player.js` does.
const section = element.querySelector(".levels");
const body = section.querySelector("tbody");
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function render() {
  const view = props.value;
  section.hidden = !view.rows.length;
  section.querySelector(".summary").textContent = view.summary;
  body.replaceChildren(...view.rows.map((row) => {
    const line = document.createElement("tr");
    const cells = [
      row.level, whole.format(row.tokens), whole.format(row.bits),
      row.bpp.toFixed(4), row.bpp_actual?.toFixed(4) ?? "", row.bytes ? whole.format(row.bytes) : "",
      row.psnr === null ? "exact" : row.psnr.toFixed(2), row.ssim.toFixed(3),
    ];
    cells.forEach((text) => { line.insertCell().textContent = text; });
    return line;
  }));
}

watch("value", render);
render();
