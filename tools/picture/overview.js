// The axis above the lanes, and the strip below them: the whole run, and what of it is shown.

const OVERVIEW_HEIGHT = 52;
const AXIS_HEIGHT = 24;

class Overview {
  constructor(app) {
    this.app = app;
    this.canvas = document.getElementById("overview");
    this.axis = document.getElementById("axis");
    this.listen();
  }

  // The strip shows the whole domain with the same margin as the lanes.
  x(at) {
    const { view } = this.app;
    const [first, last] = view.domain;
    return view.left + ((at - first) / (last - first)) * (view.width - view.left - 8);
  }

  axisAt(x) {
    const { view } = this.app;
    const [first, last] = view.domain;
    return first + ((x - view.left) / (view.width - view.left - 8)) * (last - first);
  }

  draw() {
    const { model, view, filter, selected } = this.app;
    const draw = penOf(this.canvas, view.width, OVERVIEW_HEIGHT);
    draw.fillStyle = palette.panel;
    draw.fillRect(0, 0, view.width, OVERVIEW_HEIGHT);
    draw.fillStyle = palette.muted;
    draw.font = "11px system-ui, DejaVu Sans, sans-serif";
    draw.fillText("the whole run", 12, 22);
    draw.fillText("drag here", 12, 36);
    this.drawCounts(draw);
    for (const row of model.failureRows) {
      const x = this.x(view.at(row));
      draw.fillStyle = palette.bad;
      draw.fillRect(x - 1, 0, 2, OVERVIEW_HEIGHT);
      polygon(draw, x, 5, [[-5, -5], [5, -5], [0, 4]]);
      draw.fill();
    }
    if (selected >= 0) {
      draw.fillStyle = palette.selected;
      draw.fillRect(this.x(view.at(selected)) - 0.75, 0, 1.5, OVERVIEW_HEIGHT);
    }
    this.drawBrush(draw);
    this.drawAxis();
  }

  // Rows of the protocol above, frames and points below: where something happens.
  drawCounts(draw) {
    const { model, view, filter } = this.app;
    if (!this.counts || this.countedFor !== filter.rank || this.countedMode !== view.mode + view.width) {
      const columns = Math.max(Math.ceil((view.width - view.left - 8) / 3), 1);
      this.counts = Array.from({ length: columns }, () => [0, 0]);
      for (const row of filter.rows) {
        const column = Math.min(Math.max(Math.floor((this.x(view.at(row)) - view.left) / 3), 0), columns - 1);
        const group = model.group(row);
        ++this.counts[column][group === "frame" || group === "point" ? 1 : 0];
      }
      this.most = Math.max(1, ...this.counts.map(([a, b]) => Math.max(a, b)));
      [this.countedFor, this.countedMode] = [filter.rank, view.mode + view.width];
    }
    const middle = OVERVIEW_HEIGHT / 2 + 6;
    this.counts.forEach(([events, frames], i) => {
      const tall = (count, room) => (count ? Math.max(Math.sqrt(count / this.most) * room, 1.5) : 0);
      draw.fillStyle = palette.accent;
      draw.fillRect(view.left + i * 3, middle - tall(events, 28), 2, tall(events, 28));
      draw.fillStyle = palette.frame;
      draw.fillRect(view.left + i * 3, middle + 1, 2, tall(frames, 18));
    });
  }

  drawBrush(draw) {
    const { view } = this.app;
    const x0 = this.x(view.from), x1 = Math.max(this.x(view.to), x0 + 4);
    draw.fillStyle = palette.veil;
    draw.fillRect(view.left, 0, x0 - view.left, OVERVIEW_HEIGHT);
    draw.fillRect(x1, 0, view.width - x1, OVERVIEW_HEIGHT);
    draw.strokeStyle = palette.accent;
    draw.lineWidth = 2;
    draw.strokeRect(x0, 1, x1 - x0, OVERVIEW_HEIGHT - 2);
    draw.fillStyle = palette.accent;
    for (const x of [x0, x1]) draw.fillRect(x - 2.5, OVERVIEW_HEIGHT / 2 - 8, 5, 16);
  }

