// A map of several projections: a button moves every item to where another projection puts it.
(() => {
  const circles = [...document.querySelectorAll("#map-frame circle")];
  const buttons = [...document.querySelectorAll("#map-switch button")];
  const places = (circle, projection) => circle.dataset[`p${projection}`].split(" ");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      for (const circle of circles) {
        const [x, y] = places(circle, button.dataset.projection);
        circle.setAttribute("cx", x);
        circle.setAttribute("cy", y);
      }
    });
  }
})();
