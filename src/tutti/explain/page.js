// Draws the rows and the overlay, and lets the cursor follow the player and the player follow the pointer.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const sound = document.getElementById("sound");
  const frame = document.getElementById("frame");
  const picture = document.getElementById("picture");
  const overlay = document.getElementById("overlay");
  const rows = document.getElementById("rows");
  const scale = document.getElementById("scale");
  const cursor = document.getElementById("cursor");
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const values = data.values.map(bytes);
  const overlays = data.overlays && data.overlays.map(bytes);
  const nColumns = data.edges.length - 1;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const canvases = [];
  let chosen = overlays ? data.chosen : -1; // maps of time alone lie over the spectrogram only when asked for

  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim().split(" ").map(Number);
  const place = (seconds) => (seconds - data.start) / data.duration; // from 0 to 1

  // A picture of one pixel a cell and row, its colour as opaque as the value is high.
  const paint = (canvas, cells, height, [red, green, blue], most) => {
    const width = 1200;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    let column = 0;
    for (let x = 0; x < width; x += 1) {
      const seconds = data.start + ((x + 0.5) / width) * data.duration;
      while (column < nColumns - 1 && seconds >= data.edges[column + 1]) column += 1;
      const inside = seconds >= data.edges[0] && seconds <= data.edges[nColumns];
      for (let y = 0; y < height; y += 1) {
        const at = 4 * (y * width + x);
        pixels.data.set([red, green, blue, inside ? most * cells[(height - 1 - y) * nColumns + column] : 0], at);
      }
    }
    context.putImageData(pixels, 0, 0);
  };

  const draw = () => {
    canvases.forEach((canvas, row) => paint(canvas, values[row], 1, colour(overlays ? "--class" : "--tags"), 1));
    overlay.hidden = chosen < 0;
    if (chosen < 0) return;
    if (overlays) paint(overlay, overlays[chosen], data.bands, colour("--class"), 0.75);
    else paint(overlay, values[chosen], 1, colour("--tags"), 0.55);
  };

  const choose = (row) => {
    chosen = !overlays && row === chosen ? -1 : row;
    for (const [number, button] of [...rows.querySelectorAll("button")].entries()) {
      button.setAttribute("aria-pressed", String(number === chosen));
    }
    draw();
  };

  data.labels.forEach((label, row) => {
    const name = element("div", "label");
    const button = element("button", "", label);
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.title = label;
    button.addEventListener("click", () => choose(row));
    name.append(button);
    const strip = element("div", "plot row");
    canvases[row] = element("canvas");
    canvases[row].setAttribute("role", "img");
    canvases[row].setAttribute("aria-label", `${label} over time`);
    strip.append(canvases[row]);
    rows.append(name, strip, element("div", "value", data.shown[row]));
  });

  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  const step = steps.find((one) => data.duration / one <= 9) || 1200;
  for (let tick = Math.ceil(data.start / step - 1e-6); tick * step <= data.start + data.duration + 1e-6; tick += 1) {
    const label = element("span", "", `${Number((tick * step).toFixed(1))} s`);
    label.style.left = `${100 * place(tick * step)}%`;
    scale.append(label);
  }
  if (data.mark !== null) {
    const mark = element("div", "mark");
    mark.style.left = `${100 * place(data.mark)}%`;
    picture.append(mark);
  }

  // The cursor's track covers the plots alone, not the labels beside them.
  const track = cursor.parentElement;
  const fit = () => {
    const box = frame.getBoundingClientRect();
    const plot = picture.getBoundingClientRect();
    track.style.left = `${plot.left - box.left - frame.clientLeft}px`;
    track.style.width = `${plot.width}px`;
  };
  const follow = () => {
    const now = Math.min(sound.currentTime, data.duration);
    cursor.style.left = `${(100 * now) / data.duration}%`;
    cursor.setAttribute("aria-valuenow", now.toFixed(1));
    cursor.setAttribute("aria-valuetext", `${(data.start + now).toFixed(1)} seconds`);
    if (!sound.paused) requestAnimationFrame(follow);
  };
  const seek = (seconds) => {
    sound.currentTime = Math.max(0, Math.min(seconds, data.duration));
    follow();
  };
  const point = (event) => {
    const plot = picture.getBoundingClientRect();
    seek(((event.clientX - plot.left) / plot.width) * data.duration);
  };
  let held = false;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button || !event.target.closest(".plot")) return;
    held = true;
    frame.setPointerCapture(event.pointerId);
    point(event);
    cursor.focus({ preventScroll: true });
    event.preventDefault();
  });
  frame.addEventListener("pointermove", (event) => held && point(event));
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => (held = false));
  cursor.addEventListener("keydown", (event) => {
    const stride = event.shiftKey ? 5 : 0.1;
    const moves = { ArrowRight: stride, ArrowUp: stride, ArrowLeft: -stride, ArrowDown: -stride };
    const ends = { Home: 0, End: data.duration };
    if (event.key in moves) seek(sound.currentTime + moves[event.key]);
    else if (event.key in ends) seek(ends[event.key]);
    else if (event.key === " ") sound.paused ? sound.play() : sound.pause();
    else return;
    event.preventDefault();
  });
  for (const change of ["play", "pause", "seeked", "timeupdate"]) sound.addEventListener(change, follow);
  dark.addEventListener("change", draw);
  const resized = new ResizeObserver(fit);
  for (const one of [frame, picture]) resized.observe(one);
  cursor.setAttribute("aria-valuemax", data.duration.toFixed(1));
  if (overlays) choose(chosen);
  else draw();
  fit();
  follow();
})();
