/* The filter's box completes what is written in it: the server says what may stand at the caret, the keyboard chooses.
   Arrow keys move, Enter or Tab take, Escape closes, Ctrl+Space asks. And an address that ends in #message-N is scrolled
   to once that message is there. Only text is ever put into the page. */
"use strict";
(() => {
  const WAIT = 90;
  let list = null;
  let box = null;
  let found = { start: 0, end: 0, options: [] };
  let chosen = -1;
  let asked = 0;
  let timer = 0;

  const isOpen = () => Boolean(list) && !list.hidden;
  const close = () => {
    asked += 1;
    clearTimeout(timer);
    if (list) list.hidden = true;
    chosen = -1;
    box?.setAttribute("aria-expanded", "false");
    box?.removeAttribute("aria-activedescendant");
  };
  const make = () => {
    list = document.createElement("ul");
    list.id = "completions";
    list.className = "completions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "completions");
    list.hidden = true;
    list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the box keeps the focus
      const option = event.target.closest("li");
      if (option) take(Number(option.dataset.number));
    });
  };
  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === number)));
    const option = list.children[number];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const place = () => {
    if (!isOpen()) return;
    list.style.left = "0";
    const frame = (list.offsetParent ?? document.body).getBoundingClientRect(), at = box.getBoundingClientRect();
    list.style.left = `${Math.max(0, Math.min(at.left - frame.left, frame.width - list.offsetWidth))}px`;
    list.style.top = `${at.bottom - frame.top + 4}px`;
  };
  window.addEventListener("resize", place);
  const show = (answer) => {
    found = answer;
    if (!found.options.length) { close(); return; }
    if (!list) make();
    if (list.parentElement !== box.form.parentElement) box.form.after(list);
    list.replaceChildren(...found.options.map((option, number) => {
      const line = document.createElement("li");
      line.id = `completion-${number}`;
      line.dataset.number = number;
      line.setAttribute("role", "option");
      line.append(option.shows);
      if (option.says) {
        const says = document.createElement("span");
        says.textContent = option.says;
        line.append(says);
      }
      return line;
    }));
    list.hidden = false;
    place();
    box.setAttribute("aria-expanded", "true");
    box.setAttribute("aria-controls", list.id);
    choose(-1);
  };
  const ask = async () => {
    const number = ++asked;
    const at = [...box.value.slice(0, box.selectionStart)].length; // the server counts characters, not UTF-16 units
    try {
      const answer = await fetch(`/api/v1/complete?${new URLSearchParams({ q: box.value, at })}`);
      if (!answer.ok) return;
      const completion = await answer.json();
      if (number === asked && document.activeElement === box) show(completion);
    } catch { /* the server is away: the page says so by itself */ }
  };
  const askSoon = () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); };
  /* By the prototype's setter, or the page would not see that what is in the box has changed. */
  const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  let taking = false;
  const write = (text) => {
    taking = true;
    setter.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    taking = false;
  };
  const take = (number) => {
    const option = found.options[number];
    if (!option) return;
    const characters = [...box.value];
    const before = characters.slice(0, found.start).join("") + option.insert;
    const after = characters.slice(found.end).join("");
    const whole = !/[:>.]$/.test(option.insert);
    const gap = whole && !after ? " " : "";
    write(before + gap + after);
    box.setSelectionRange(before.length + gap.length, before.length + gap.length);
    close();
    if (!whole) ask();
  };

  document.addEventListener("input", (event) => {
    if (taking || !event.target?.matches?.("[data-complete]")) return;
    box = event.target;
    if (/\s$/.test(box.value.slice(0, box.selectionStart)) || !box.value) close();
    else askSoon();
  });
  document.addEventListener("focusout", (event) => { if (event.target === box) close(); });
  document.addEventListener("submit", () => { if (box) close(); }, true);
  /* Before the page's own keys: they leave fields alone, but Escape would leave the field. */
  document.addEventListener("keydown", (event) => {
    if (!event.target?.matches?.("[data-complete]") || event.isComposing) return;
    box = event.target;
    if ((event.key === " " && event.ctrlKey) || (event.key === "ArrowDown" && !isOpen())) {
      event.preventDefault();
      ask();
      return;
    }
    if (!isOpen()) return;
    const last = found.options.length - 1;
    const taken = () => { event.preventDefault(); event.stopPropagation(); };
    switch (event.key) {
      case "ArrowDown": taken(); choose(chosen >= last ? 0 : chosen + 1); break;
      case "ArrowUp": taken(); choose(chosen <= 0 ? last : chosen - 1); break;
      case "Tab": taken(); take(Math.max(0, chosen)); break;
      case "Enter": if (chosen >= 0) { taken(); take(chosen); } else close(); break;
      case "Escape": taken(); close(); break;
    }
  }, true);

  let aimed = "";
  const aim = () => {
    const number = /^#message-(\d+)$/.exec(location.hash)?.[1];
    if (number === undefined || aimed === location.href) return;
    const message = document.querySelector(`[data-message="${number}"]`);
    if (!message) return;
    aimed = location.href;
    message.querySelectorAll("details").forEach((folded) => { folded.open = true; });
    message.scrollIntoView({ block: "center" });
    message.classList.add("aimed");
  };
  let soon = false;
  new MutationObserver(() => {
    if (soon || !location.hash.startsWith("#message-")) return;
    soon = true;
    requestAnimationFrame(() => { soon = false; aim(); });
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
