/* Tagging and annotating with mouse and keyboard: several lines at once, words in a message, keys of the review.
   What is kept, the server keeps; this finds words among what is shown, and fills in the forms that the pages hold. */
"use strict";
(() => {
  const LETTER = /[\p{L}\p{N}]/u;
  const CONTEXT = 64;
  const inField = (target) => target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  /* Tags wear their colours wherever a chip says its tag. */
  const paint = () => {
    const told = document.querySelector("[data-tag-colours]")?.dataset.tagColours;
    if (!told) return;
    let colours;
    try { colours = JSON.parse(told); } catch { return; }
    document.querySelectorAll("[data-tag]").forEach((chip) => {
      const colour = colours[chip.dataset.tag] ?? "";
      if ((chip.dataset.colour ?? "") !== colour) chip.dataset.colour = colour;
    });
  };

  /* Words are found by their letters and digits: what is shown of a text differs from it in everything else. */
  const lettersOf = (text) => [...text].filter((c) => LETTER.test(c)).join("");
  const shownLetters = (block) => {
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT, {
      acceptNode: (node) =>
        node.parentElement.closest(".code-head, .md-target, button, details[data-state], .message-notes")
          ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
    });
    let letters = "";
    const places = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      let at = 0;
      for (const character of node.data) {
        if (LETTER.test(character)) {
          letters += character;
          for (let unit = 0; unit < character.length; unit += 1) places.push([node, at, at + character.length]);
        }
        at += character.length;
      }
    }
    return { letters, places };
  };
  const common = (one, other) => { let n = 0; while (n < one.length && n < other.length && one[one.length - 1 - n] === other[other.length - 1 - n]) n += 1; return n; };
  const rangeOf = (block, quote, prefix) => {
    const { letters, places } = shownLetters(block);
    const wanted = lettersOf(quote), before = lettersOf(prefix);
    if (!wanted) return null;
    let best = -1, fit = -1, length = wanted.length;
    const look = (words, extend) => {
      for (let at = letters.indexOf(words); at >= 0; at = letters.indexOf(words, at + 1)) {
        const end = extend(at);
        const here = common(letters.slice(0, at), before);
        if (end > 0 && here > fit) { best = at; fit = here; length = end - at; }
      }
    };
    look(wanted, (at) => at + wanted.length);
    if (best < 0 && wanted.length >= 24)
      look(wanted.slice(0, 12), (at) => { const tail = letters.indexOf(wanted.slice(-12), at + 12); return tail < 0 ? -1 : tail + 12; });
    if (best < 0) return null;
    const range = new Range();
    range.setStart(places[best][0], places[best][1]);
    range.setEnd(places[best + length - 1][0], places[best + length - 1][2]);
    return range;
  };

  let marked = [];  // { note, range }
  const mark = () => {
    if (!("highlights" in CSS)) return;
    marked = [];
    const plain = new Highlight(), strong = new Highlight();
    strong.priority = 1;
    document.querySelectorAll(".message [data-note][data-quote]:not([data-quote=''])").forEach((note) => {
      const block = note.closest(".message").querySelector(`[data-part="${CSS.escape(note.dataset.notePart)}"]`);
      const range = block && rangeOf(block, note.dataset.quote, note.dataset.prefix);
      if (!range) return;
      marked.push({ note, range });
      (note.matches(":hover, :focus, :focus-within, .pointed") ? strong : plain).add(range);
    });
    CSS.highlights.set("note", plain);
    CSS.highlights.set("note-strong", strong);
  };

  /* A page that shows what was changed loads it again. */
  let changes = null;
  const reload = () => {
    const told = document.querySelector("[data-changes]")?.dataset.changes;
    if (told === undefined) return;
    if (changes !== null && told !== changes) document.querySelector("[data-reload]")?.click();
    changes = told;
  };

  let asked = false;
  const later = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; paint(); mark(); count(); settle(); reload(); });
  };
  new MutationObserver(later).observe(document.documentElement, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["data-tag-colours", "data-changes", "data-kept", "data-overtaken", "data-tag", "data-quote"],
  });
  ["mouseover", "mouseout", "focusin", "focusout"].forEach((kind) =>
    document.addEventListener(kind, (event) => { if (event.target instanceof Element && event.target.closest("[data-note]")) mark(); }));
  /* The other way round: pointing at marked words shows which note is theirs. */
  document.addEventListener("mousemove", (event) => {
    if (!marked.length) return;
    const there = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const node = there?.offsetNode ?? document.caretRangeFromPoint?.(event.clientX, event.clientY)?.startContainer;
    const offset = there?.offset ?? document.caretRangeFromPoint?.(event.clientX, event.clientY)?.startOffset;
    let changed = false;
    marked.forEach(({ note, range }) => {
      const on = Boolean(node) && range.isPointInRange(node, offset);
      if (note.classList.contains("pointed") !== on) { note.classList.toggle("pointed", on); changed = true; }
    });
    if (changed) mark();
  }, { passive: true });

  /* The sheets: over a selection or a message for a new note, over a note that is there to edit it. */
  const sheet = () => document.querySelector("[data-note-sheet]");
  const editor = () => document.querySelector("[data-edit-sheet]");
  const set = (form, name, value) => { form.elements[name].value = value; };
  const placeOf = (range) => {
    const start = range.startContainer instanceof Element ? range.startContainer : range.startContainer.parentElement;
    const block = start?.closest("[data-part]");
    const message = block?.closest(".message[data-call]");
    if (!message || !message.dataset.call || start.closest("details[data-state], .message-notes")) return null;
    const inside = range.cloneRange();
    if (!block.contains(range.endContainer)) inside.setEnd(block, block.childNodes.length);
    const before = new Range(), after = new Range();
    before.setStart(block, 0); before.setEnd(inside.startContainer, inside.startOffset);
    after.setStart(inside.endContainer, inside.endOffset); after.setEnd(block, block.childNodes.length);
    const quote = inside.toString().trim();
    if (!lettersOf(quote)) return null;
    return { message, part: block.dataset.part, quote, prefix: before.toString().slice(-CONTEXT), suffix: after.toString().slice(0, CONTEXT) };
  };
  const chosen = () => {
    const selection = getSelection();
    return selection && selection.rangeCount && !selection.isCollapsed ? placeOf(selection.getRangeAt(0)) : null;
  };
  let back = null;
  const about = (form, words, bad = false) => {
    const line = form.querySelector("[data-about]");
    line.textContent = words;
    line.classList.toggle("overtaken", bad);
  };
  const show = (form, near, over = false) => {
    close();
    back = document.activeElement;
    form.hidden = false;
    const room = form.getBoundingClientRect();
    const top = over ? near.top : near.bottom + 6;
    form.style.left = `${Math.max(8, Math.min(near.left, innerWidth - room.width - 8))}px`;
    form.style.top = `${top + room.height + 6 < innerHeight ? Math.max(8, top) : Math.max(8, Math.min(near.top, innerHeight) - room.height - 6)}px`;
    bubble.hidden = true;
  };
  const open = (place, near) => {
    const form = sheet();
    if (!form) return;
    form.reset();
    set(form, "call", place.message.dataset.call);
    set(form, "message", place.message.dataset.message);
    set(form, "part", place.part ?? "");
    set(form, "quote", place.quote ?? "");
    set(form, "prefix", place.prefix ?? "");
    set(form, "suffix", place.suffix ?? "");
    about(form, place.quote ? (place.quote.length > 140 ? `${place.quote.slice(0, 140)}…` : place.quote) : "The whole message");
    show(form, near);
    form.elements.note.focus();
  };
  const edit = (note) => {
    const form = editor();
    if (!form) return;
    form.reset();
    const { note: id, version, kind, name, value, text } = note.dataset;
    Object.entries({ id, version, kind, judged: name, verdict: value, note: text }).forEach(([field, words]) => set(form, field, words));
    form.dataset.kind = kind;
    about(form, note.dataset.quote ?? "");
    show(form, note.getBoundingClientRect(), true);
    (kind === "text" ? form.elements.note : form.elements.verdict).focus();
  };
  const close = () => {
    const form = [sheet(), editor()].find((one) => one && !one.hidden);
    if (!form) return false;
    form.hidden = true;
    if (sent === form) sent = null;
    /* The note may have been drawn anew. */
    const note = form === editor() ? document.querySelector(`[data-note="${CSS.escape(form.elements.id.value)}"]`) : null;
    (back?.isConnected ? back : note)?.focus?.();
    return true;
  };

  /* What was sent is put away when it has been kept; a form that was refused stays as it was written. */
  let sent = null, kept = null, overtaken = "";
  const settle = () => {
    const told = document.querySelector("[data-kept]");
    if (!told) return;
    if (kept !== null && told.dataset.kept !== kept && sent) {
      const form = sent;
      sent = null;
      if (form.matches("[data-note-sheet], [data-edit-sheet]")) close();
      else if (form.matches("[data-selection]")) form.elements.words.value = "";
      else if (form.isConnected) { form.reset(); form.querySelector(":focus")?.blur(); }
    }
    kept = told.dataset.kept;
    if (told.dataset.overtaken === overtaken) return;
    overtaken = told.dataset.overtaken;
    if (!overtaken) return;
    const now = JSON.parse(overtaken), form = editor();
    if (!form || form.hidden || form.elements.id.value !== String(now.id)) return;
    set(form, "version", now.version);
    about(form, now.words, true);
  };
  const bubble = document.createElement("button");
  bubble.type = "button";
  bubble.className = "note-bubble";
  bubble.hidden = true;
  bubble.append("Annotate ");
  bubble.append(Object.assign(document.createElement("kbd"), { textContent: "a" }));
  bubble.addEventListener("mousedown", (event) => event.preventDefault());
  bubble.addEventListener("click", () => annotate());
  const annotate = () => {
    const place = chosen();
    if (place) { open(place, getSelection().getRangeAt(0).getBoundingClientRect()); return true; }
    return false;
  };
  document.addEventListener("selectionchange", () => {
    const place = sheet()?.hidden ? chosen() : null;
    if (!place) { bubble.hidden = true; return; }
    if (!bubble.isConnected) document.body.append(bubble);
    const box = getSelection().getRangeAt(0).getBoundingClientRect();
    bubble.hidden = false;
    bubble.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 130))}px`;
    bubble.style.top = `${Math.max(8, Math.min(box.bottom + 6, innerHeight - 40))}px`;
  });

  /* Several lines of a list. */
  let lastPick = null;
  const picks = () => [...document.querySelectorAll("[data-pick]")];
  const count = () => {
    const bar = document.querySelector("[data-selection]");
    if (!bar) return;
    const ticked = picks().filter((box) => box.checked).length;
    const words = `${ticked} selected`;
    const told = bar.querySelector("[data-count]");
    if (told.textContent !== words) told.textContent = words;
    if (bar.hidden !== (ticked === 0)) bar.hidden = ticked === 0;
  };
  const pick = (box, checked, range) => {
    const boxes = picks(), here = boxes.indexOf(box), there = boxes.indexOf(lastPick);
    if (range && there >= 0) boxes.slice(Math.min(here, there), Math.max(here, there) + 1).forEach((one) => { one.checked = checked; });
    else box.checked = checked;
    lastPick = box;
    count();
  };
  const unpick = () => {
    const ticked = picks().filter((box) => box.checked);
    ticked.forEach((box) => { box.checked = false; });
    count();
    return ticked.length > 0;
  };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    if (target.matches("[data-pick]")) { pick(target, target.checked, event.shiftKey); return; }
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.action !== undefined) button.form.elements.action.value = button.dataset.action;
    if (button.dataset.pickNone !== undefined) unpick();
    if (button.dataset.sheetClose !== undefined) close();
    if (button.dataset.noteEdit !== undefined) edit(button.closest("[data-note]"));
    if (button.dataset.noteButton !== undefined) {
      const message = button.closest(".message");
      open(chosen()?.message === message ? chosen() : { message }, button.getBoundingClientRect());
    }
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-note-sheet], [data-edit-sheet], [data-selection], [data-reset]")) sent = event.target;
  });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (close() || (!inField(event.target) && unpick())) event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target instanceof Element
      && event.target.matches("textarea") && event.target.form?.matches("[data-note-sheet], [data-edit-sheet], [data-enter]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  }, true);

  const pickHere = (range) => {
    const box = document.activeElement?.closest("tr, article")?.querySelector("[data-pick]");
    if (box) pick(box, !box.checked, range);
  };
  const editHere = () => {
    const note = document.activeElement?.closest("[data-note]") ?? document.querySelector("[data-note]:hover");
    if (note) edit(note);
    else document.querySelector("[data-note]").focus();
  };
  const hasPicks = () => document.querySelector("[data-pick]");
  unionSquare.addKeys(
    { key: "x", section: "Lists", words: "Select the line", when: hasPicks, run: () => pickHere(false) },
    { key: "X", section: "Lists", words: "Select the lines up to this one", when: hasPicks, run: () => pickHere(true) },
    { key: "a", section: "Messages", words: "Annotate the selected words", when: () => document.querySelector(".message[data-call]"), run: annotate },
    { key: "c", section: "Messages", words: "Change the note at hand, else go to the first", when: () => document.querySelector("[data-note]"), run: editHere },
    { key: "Ctrl+z", section: "Everywhere", words: "Undo your last change", when: () => document.querySelector("[data-undo]"), run: () => document.querySelector("[data-undo]").click() },
  );

  later();
})();
