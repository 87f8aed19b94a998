/* Long texts and trees of JSON: what a page leaves out is fetched from this server, a piece at a time; parts of a tree are
   copied, with where they stand. The HTML of a piece is the server's own writing, as that of the page is. */
"use strict";
(() => {
  const { addKeys, copy } = unionSquare;
  const fetched = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.text();
  };
  const busy = async (control, work) => {
    if (control.dataset.busy) return;
    control.dataset.busy = "1";
    try { await work(); } catch { control.setAttribute("title", "It could not be read; try again."); }
    delete control.dataset.busy;
  };
  const fragmentOf = (html) => {
    const made = document.createElement("template");
    made.innerHTML = html;
    return made.content;
  };

  /* Pieces */
  const more = (button) => busy(button, async () => {
    const made = fragmentOf(await fetched(button.dataset.more));
    const first = made.firstElementChild, last = made.lastElementChild;
    const hadFocus = document.activeElement === button;
    (button.closest(".gap") ?? button).replaceWith(made);
    const body = first?.closest(".long-body");
    if (button.dataset.to === "end" && body) {
      // More than once: how high a text is, is known once it has been drawn.
      const settle = (times) => {
        body.scrollTop = last.offsetTop + last.offsetHeight - body.clientHeight;
        if (times) requestAnimationFrame(() => settle(times - 1));
      };
      settle(3);
    }
    const next = [first, last].map((one) => (one?.matches("button") ? one : one?.querySelector("button"))).find(Boolean);
    if (hadFocus) (next ?? body ?? first?.querySelector("summary") ?? first)?.focus({ preventScroll: true });
  });
  const open = (branch) => busy(branch, async () => {
    const source = branch.closest(".json-tree").dataset.source;
    branch.append(fragmentOf(await fetched(`${source}/tree?at=${branch.dataset.branch}`)));
    delete branch.dataset.branch;
  });
  document.addEventListener("toggle", (event) => {
    if (event.target instanceof Element && event.target.matches("details[data-branch][open]")) open(event.target);
  }, true);

  /* Finding */
  const show = (long, address, aim) => busy(long, async () => {
    const body = long.querySelector(".long-body");
    body.replaceChildren(fragmentOf(await fetched(address)));
    body.scrollTop = 0;
    const mark = aim && body.querySelector("mark");
    const settle = (times) => {
      body.scrollTop = mark.offsetTop - body.clientHeight / 2;
      if (times) requestAnimationFrame(() => settle(times - 1));
    };
    if (mark) settle(3);
  });
  const find = (long, since) => {
    const words = long.querySelector("[data-find] input").value;
    const address = words ? `find?words=${encodeURIComponent(words)}&since=${since}` : "start";
    long.dataset.found = words;
    return show(long, `${long.dataset.source}/${address}`, true);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.find === undefined) return;
    event.preventDefault();
    const long = form.closest(".long");
    const next = [...long.querySelectorAll("[data-find-at]")].at(-1);  // the same again: go on to the next place
    find(long, next && long.dataset.found === form.elements.words.value ? next.dataset.findAt : 0);
  });

  /* Trees: rows are walked with the arrows, and copied. */
  const rowOf = (node) => (node.matches("details") ? node.firstElementChild : node);
  const nodeOf = (target) => (target instanceof Element ? target.closest(".json-tree [data-node]") : null);
  const numberOf = (node) => {
    let number = 0;
    for (let one = node.previousElementSibling; one; one = one.previousElementSibling) if (one.matches("[data-node]")) number += 1;
    return number;
  };
  const wayOf = (node) => {
    const way = [];
    for (let one = node; one; one = one.parentElement.closest("[data-node]")) way.unshift(one);
    return way;
  };
  const pathOf = (node) => wayOf(node).map((one, depth) => {
    const key = one.dataset.key;
    if (key === undefined) return `${depth ? "" : "."}[${numberOf(one)}]`;
    return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `${depth ? "" : "."}[${JSON.stringify(key)}]`;
  }).join("");
  /* A leaf's literal; a line's end within is written twice on the page, as \n and as one. */
  const literalOf = (node) => [...node.querySelectorAll(":scope > :is(.j-string, .j-number, .j-word, .j-count)")]
    .map((one) => one.textContent.replaceAll("\n", "")).join("");
  const written = (holder, indent = "\n") => {
    const nodes = [...holder.children].filter((one) => one.matches("[data-node]"));
    const within = `${indent}  `;
    const named = nodes[0]?.dataset.key !== undefined;
    const lines = nodes.map((one) => {
      const key = named ? `${one.querySelector(".j-key").textContent}: ` : "";
      return key + (one.matches("details") ? written(one, within) : literalOf(one));
    });
    return `${named ? "{" : "["}${within}${lines.join(`,${within}`)}${indent}${named ? "}" : "]"}`;
  };
  const isWhole = (holder) => !holder.matches("[data-branch]") && !holder.querySelector("[data-branch], [data-more]");
  const jsonOf = (node, tree) => {
    const holder = node ?? tree;
    if (isWhole(holder)) return node?.matches(".leaf") ? literalOf(node) : written(holder);
    const at = node ? wayOf(node).map(numberOf).join(".") : "";
    return fetched(`${tree.dataset.source}/json?at=${at}`);
  };
  const valueOf = async (node, tree) => {
    const text = await jsonOf(node, tree);
    return text.startsWith('"') ? JSON.parse(text) : text;  // a text is copied as it is, not as a literal
  };

  const tools = document.createElement("span");
  tools.className = "json-tools";
  for (const [name, words] of [["value", "Copy value"], ["path", "Copy path"]]) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "copy", textContent: words, tabIndex: -1 });
    button.dataset.jsonCopy = name;
    tools.append(button);
  }
  const copyPart = async (name, button) => {
    const node = nodeOf(button);
    if (!node) return;
    const tree = node.closest(".json-tree");
    await copy(button, name === "path" ? pathOf(node) : await valueOf(node, tree));
  };
  const point = (event) => {
    const node = nodeOf(event.target);
    if (node && !tools.contains(event.target) && tools.parentElement !== rowOf(node)) rowOf(node).append(tools);
  };
  document.addEventListener("mouseover", point);
  document.addEventListener("focusin", point);

  const walk = (event, node, tree) => {
    const row = rowOf(node), all = [...tree.querySelectorAll("[data-node]")].map(rowOf).filter((one) => one.getClientRects().length);
    const to = (one) => { if (one) { if (!one.matches("summary")) one.tabIndex = -1; one.focus(); } };
    switch (event.key) {
      case "ArrowDown": to(all[all.indexOf(row) + 1]); break;
      case "ArrowUp": to(all[all.indexOf(row) - 1]); break;
      case "ArrowRight": if (node.matches("details")) node.open = true; break;
      case "ArrowLeft":
        if (node.matches("details[open]")) node.open = false;
        else { const above = node.parentElement.closest("[data-node]"); if (above) to(rowOf(above)); }
        break;
      case "c": case "C": copyPart(event.key === "c" ? "value" : "path", tools.querySelector(`[data-json-copy="${event.key === "c" ? "value" : "path"}"]`)); break;
      default: return;
    }
    event.preventDefault();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = nodeOf(event.target);
    if (node && event.target.matches("summary, .leaf")) walk(event, node, node.closest(".json-tree"));
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    const data = button.dataset;
    if (data.more !== undefined) more(button);
    else if (data.findAt !== undefined) find(button.closest(".long"), data.findAt);
    else if (data.findEnd !== undefined) { const long = button.closest(".long"); show(long, `${long.dataset.source}/start`); }
    else if (data.copyFrom !== undefined) busy(button, async () => { const text = await fetched(data.copyFrom); delete data.busy; await copy(button, text); });
    else if (data.copyJson !== undefined) { const tree = button.closest(".json-tree"); Promise.resolve(jsonOf(null, tree)).then((text) => copy(button, text)); }
    else if (data.jsonCopy !== undefined) { event.preventDefault(); copyPart(data.jsonCopy, button); }
  });

  const hasTree = () => document.querySelector(".json-tree details");
  addKeys(
    { key: "ArrowDown", section: "In a tree of JSON", words: "Next line; ↑ the one before", when: hasTree },
    { key: "ArrowRight", section: "In a tree of JSON", words: "Open a branch; ← close it, or go up", when: hasTree },
    { key: "c", section: "In a tree of JSON", words: "Copy the value", when: hasTree },
    { key: "C", section: "In a tree of JSON", words: "Copy where it stands", when: hasTree },
  );
})();
