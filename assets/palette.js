/* The command palette: every page, what the present page offers, saved views and sessions, found by a few letters.

   What a page offers is read off the page when the palette is opened: its buttons with a key or a `data-command`, the
   actions and the views in its head. Saved views and sessions are asked of the REST API of this server. */
"use strict";
(() => {
  const { element, keyCaps, nameOf, sentence, visible, help } = unionSquare;
  const API = "/api/v1";
  const ACTIONS = '[data-hotkey]:not([data-hotkey=""]), [data-command], main .actions :is(a, button), main nav :is(a, button), main header .button';
  const MOST = 60;

  /* As a link of the page would: the router of the pages hears of it and goes there, without loading everything anew. */
  const follow = (href) => {
    const index = history.state?.idx;
    if (typeof index !== "number") { location.assign(href); return; }
    history.pushState({ idx: index + 1, key: Math.random().toString(36).slice(2, 10), usr: null }, "", href);
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  };
  const copyLink = () => navigator.clipboard.writeText(location.href);

  const actions = () => {
    const found = new Map();
    document.querySelectorAll(ACTIONS).forEach((one) => {
      const name = sentence(nameOf(one));
      if (!name || one.disabled || !visible(one) || found.has(name) || one.closest("[data-palette-not]")) return;
      const field = one.matches("textarea, input, select");
      found.set(name, { group: "On this page", name, key: one.dataset.hotkey?.split(" ")[0], run: () => (field ? one.focus() : one.click()) });
    });
    return [...found.values()];
  };
  const pages = () =>
    [...document.querySelectorAll("nav [data-key]")].map((one) => ({
      group: "Go to", name: nameOf(one), key: one.dataset.key === "/" ? "/" : `g ${one.dataset.key}`, run: () => one.click(),
    }));
  const everywhere = () => [
    { group: "Everywhere", name: "Switch between dark and light", key: "t", words: "theme", run: () => document.querySelector("[data-theme-button]")?.click() },
    { group: "Everywhere", name: "Keyboard help", key: "?", words: "keys shortcuts", run: help },
    { group: "Everywhere", name: "Copy the link to this page", words: "address url share", run: copyLink },
    { group: "Everywhere", name: "REST API reference", words: "docs", run: () => location.assign(`${API}/docs`) },
  ];

  /* How well `query` fits `text`: every letter in order; runs and beginnings of words count. 0 = it does not. */
  const fit = (query, text) => {
    const within = text.toLowerCase();
    let score = 1, from = 0, before = -2;
    for (const letter of query.toLowerCase().replace(/\s+/g, "")) {
      const at = within.indexOf(letter, from);
      if (at < 0) return 0;
      score += at === before + 1 ? 6 : at === 0 || /[^\p{L}\p{N}]/u.test(within[at - 1]) ? 4 : 0;
      score -= Math.min(3, (at - from) / 8);
      [before, from] = [at, at + 1];
    }
    return Math.max(0.1, score + (within.includes(query.toLowerCase()) ? 10 : 0));
  };
  const fitting = (query, items) =>
    query
      ? items.map((item) => [Math.max(fit(query, item.name), 0.6 * fit(query, `${item.name} ${item.words ?? ""}`)), item])
        .filter(([score]) => score > 0).sort((one, other) => other[0] - one[0]).map(([, item]) => item)
      : items;

  /* Asked of the server. What cannot be had is left out: the palette is for getting about, not for reporting. */
  const ask = async (path, signal) => {
    try {
      const answer = await fetch(API + path, { signal, headers: { accept: "application/json" } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  };
  const viewItems = (views) =>
    (views ?? []).map((view) => ({
      group: "Saved views", name: view.name, words: view.query,
      run: () => follow(`/${view.page}${view.query ? `?q=${encodeURIComponent(view.query)}` : ""}`),
    }));
  const sessionItems = (listing, group) =>
    (listing?.items ?? []).map((session) => ({
      group, name: session.title || session.id, hint: session.title ? session.models?.join(", ") : "",
      run: () => follow(`/sessions/${encodeURIComponent(session.id)}`),
    }));
  const direct = (query) => {
    const items = [];
    if (/^[0-9a-f]{32}$/.test(query)) items.push({ group: "Go to", name: `Call ${query}`, run: () => follow(`/calls/${query}`) });
    items.push({ group: "Search", name: `Search all calls for “${query}”`, key: "", run: () => follow(`/search?q=${encodeURIComponent(query)}`) });
    return items;
  };

  let open = null;  // of the open palette: { dialog, input, list, said, own, views, recent, items, query, chosen, stop }

  const options = () => [...open.list.querySelectorAll("[role=option]")];
  const choose = (index) => {
    const all = options();
    if (!all.length) { open.input.removeAttribute("aria-activedescendant"); return; }
    open.chosen = (index + all.length) % all.length;
    all.forEach((one, number) => one.setAttribute("aria-selected", String(number === open.chosen)));
    open.input.setAttribute("aria-activedescendant", all[open.chosen].id);
    all[open.chosen].scrollIntoView({ block: "nearest" });
  };
  const append = (items) => {
    const groups = new Map();
    for (const item of items) {
      if (!groups.has(item.group)) groups.set(item.group, []);
      groups.get(item.group).push(item);
    }
    for (const [name, members] of groups) {
      const group = element("div", { role: "group", "aria-label": name }, element("div", { class: "palette-group", "aria-hidden": "true" }, name));
      for (const item of members) {
        const option = element("div", { role: "option", id: `palette-${open.items.length}`, "aria-selected": "false", class: "palette-item" });
        option.append(element("span", { class: "palette-name" }, item.name));
        if (item.hint) option.append(element("span", { class: "palette-hint" }, item.hint));
        if (item.key) option.append(element("span", { class: "palette-key", "aria-hidden": "true" }, ...keyCaps(item.key)));
        group.append(option);
        open.items.push(item);
      }
      open.list.append(group);
    }
    open.said.textContent = `${open.items.length} ${open.items.length === 1 ? "command" : "commands"}`;
  };
  const draw = () => {
    open.items = [];
    open.list.replaceChildren();
    append(fitting(open.query, [...open.own, ...open.views]).slice(0, MOST));
    append(open.query ? direct(open.query) : open.recent);
    choose(0);
  };

  const act = (index) => {
    const item = open?.items[index];
    if (!item) return;
    open.dialog.close();  // gives the focus back to where it was
    item.run();
  };
  const search = async (query) => {
    open.stop?.abort();
    const stop = open.stop = new AbortController();
    if (query.length < 2) return;
    await new Promise((done) => setTimeout(done, 140));
    if (stop.signal.aborted) return;
    const listing = await ask(`/sessions?limit=6&text=${encodeURIComponent(query)}`, stop.signal);
    if (!open || stop.signal.aborted) return;
    append(sessionItems(listing, "Sessions"));  // at the end: nothing moves under the hand
  };

  const build = () => {
    const input = element("input", {
      type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
      "aria-label": "command", placeholder: "A page, an action, a session …", autocomplete: "off", spellcheck: "false", "data-testid": "palette-input",
    });
    const list = element("div", { id: "palette-list", role: "listbox", "aria-label": "commands", tabindex: "-1" });
    const said = element("p", { role: "status", class: "visually-hidden" });
    const foot = element("p", { class: "palette-foot", "aria-hidden": "true" }, element("kbd", {}, "↑"), element("kbd", {}, "↓"), " choose ", element("kbd", {}, "Enter"), " do it ", element("kbd", {}, "Esc"), " close");
    const dialog = element("dialog", { id: "palette", class: "palette", "aria-label": "command palette", "data-testid": "palette" }, input, list, said, foot);
    input.addEventListener("input", () => { open.query = input.value.trim(); draw(); search(open.query); });
    input.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (by) { event.preventDefault(); choose(Math.abs(by) > 1 ? Math.max(0, Math.min(options().length - 1, open.chosen + by)) : open.chosen + by); }
      else if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); act(open.chosen); }
      else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); dialog.close(); }
    });
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) act(options().indexOf(option));
    });
    list.addEventListener("pointermove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && option.getAttribute("aria-selected") !== "true") choose(options().indexOf(option));
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { open?.stop?.abort(); open = null; dialog.remove(); });
    return { dialog, input, list, said };
  };

  unionSquare.palette = async () => {
    if (open) { open.dialog.close(); return; }
    const own = [...actions(), ...pages(), ...everywhere()];
    const mine = open = { ...build(), own, views: [], recent: [], items: [], query: "", chosen: 0 };
    document.body.append(mine.dialog);
    mine.dialog.showModal();
    mine.input.focus();
    draw();
    const [views, recent] = await Promise.all([ask("/views"), ask("/sessions?limit=6")]);
    if (open !== mine) return;
    mine.views = viewItems(views);
    mine.recent = sessionItems(recent, "Recent sessions");
    if (!mine.query) append([...mine.views, ...mine.recent]);
  };
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-palette-button]")) unionSquare.palette();
  });
})();
