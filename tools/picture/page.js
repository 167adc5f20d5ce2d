// The page: one run, one cursor.  Loaded last; everything above is classes.

class App {
  constructor(model, states) {
    this.model = model;
    this.states = states;
    this.filter = new Filter(model);
    this.view = new View(model, this.filter);
    this.selected = -1;
    this.position = null;
    this.spanTargets = [];
    this.tip = document.getElementById("tip");
    model.healedRow = this.findHealed();
    this.lanes = new Lanes(this);
    this.overview = new Overview(this);
    this.panels = new Panels(this);
    this.controls = new Controls(this);
  }

  findHealed() {
    const kind = this.model.kinds.findIndex((each) => each.name === "healed");
    return kind < 0 ? -1 : this.model.kind.indexOf(kind);
  }

  start() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    this.setTheme(dark.matches ? "dark" : "light");
    dark.addEventListener("change", () => this.setTheme(dark.matches ? "dark" : "light"));
    new ResizeObserver(() => this.resized()).observe(this.lanes.scroll);
    window.addEventListener("hashchange", () => this.followLink());
    this.controls.showCount();
    this.resized();
    this.followLink();
  }

  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    readPalette();
    this.controls.drawChips();
    this.redraw();
  }

  resized() {
    this.view.width = this.lanes.scroll.clientWidth;
    this.lanes.place();
    this.redraw();
  }

  // Draws once per frame of the screen, however often it is asked.
  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.spanTargets = [];
      this.lanes.draw();
      this.overview.draw();
      this.panels.draw();
      document.body.dataset.drawn = Number(document.body.dataset.drawn || 0) + 1;
    });
  }

  // --- the cursor

  select(row, { keepView = false, keepList = false, keepLink = false } = {}) {
    this.selected = row;
    if (row >= 0) {
      if (this.model.position[row] >= 0 && !(this.position !== null && this.model.concerns(row, this.position))) {
        this.position = this.model.position[row];
      }
      if (!keepView) this.view.reveal(row);
      if (!keepView) this.lanes.reveal(row);
      if (!keepList) this.panels.showInList(row);
    }
    if (!keepLink) history.replaceState(null, "", row < 0 ? location.pathname + location.search : "#" + this.linkTo(row));
    this.notice("");
    this.redraw();
  }

  linkTo(row) { return this.model.event[row] >= 0 ? "event=" + this.model.event[row] : "line=" + row; }

  // To the next shown row in a direction, of the same node, position or operation if asked for.
  step(direction, same = "") {
    const { model, selected } = this;
    const fits = {
      node: (row) => model.node[row] === model.node[selected],
      position: (row) => this.position !== null && model.concerns(row, this.position),
      operation: (row) => model.operation[row] >= 0 && model.operation[row] === model.operation[selected],
    }[selected < 0 ? "" : same];
    const from = selected >= 0 ? selected : direction > 0 ? -1 : model.count;
    const row = this.filter.next(from, direction, fits);
    if (row >= 0) this.select(row);
    else this.notice(direction > 0 ? "there is no later one" : "there is no earlier one");
  }

  otherEnd() {
    const m = this.selected < 0 ? -1 : this.model.message[this.selected];
    if (m < 0) return this.notice("the cursor is on no frame");
    const { sent, ended } = this.model.messages;
    const row = this.selected === sent[m] ? ended[m] : sent[m];
    if (row >= 0) this.select(row);
    else this.notice("the other end of this frame is not on the page");
  }

  toFailure() {
    const rows = [...this.model.failureRows];
    if (rows.length === 0) return this.notice(this.model.run.failed ? "the failure is not on this page" : "the run broke no property");
    const row = rows[(rows.indexOf(this.selected) + 1) % rows.length];
    this.view.approach(row);
    this.select(row);
  }

  choosePosition(text) {
    if (!/^\d*$/.test(text.trim())) return this.notice(`'${text}' is no position; use a number`);
    this.position = text.trim() === "" ? null : Number(text);
    this.redraw();
  }

  pan(share) {
    this.view.pan(share * (this.view.width - this.view.left));
    this.redraw();
  }

  notice(text) {
    const notice = document.getElementById("notice");
    notice.textContent = text;
    notice.hidden = text === "";
  }

  // #event=416 or #line=1234; without either a failed run opens at its failure.
  followLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    const { model } = this;
    if (link.has("event") || link.has("line")) {
      const [what, number] = link.has("event") ? ["event", link.get("event")] : ["line", link.get("line")];
      const row = !/^\d+$/.test(number) ? -1 : what === "event" ? model.rowOfEvent(Number(number), true) : Number(number);
      if (row >= 0 && row < model.count) {
        this.view.approach(row);
        return this.select(row, { keepLink: true });
      }
      const last = model.run.last_event;
      return this.notice(`the link names ${what} '${number}', which is not on this page` + (what === "event" && last >= 0 ? `; the run's last event is ${last}` : ""));
    }
    const first = model.failures.find((failure) => failure.row >= 0);
    if (first === undefined) return;
    const named = /\bposition (\d+)/.exec(first.text);
    if (named) this.position = Number(named[1]);
    this.view.approach(first.row);
    this.select(first.row, { keepLink: true });
  }
}

const began = performance.now();
try {
  const data = JSON.parse(document.getElementById("data").textContent);
  window.picture = new App(new Model(data), new States(data, data.run.nodes));
  window.picture.start();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.body.dataset.loadMs = Math.round(performance.now() - began);
  }));
} catch (error) {
  document.getElementById("run-title").textContent = "This page cannot be shown: " + error.message;
  throw error;
}
