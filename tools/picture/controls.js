// What people do: filters, wheel, dragging, keys.

class Controls {
  constructor(app) {
    this.app = app;
    this.addChips();
    this.addFields();
    this.addButtons();
    this.addMouse();
    document.addEventListener("keydown", (event) => this.key(event));
  }

  // --- filters

  addChips() {
    const { model, filter } = this.app;
    const nodes = document.getElementById("filter-nodes"), groups = document.getElementById("filter-groups");
    for (let node = 1; node <= model.run.nodes; ++node) nodes.append(this.chip(String(node), filter.nodes, node, null));
    const there = new Set(model.kinds.map((kind) => kind.group));
    for (const group of Object.keys(GROUPS)) {
      if (there.has(group)) groups.append(this.chip(group, filter.groups, group, group));
    }
  }

  // A switch for a value of a set; Alt shows this one alone, or all again.
  chip(text, set, value, group) {
    const box = element("input", { type: "checkbox", checked: true });
    const chip = element("label", { className: "chip", title: (group ? GROUPS[group] : "node " + text) + " (Alt-click: only this)" }, box);
    if (group) chip.append(element("canvas", { width: 14, height: 14 }));
    chip.append(text);
    chip.dataset.group = group || "";
    chip.dataset.value = value;
    chip.addEventListener("click", (event) => {
      if (!event.altKey) return;
      event.preventDefault();
      this.solo(chip, set);
    });
    box.addEventListener("change", () => {
      if (box.checked) set.add(value);
      else set.delete(value);
      this.changed();
    });
    chip.sync = () => { box.checked = set.has(value); };
    chip.value = value;
    return chip;
  }

  solo(chip, set) {
    const chips = [...chip.parentElement.querySelectorAll(".chip")];
    const alone = chips.every((each) => set.has(each.value) === (each === chip));
    for (const each of chips) {
      if (alone || each === chip) set.add(each.value);
      else set.delete(each.value);
      each.sync();
    }
    this.changed();
  }

  drawChips() {
    for (const chip of document.querySelectorAll(".chip[data-group]")) {
      const canvas = chip.querySelector("canvas");
      if (canvas) drawSign(penOf(canvas, 14, 14), chip.dataset.group, 7, 7, 4.6);
    }
  }

  addFields() {
    const { model, filter } = this.app;
    const list = document.getElementById("ballots");
    for (const ballot of model.ballots.slice(0, 500)) list.append(element("option", { value: ballot }));
    const field = (id, take) => {
      const input = document.getElementById(id);
      input.addEventListener("input", () => {
        input.classList.toggle("wrong", !take(input.value.trim()));
        this.changed();
      });
      return input;
    };
    this.fields = [
      field("filter-position", (text) => {
        filter.position = text === "" || !/^\d+$/.test(text) ? null : Number(text);
        if (filter.position !== null) this.app.position = filter.position;
        return text === "" || filter.position !== null;
      }),
      field("filter-ballot", (text) => {
        filter.ballot = text;
        return text === "" || model.ballots.includes(text);
      }),
      field("filter-text", (text) => {
        filter.text = text;
        return true;
      }),
    ];
    document.getElementById("toolbar").addEventListener("submit", (event) => event.preventDefault());
  }

  onlyPosition(position) {
    this.fields[0].value = position;
    this.fields[0].dispatchEvent(new Event("input"));
  }

  clear() {
    const { model, filter } = this.app;
    model.lanes.forEach((lane) => filter.nodes.add(lane.node));
    model.kinds.forEach((kind) => filter.groups.add(kind.group));
    [filter.position, filter.ballot, filter.text] = [null, "", ""];
    for (const input of this.fields) {
      input.value = "";
      input.classList.remove("wrong");
    }
    for (const chip of document.querySelectorAll(".chip")) chip.sync();
    this.changed();
  }

  changed() {
    const { view, filter, lanes, selected } = this.app;
    view.change(() => filter.apply());
    if (filter.active && filter.shown < 2000) view.fit();
    lanes.place();
    this.showCount();
    this.app.redraw();
    if (selected >= 0) this.app.panels.showInList(selected);
  }