  drawAxis() {
    const { model, view, filter, selected } = this.app;
    const draw = penOf(this.axis, view.width, AXIS_HEIGHT);
    draw.font = "11px ui-monospace, DejaVu Sans Mono, monospace";
    draw.fillStyle = palette.muted;
    draw.strokeStyle = palette.strong;
    draw.fillText(view.mode === "order" ? "in order" : "time", 12, 16);
    draw.save();
    draw.beginPath();
    draw.rect(view.left, 0, view.width - view.left, AXIS_HEIGHT);
    draw.clip();
    const taken = this.drawFlags(draw);
    const free = (x, width) => taken.every(([from, to]) => x + width < from || x > to);
    for (const { x, text } of view.mode === "order" ? this.ticksOfOrder() : this.ticksOfTime()) {
      if (!free(x - 4, draw.measureText(text).width + 8)) continue;
      draw.beginPath();
      draw.moveTo(x, 18);
      draw.lineTo(x, 24);
      draw.stroke();
      draw.fillText(text, x + 3, 16);
    }
    draw.restore();
  }

  // The failures and the cursor have a place here before the ticks.
  drawFlags(draw) {
    const { model, view, selected } = this.app;
    const taken = [];
    const flag = (row, text, color) => {
      const x = view.x(row), width = draw.measureText(text).width + 10;
      if (x < view.left || x > view.width) return;
      const from = Math.min(x - 1, view.width - width);
      if (taken.some(([a, b]) => from < b && from + width > a)) return;
      draw.fillStyle = color;
      draw.fillRect(from, 3, width, 17);
      draw.fillStyle = palette.ground;
      draw.fillText(text, from + 5, 16);
      taken.push([from - 6, from + width + 6]);
    };
    const broken = model.failures.find((failure) => failure.row === selected);
    if (selected >= 0) flag(selected, secondsText(model.time[selected]) + (broken ? " ✕ " + broken.property : ""), palette.selected);
    for (const failure of model.failures) if (failure.row >= 0) flag(failure.row, "✕ " + failure.property, palette.bad);
    draw.fillStyle = palette.muted;
    return taken;
  }

  ticksOfOrder() {
    const { model, view, filter } = this.app;
    const [first, last] = view.range;
    const every = Math.max(1, Math.ceil(110 / view.spacing));
    const ticks = [];
    for (let place = Math.ceil(first / every) * every; place < last; place += every) {
      const row = filter.rows[place];
      ticks.push({ x: view.x(row), text: secondsText(model.time[row]) });
    }
    return ticks;
  }

  ticksOfTime() {
    const { view } = this.app;
    const target = ((view.to - view.from) / (view.width - view.left)) * 120;
    const power = 10 ** Math.floor(Math.log10(target));
    const every = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= target);
    const ticks = [];
    for (let at = Math.ceil(view.from / every) * every; at < view.to; at += every) {
      const digits = Math.min(Math.max(9 - Math.floor(Math.log10(every)), 0), 9);
      ticks.push({ x: view.screen(at), text: (at / 1e9).toFixed(digits) + "s" });
    }
    return ticks;
  }

  listen() {
    let drag = null;
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      const { view } = this.app;
      const at = event.offsetX, x0 = this.x(view.from), x1 = this.x(view.to);
      canvas.setPointerCapture(event.pointerId);
      if (Math.abs(at - x0) < 6) drag = { what: "from" };
      else if (Math.abs(at - x1) < 6) drag = { what: "to" };
      else if (at > x0 && at < x1) drag = { what: "move", offset: this.axisAt(at) - view.from, width: view.to - view.from };
      else drag = { what: "new", start: this.axisAt(at), pixel: at };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const { view } = this.app;
      const at = this.axisAt(event.offsetX);
      if (drag.what === "from") view.show(Math.min(at, view.to), view.to);
      if (drag.what === "to") view.show(view.from, Math.max(at, view.from));
      if (drag.what === "move") view.slideTo(at - drag.offset, drag.width);
      if (drag.what === "new" && Math.abs(event.offsetX - drag.pixel) > 3) view.show(Math.min(at, drag.start), Math.max(at, drag.start));
      this.app.redraw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const { view } = this.app;
      if (drag && drag.what === "new" && Math.abs(event.offsetX - drag.pixel) <= 3) {
        view.slideTo(drag.start - (view.to - view.from) / 2, view.to - view.from);
        this.app.redraw();
      }
      drag = null;
    });
  }
}
