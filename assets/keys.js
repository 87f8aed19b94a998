/* The keyboard, and the sheet that tells of it.

   GLOBAL is the one table of keys that every page has. A page's own keys are those of the buttons that it shows:
   `data-hotkey="x"` lets x press a button or a link, or puts the cursor into a field; several keys stand apart by a
   space, the space bar is called Space, Shift is named before keys that write nothing. A page's key goes before a
   global one. The sheet is read off the table and the page when it is opened, so it holds on every page. */
"use strict";
(() => {
  const SHOWN = { Space: "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
  const find = (selector) => document.querySelector(selector);
  const visible = (element) => element.getClientRects().length > 0;
  const isOpen = () => find("dialog[open]");
  const inField = (target) =>
    target instanceof Element && target.closest("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable]");

  /* What a control is called: the words for a reader of screens, else what it shows, without its key. */
  const nameOf = (element) => {
    const named = element.dataset.command || element.getAttribute("aria-label");
    if (named) return named.trim();
    const copy = element.cloneNode(true);
    copy.querySelectorAll("kbd, svg").forEach((one) => one.remove());
    return (copy.textContent || element.placeholder || element.title || "").replace(/\s+/g, " ").trim();
  };
  const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
  const keysOf = (element) => element.dataset.hotkey.split(" ").filter(Boolean);
  const offered = () =>
    [...document.querySelectorAll('[data-hotkey]:not([data-hotkey=""])')].filter((one) => visible(one) && !one.disabled);

  const use = (element) => {
    if (element.matches("textarea, input, select")) element.focus();
    else element.click();
  };

  const step = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")].filter(visible);
    if (!rows.length) return;
    const here = rows.indexOf(document.activeElement);
    rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))].focus();
  };
  const search = () => {
    const box = find("[data-search]");
    if (!box) { go("/"); return; }
    box.focus();
    box.select?.();
  };
  const go = (key) => find(`nav [data-key="${CSS.escape(key)}"]`)?.click();
  const hasRows = () => find("[data-row]");

  const GLOBAL = [
    { key: "j", section: "Lists", words: "Next line", when: hasRows, run: () => step(1) },
    { key: "k", section: "Lists", words: "Line before", when: hasRows, run: () => step(-1) },
    { key: "Enter", section: "Lists", words: "Open the line", when: hasRows },
    { key: "Ctrl+k", section: "Everywhere", words: "Go anywhere, do anything", run: () => unionSquare.palette(), inFields: true },
    { key: "/", section: "Everywhere", words: "Search", run: search },
    { key: "t", section: "Everywhere", words: "Dark or light", run: () => find("[data-theme-button]")?.click() },
    { key: "?", section: "Everywhere", words: "This sheet", run: () => help() },
    { key: "Escape", section: "Everywhere", words: "Leave a field, close what is open" },
  ];
  const inForce = () => GLOBAL.filter((one) => !one.when || one.when());

  /* The sheet */
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const keyCaps = (key) => key.split(/(?<=.)\+(?=.)| /).map((one) => element("kbd", {}, SHOWN[one] ?? (one.length > 1 ? one : one)));
  const sections = () => {
    const own = offered();
    const taken = new Set(own.flatMap(keysOf));
    const found = new Map();
    const tell = (section, keys, words) => {
      if (!found.has(section)) found.set(section, []);
      found.get(section).push([keys, words]);
    };
    own.forEach((one) => tell("On this page", keysOf(one), sentence(nameOf(one))));
    inForce().filter((one) => !taken.has(one.key)).forEach((one) => tell(one.section, [one.key], one.words));
    document.querySelectorAll("nav [data-key]").forEach((one) => {
      if (one.dataset.key.length === 1 && one.dataset.key !== "/") tell("Go to", [`g ${one.dataset.key}`], nameOf(one));
    });
    return found;
  };
  const help = () => {
    const old = document.getElementById("help");
    if (old?.open) { old.close(); return; }
    old?.remove();
    const sheet = element("dialog", { id: "help", "aria-labelledby": "help-title", "data-testid": "help" });
    const close = element("button", { type: "button", class: "button" }, "Close");
    close.addEventListener("click", () => sheet.close());
    const columns = element("div", { class: "help-sections" });
    for (const [section, rows] of sections()) {
      const list = element("dl");
      for (const [keys, words] of rows) {
        const caps = keys.flatMap((key, index) => (index ? [" or ", ...keyCaps(key)] : keyCaps(key)));
        list.append(element("div", {}, element("dt", {}, ...caps), element("dd", {}, words)));
      }
      columns.append(element("section", {}, element("h3", {}, section), list));
    }
    sheet.append(element("h2", { id: "help-title" }, "Keyboard"), columns, close);
    document.body.append(sheet);
    sheet.showModal();
  };

  /* Pressing */
  const spelled = (event) =>
    (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.shiftKey && event.key.length > 1 ? "Shift+" : "")
    + (event.key === " " ? "Space" : event.ctrlKey || event.metaKey ? event.key.toLowerCase() : event.key);
  const press = (event, name) => {
    const button = offered().find((one) => keysOf(one).includes(name));
    if (!button) return false;
    event.preventDefault();
    use(button);
    return true;
  };
  const runGlobal = (event, name, fields) => {
    const found = inForce().find((one) => one.key === name && one.run && (!fields || one.inFields));
    if (found && found.run(event) !== false) event.preventDefault();
  };

  let pending = false;
  let timer = 0;
  const chord = (event, name) => {
    if (!pending) return false;
    pending = false;
    clearTimeout(timer);
    if (name === "/" || !find(`nav [data-key="${CSS.escape(name)}"]`)) return false;
    event.preventDefault();
    go(name);
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const target = event.target, name = spelled(event), controls = event.ctrlKey || event.metaKey;
    if (isOpen()) {
      if (name === "?" && !inField(target) && isOpen().id === "help") { event.preventDefault(); help(); }
      return;
    }
    if (inField(target)) {
      if (name === "Escape") target.blur();
      else runGlobal(event, name, true);
      return;
    }
    if (controls) { runGlobal(event, name, false); return; }
    if (target instanceof Element && target.matches("button, a, summary, input[type=checkbox]") && ["Space", "Enter"].includes(name)) return;
    if (chord(event, name) || press(event, name)) return;
    if (name === "g") {
      pending = true;
      timer = setTimeout(() => { pending = false; }, 1200);
    } else if (!(target instanceof Element && target.matches("input[type=range]"))) runGlobal(event, name, false);
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-help-button]")) help();
  });

  /* Other scripts of ours add keys of what they do: { key, section, words, when?, run?(event) } */
  globalThis.unionSquare = { keysInForce: () => inForce().map((one) => one.key), addKeys: (...keys) => GLOBAL.unshift(...keys), nameOf, sentence, visible, keyCaps, element, help };
})();
