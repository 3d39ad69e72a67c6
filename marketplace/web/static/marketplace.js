// Small enhancements; every page works without them.
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !typing(event.target)) {
      const box = document.querySelector("#search-q, #top-q");
      if (box) { event.preventDefault(); box.focus(); }
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
    }
  });
  const clocks = (root) => root.querySelectorAll("[data-countdown]").forEach((clock) => {
    const offset = Number(clock.dataset.now) - Date.now();
    const tick = () => {
      const left = Math.max(0, Math.floor((Number(clock.dataset.countdown) - Date.now() - offset) / 1000));
      const days = Math.floor(left / 86400), rest = left % 86400;
      const text = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map((n) => String(n).padStart(2, "0")).join(":");
      clock.textContent = (days ? days + "d " : "") + text;
      if (!clock.isConnected) clearInterval(beat);
    };
    const beat = setInterval(tick, 1000);
    tick();
  });
  document.addEventListener("htmx:afterSwap", (event) => clocks(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("#error-summary")?.focus();
    document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", () => {
      setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((button) => button.setAttribute("aria-disabled", "true")), 0);
    }));
    clocks(document);
  });
})();
