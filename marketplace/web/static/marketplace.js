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
      clock.textContent = (days ? days + (document.documentElement.lang.startsWith("zh") ? "天 " : "d ") : "") + text;
      if (!clock.isConnected) clearInterval(beat);
    };
    const beat = setInterval(tick, 1000);
    tick();
  });
  document.addEventListener("htmx:afterSwap", (event) => clocks(event.target));

  // A running lot: its log line by line from the stream; while there is none, the page asks every five seconds.
  const lot = () => document.getElementById("live");
  let stream = null, spoken = "", next = "", sentence = "", speaking = null, fetching = null;
  const streaming = () => stream !== null && stream.readyState === EventSource.OPEN;
  const speak = () => {
    speaking = next === spoken ? null : setTimeout(speak, 5000);
    const region = document.getElementById("live-news");
    if (region && next !== spoken) region.textContent = spoken = next;
  };
  const say = (text) => { next = text; if (!speaking) speak(); };
  const sentenceNow = () => (lot()?.querySelector("[data-said]")?.textContent ?? "").trim();
  const fetchWhole = (within) => {
    fetching ??= setTimeout(() => { fetching = null; if (lot()) htmx.trigger(lot(), "refresh"); }, Math.random() * within);
  };
  const show = (news) => {
    const place = lot();
    if (!place || news.sequence < Number(place.dataset.sequence)) return;
    const rows = place.querySelector("tbody"), fresh = news.sequence > Number(place.dataset.sequence);
    place.dataset.sequence = news.sequence;
    for (const [name, text] of Object.entries(news.figures)) {
      place.querySelectorAll(`[data-live="${name}"]`).forEach((shown) => { shown.textContent = text; });
    }
    place.querySelectorAll("[data-countdown]").forEach((clock) => { clock.dataset.countdown = news.closes; });
    if (fresh && news.row && rows) rows.insertAdjacentHTML("afterbegin", news.row);
    if (fresh && news.said) say(`${news.figures.label}: ${news.figures.price}. ${news.said}`);
    if (news.whole || !rows) fetchWhole(2000);
    else if ("bidder" in place.dataset) fetchWhole(300);
  };
  const follow = () => {
    const place = lot();
    if (!place || !window.EventSource) return;
    const language = document.documentElement.lang.slice(0, 2);
    stream = new EventSource(`${place.dataset.stream}?after=${place.dataset.sequence}&lang=${language}`);
    stream.addEventListener("line", (event) => show(JSON.parse(event.data)));
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 30000); };
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asked = event.detail.requestConfig.triggeringEvent;
    if (event.target.id === "live" && streaming() && asked?.type !== "refresh") event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (lot() && sentenceNow() !== sentence) say(sentence = sentenceNow());
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("#error-summary")?.focus();
    document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", () => {
      setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((button) => button.setAttribute("aria-disabled", "true")), 0);
    }));
    clocks(document);
    sentence = sentenceNow();
    follow();
  });
})();