  showCount() {
    const { filter, model } = this.app;
    const number = (count) => count.toLocaleString("en");
    document.getElementById("filter-count").textContent =
      filter.active ? `${number(filter.shown)} of ${number(model.count)} lines` : `all ${number(model.count)} lines`;
  }

  // --- buttons

  addButtons() {
    const { app } = this;
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("filter-clear", () => this.clear());
    on("zoom-in", () => this.zoom(2));
    on("zoom-out", () => this.zoom(0.5));
    on("zoom-fit", () => this.fit());
    on("previous", () => app.step(-1));
    on("next", () => app.step(1));
    on("to-failure", () => app.toFailure());
    document.getElementById("to-failure").hidden = app.model.failureRows.size === 0;
    on("theme", () => app.setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
    on("help-open", () => this.help());
    on("copy", () => this.copy());
    document.getElementById("scale").addEventListener("change", (event) => this.setScale(event.target.value));
  }

  setScale(mode) {
    const { view, selected } = this.app;
    view.change(() => { view.mode = mode; });
    document.getElementById("scale").value = mode;
    if (selected >= 0) view.reveal(selected);
    this.app.redraw();
  }

  // Around the cursor if it is on the screen.
  zoom(factor) {
    const { view, selected } = this.app;
    const x = selected >= 0 ? view.x(selected) : -1;
    view.zoom(factor, x > view.left && x < view.width ? x : undefined);
    this.app.redraw();
  }

  fit() {
    this.app.view.fit();
    this.app.redraw();
  }

  // The clipboard is not there for pages of files everywhere; a selection always is.
  async copy() {
    const code = document.getElementById("replay"), said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
      said.textContent = document.execCommand("copy") ? "copied" : "selected: copy it with Ctrl-C";
    }
    setTimeout(() => { said.textContent = ""; }, 2500);
  }

  // --- mouse

