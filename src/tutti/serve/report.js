// The map: pointing at a track shows it, clicking plays it, a tag of the legend lights up its tracks.
(() => {
  const map = document.getElementById("map-frame");
  if (!map) return;
  const tracks = JSON.parse(document.getElementById("map-data").textContent);
  const card = document.getElementById("map-card");
  const audio = document.getElementById("map-audio");
  const playing = document.getElementById("map-playing");
  let at = null;

  const line = (tag, text) => {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  };

  const show = (circle) => {
    if (at) at.classList.remove("at");
    at = circle;
    card.hidden = !circle;
    if (!circle) return;
    circle.classList.add("at");
    const track = tracks[circle.dataset.track];
    const words = document.createElement("div");
    words.append(line("b", track.title), line("span", track.artist), line("span", track.tags.join(", ")));
    card.replaceChildren(words);
    if (track.cover) {
      const picture = new Image();
      picture.src = track.cover;
      picture.alt = "";
      card.prepend(picture);
    }
    const frame = map.getBoundingClientRect();
    const dot = circle.getBoundingClientRect();
    const left = dot.left - frame.left + dot.width / 2;
    const top = dot.top - frame.top;
    const x = Math.max(4, Math.min(left - card.offsetWidth / 2, frame.width - card.offsetWidth - 4));
    const above = top - card.offsetHeight - 8;
    card.style.left = `${x}px`;
    card.style.top = `${above > 0 ? above : top + dot.height + 8}px`;
  };

  const play = (circle) => {
    const track = tracks[circle.dataset.track];
    playing.textContent = track.artist ? `${track.title}, ${track.artist}` : track.title;
    if (!track.audio) {
      audio.removeAttribute("src");
      playing.textContent += " (its sound is not here)";
      return;
    }
    audio.src = track.audio;
    audio.play().catch((problem) => {
      if (problem.name === "NotSupportedError") playing.textContent += " (this browser cannot play it)";
    });
  };

  // Dots are small and fingers are not: the nearest one within reach counts.
  const nearest = (event) => {
    let found = null;
    let least = 18 ** 2;
    for (const circle of map.querySelectorAll("circle")) {
      const box = circle.getBoundingClientRect();
      const x = box.left + box.width / 2 - event.clientX;
      const y = box.top + box.height / 2 - event.clientY;
      if (x * x + y * y < least) [found, least] = [circle, x * x + y * y];
    }
    return found;
  };

  map.addEventListener("pointermove", (event) => show(nearest(event)));
  map.addEventListener("pointerleave", () => show(null));
  map.addEventListener("click", (event) => {
    const circle = nearest(event);
    show(circle);
    if (circle) play(circle);
  });

  const keys = [...document.querySelectorAll("#map-keys button")];
  for (const key of keys) {
    key.setAttribute("aria-pressed", "false");
    key.addEventListener("click", () => {
      const lit = key.getAttribute("aria-pressed") !== "true";
      for (const other of keys) other.setAttribute("aria-pressed", String(other === key && lit));
      map.classList.toggle("lit", lit);
      for (const circle of map.querySelectorAll("circle")) {
        circle.classList.toggle("on", circle.classList.contains(key.dataset.colour));
      }
    });
  }
})();
