// Lets the cursor of each track follow its player, and the player follow a click; only one player sounds at a time.
(() => {
  const players = [];
  for (const track of document.querySelectorAll(".track")) {
    const sound = track.querySelector("audio");
    if (!sound) continue;
    players.push(sound);
    const start = Number(track.dataset.start);
    const duration = Number(track.dataset.duration);
    const plot = track.querySelector(".plot");
    const cursor = track.querySelector(".cursor");
    const follow = () => {
      cursor.style.left = `${Math.min(100, (100 * (start + sound.currentTime)) / duration)}%`;
      if (!sound.paused) requestAnimationFrame(follow);
    };
    plot.addEventListener("click", (event) => {
      const box = plot.getBoundingClientRect();
      const seconds = ((event.clientX - box.left) / box.width) * duration - start;
      sound.currentTime = Math.max(0, seconds);
      follow();
    });
    sound.addEventListener("play", () => players.forEach((other) => other === sound || other.pause()));
    for (const change of ["play", "pause", "seeked", "timeupdate"]) sound.addEventListener(change, follow);
    follow();
  }
})();
