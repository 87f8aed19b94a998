/* What only the browser can do: times in the viewer's zone, copying, following a growing answer. Keys: keys.js.
   One listener for each kind of event on the document: pages come and go below it. */
"use strict";
(() => {
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const dayHour = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  const span = (seconds) => {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
    return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
  };
  const ago = (seconds) => {
    if (seconds < 5) return "now";
    if (seconds < 60) return `${Math.floor(seconds)} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  };

  const write = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) {
      if (element.textContent) element.textContent = "";
      return;
    }
    const seconds = Math.max(0, (Date.now() - at.getTime()) / 1000);
    const mode = element.dataset.mode;
    const words =
      mode === "clock" ? clock.format(at)
      : mode === "date" ? day.format(at)
      : mode === "hour" ? hour.format(at)
      : mode === "dayhour" ? dayHour.format(at)
      : mode === "day" ? short.format(at)
      : mode === "elapsed" ? span(seconds)
      : ago(seconds);
    if (element.textContent !== words) element.textContent = words;
    if (mode !== "elapsed") {
      const title = exact.format(at);
      if (element.title !== title) element.title = title;
    }
  };
  const writeAll = (root) => root.querySelectorAll("time[data-mode]").forEach(write);

  /* A growing answer is followed while the reader is at its end; who scrolls up is left there. */
  let atEnd = false;
  const follows = () => document.querySelector("[data-follow]") && document.querySelector('.turn[data-state="running"]');
  const nearEnd = () => {
    const mark = document.querySelector("[data-follow]");
    return Boolean(mark) && mark.getBoundingClientRect().top < window.innerHeight + 80;
  };
  const toEnd = () => document.querySelector("[data-follow]").scrollIntoView({ block: "end" });
  const offer = () => { const button = document.querySelector("[data-newest]"); if (button) button.classList.toggle("away", !atEnd); };
  window.addEventListener("scroll", () => { atEnd = nearEnd(); offer(); }, { passive: true });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-newest]")) { atEnd = true; toEnd(); offer(); }
  });

  /* A slider stands where the player is, but not under the hand that drags it. */
  const held = new Set();
  document.addEventListener("pointerdown", (event) => { if (event.target?.matches?.("input[data-at]")) held.add(event.target); });
  document.addEventListener("pointerup", () => held.clear());
  document.addEventListener("pointercancel", () => held.clear());
  const place = (slider) => { if (!held.has(slider)) slider.value = slider.dataset.at; };

  let asked = false;
  const later = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      writeAll(document);
      document.querySelectorAll("input[data-at]").forEach(place);
      if (atEnd && follows()) toEnd();
      else if (!atEnd) atEnd = nearEnd();
      offer();
    });
  };
  new MutationObserver(later).observe(document.documentElement, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["datetime", "data-at"],
  });
  setInterval(() => writeAll(document), 1000);

  const copy = async (button, text) => {
    const before = button.textContent;
    if (button.dataset.busy) return;
    button.dataset.busy = "1";
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      const code = button.closest(".snippet, .code, .curl")?.querySelector("pre");
      if (code) getSelection().selectAllChildren(code);
    }
    setTimeout(() => { button.textContent = before; delete button.dataset.busy; }, 1500);
  };

  /* A recording is taken in by the API; its answer, or what was wrong with the file, is said beside the button. */
  const take = async (button) => {
    const [file] = document.querySelector("[data-import-file]")?.files ?? [];
    const said = document.querySelector("[data-import-said]");
    if (!file || !said) { if (said) said.textContent = "Choose a file first."; return; }
    button.disabled = true;
    said.textContent = "Reading …";
    try {
      const answer = await fetch("/api/v1/import", { method: "POST", body: file });
      const body = await answer.json();
      said.textContent = answer.ok
        ? `${body.calls} ${body.calls === 1 ? "call" : "calls"} taken` + (body.left_out ? `; ${body.left_out} entries were no calls` : "")
        : String(body.error?.message ?? answer.statusText);
    } catch {
      said.textContent = "The file could not be sent; try again.";
    }
    button.disabled = false;
  };
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  globalThis.unionSquare.copy = copy;

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.dataset.import !== undefined) take(button);
    else if (button.dataset.copyLink !== undefined) copy(button, new URL(button.dataset.copyLink, location.href).href);
    else if (button.dataset.copy !== undefined) copy(button, button.dataset.copy);
    else if (button.dataset.copyCode !== undefined) copy(button, button.closest(".code").querySelector("code").textContent);
  });

  writeAll(document);
})();