  addMouse() {
    const { app } = this;
    const canvas = document.getElementById("lanes");
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drag) return this.hover(event);
      const by = drag.x - event.clientX;
      if (!drag.moved && Math.abs(by) < 4) return;
      drag = { x: event.clientX, moved: true };
      app.view.pan(by);
      app.redraw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (drag && !drag.moved) this.click(event);
      drag = null;
    });
    canvas.addEventListener("pointercancel", () => { drag = null; });
    canvas.addEventListener("pointerleave", () => { app.tip.hidden = true; });
    canvas.addEventListener("dblclick", (event) => {
      app.view.zoom(3, event.offsetX);
      app.redraw();
    });
  }

  wheel(event) {
    const { view, lanes } = this.app;
    const canScroll = lanes.scroll.scrollHeight > lanes.scroll.clientHeight + 1;
    if (event.altKey && canScroll) return;
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(event.deltaX || event.deltaY);
    else view.zoom(Math.exp(-event.deltaY * 0.0022), event.offsetX);
    this.app.redraw();
  }

  click(event) {
    const row = this.app.lanes.rowAt(event.offsetX, event.offsetY);
    document.getElementById("scroll").focus({ preventScroll: true });
    if (row >= 0) this.app.select(row, { keepView: true });
  }

  hover(event) {
    const { app } = this;
    const x = event.offsetX, y = event.offsetY;
    const span = app.lanes.spanAt(x, y);
    const arrow = app.lanes.arrowAt(x, y);
    const sign = app.lanes.drawn.find((each) => Math.hypot(each.x - x, each.y - y) < 8);
    const row = sign ? sign.row : arrow >= 0 ? app.lanes.endOfArrow(arrow, x) : -1;
    app.tip.hidden = row < 0 && !span;
    if (app.tip.hidden) return;
    app.tip.textContent = row >= 0 ? this.tipOfRow(row) : this.tipOfSpan(span.span);
    app.tip.style.left = Math.min(x + 14, Math.max(app.view.width - app.tip.offsetWidth - 8, 0)) + "px";
    app.tip.style.top = Math.max(y - app.tip.offsetHeight - 10, app.lanes.scroll.scrollTop) + "px";
  }

  tipOfRow(row) {
    const { model } = this.app;
    const number = model.event[row] >= 0 ? "#" + model.event[row] + " " : "";
    return `${secondsText(model.time[row])}  ${model.who(row)}  ${number}${model.name(row)}: ${model.textOf(row)}`;
  }

  tipOfSpan(span) {
    const { model } = this.app;
    const end = span.last < 0 ? "not over at the end" : `until ${secondsText(model.time[span.last])}`;
    return `${span.kind === "operation" || span.kind === "fault" ? "" : span.kind + ", "}${span.text}: ${span.outcome ? span.outcome + ", " : ""}${end}`;
  }

  // --- keys

  key(event) {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey) return;
    const { app } = this;
    const inList = event.target.id === "list";
    const horizontal = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: inList ? 1 : 0, ArrowUp: inList ? -1 : 0 }[event.key];
    const acts = {
      "+": () => this.zoom(1.6), "=": () => this.zoom(1.6), "-": () => this.zoom(1 / 1.6), 0: () => this.fit(),
      n: () => app.step(1, "node"), N: () => app.step(-1, "node"), p: () => app.step(1, "position"), P: () => app.step(-1, "position"),
      o: () => app.step(1, "operation"), O: () => app.step(-1, "operation"),
      m: () => app.otherEnd(), f: () => app.toFailure(), t: () => this.setScale(app.view.mode === "order" ? "time" : "order"),
      a: () => app.pan(-0.25), d: () => app.pan(0.25), "?": () => this.help(), "/": () => this.fields[2].focus(),
      Home: () => app.select(app.filter.next(-1, 1)), End: () => app.select(app.filter.next(app.model.count, -1)),
      Escape: () => app.select(-1),
    };
    const act = horizontal ? () => app.step(horizontal, event.shiftKey ? "node" : event.altKey ? "position" : "") : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  help() {
    const dialog = document.getElementById("help");
    if (dialog.childElementCount === 0) this.fillHelp(dialog);
    for (const canvas of dialog.querySelectorAll("canvas")) drawSign(penOf(canvas, 18, 18), canvas.dataset.group, 9, 9, 5.4);
    if (!dialog.open) dialog.showModal();
  }

  fillHelp(dialog) {
    const keys = [["→ ←", "next, previous event"], ["Shift + → ←, n N", "the same, of the same node"], ["Alt + → ←, p P", "of the same position"],
      ["o O", "of the same operation"], ["m", "to the other end of a frame"], ["f", "to the failure; again: to the next"], ["Home End", "first, last event"],
      ["wheel, + -", "zoom"], ["drag, Shift + wheel, a d", "move"], ["0", "the whole run"], ["t", "order or time"], ["/", "search"],
      ["Esc", "no cursor"], ["Alt + click on a chip", "only this one"]];
    const ends = [["→", "arrived"], ["✕", "lost"], ["═", "cut off by the link"], ["□", "overflowed the queue"], ["○", "nobody was up to receive it"],
      ["‖ ┄", "held by a frozen link, then let go"], ["┈", "dotted: damaged; dashed and dotted: a second copy"]];
    const bands = [["plain", "VOTING"], ["stripes", "RECOVERING, or opening its directory"], ["dots", "STARTING or EMPTY"], ["bars", "paused"],
      ["a dotted line", "down"], ["a bar above", "coordinates; hollow: is being elected"], ["a line at its foot", "catches up"]];
    const table = (rows, tag) => element("table", {}, ...rows.map(([a, b]) => element("tr", {},
      element("td", {}, element(tag, { textContent: a })), element("td", { textContent: b }))));
    const signs = element("table", {}, ...Object.entries(GROUPS).map(([group, text]) => {
      const canvas = element("canvas", { width: 18, height: 18 });
      canvas.dataset.group = group;
      canvas.style.width = canvas.style.height = "18px";
      return element("tr", {}, element("td", {}, canvas), element("td", { textContent: text }));
    }));
    dialog.append(element("div", { className: "columns" },
      element("div", {}, element("h2", { textContent: "Keys" }), table(keys, "kbd")),
      element("div", {}, element("h2", { textContent: "Signs" }), signs),
      element("div", {}, element("h2", { textContent: "How frames end" }), table(ends, "span")),
      element("div", {}, element("h2", { textContent: "Lanes" }), table(bands, "span"))),
      element("p", {}, element("button", { type: "button", textContent: "Close", onclick: () => dialog.close() })));
  }
}
