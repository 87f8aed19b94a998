/* The dashboard's charts: a range is chosen by dragging, columns are walked by arrow keys, and while the page is seen it is
   refreshed. What is chosen goes into the form that stands in the page; its address says it from then on. */
"use strict";
(() => {
  let drag = null;
  let dragged = false;

  const place = (event) => {
    const box = drag.plot.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const draw = (to) => {
    drag.mark.style.left = `${100 * Math.min(drag.from, to)}%`;
    drag.mark.style.width = `${100 * Math.abs(to - drag.from)}%`;
  };
  const end = () => { drag?.mark.remove(); drag = null; };

  document.addEventListener("pointerdown", (event) => {
    dragged = false;
    const plot = event.target instanceof Element ? event.target.closest("[data-plot]") : null;
    if (!plot || event.button !== 0 || !event.isPrimary) return;
    drag = { plot, mark: document.createElement("div"), x: event.clientX, from: 0 };
    drag.from = place(event);
    drag.mark.className = "chosen";
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-plot]")) event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!dragged && Math.abs(event.clientX - drag.x) < 6) return;
    if (!dragged) drag.plot.append(drag.mark);
    dragged = true;
    draw(place(event));
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { plot, from } = drag;
    const to = place(event);
    end();
    const form = document.querySelector("form[data-zoom]");
    if (!dragged || !form || from === to) return;
    const begin = Date.parse(plot.dataset.begin);
    const whole = Date.parse(plot.dataset.end) - begin;
    const at = (share) => new Date(Math.round((begin + share * whole) / 1000) * 1000).toISOString();
    form.elements.from.value = at(Math.min(from, to));
    form.elements.to.value = at(Math.max(from, to));
    if (form.elements.from.value !== form.elements.to.value) form.requestSubmit();
  });
  document.addEventListener("pointercancel", end);
  document.addEventListener("click", (event) => {
    if (!dragged || !(event.target instanceof Element) || !event.target.closest("[data-plot]")) return;
    dragged = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag) { end(); dragged = false; return; }
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = event.target instanceof Element ? event.target.closest("[data-plot] a") : null;
    if (!column) return;
    const all = [...column.parentElement.querySelectorAll("a")];
    const here = all.indexOf(column);
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[Math.min(all.length - 1, Math.max(0, to))].focus();
  });

  let pressed = Date.now();
  setInterval(() => {
    const button = document.querySelector("button[data-refresh]");
    const seconds = Number(button?.dataset.refresh);
    if (!seconds || drag || document.visibilityState !== "visible") return;
    if (Date.now() - pressed < seconds * 1000) return;
    pressed = Date.now();
    button.click();
  }, 500);
})();
