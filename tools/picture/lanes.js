// The lanes.  Near, every row has its sign and every frame its arrow; far away, rows are counted into
// bars and only what decides a story keeps its sign.

const LANE_LABELS = 16;
const LANE_BAND = 22;
const SPAN_ROW = 13;
const SPACING_OF_SIGNS = 2.2;
const ARROWS_MAX = 3000;
const BUCKET = 4;

class Lanes {
  constructor(app) {
    this.app = app;
    this.canvas = document.getElementById("lanes");
    this.scroll = document.getElementById("scroll");
    this.labels = document.getElementById("labels");
    this.layout = [];
    this.drawn = [];
  }

  // Places the shown lanes from the top down, using the height there is.
  place() {
    const { model, filter } = this.app;
    const shown = model.lanes.map((lane, index) => ({ ...lane, index }))
      .filter((lane) => filter.showsNode(lane.node) && (lane.kind !== "network" || lane.faultRows || this.hasRows(lane.index)));
    let height = 6;
    for (const lane of shown) {
      lane.top = height;
      if (lane.kind === "replica") height += LANE_LABELS + LANE_BAND + (lane.faultRows || 0) * SPAN_ROW + 12;
      else if (lane.kind === "network") height += Math.max(lane.faultRows || 0, 1) * SPAN_ROW + 14;
      else height += Math.max(lane.operationRows || 0, 1) * (SPAN_ROW + 2) + 8;
      lane.bottom = height;
    }
    // Room that is left goes between replicas, where the arrows are.
    const replicas = shown.filter((lane) => lane.kind === "replica").length;
    const room = replicas ? Math.min(Math.max(this.scroll.clientHeight - height - 4, 0) / replicas, 70) : 0;
    let shift = 0;
    for (const lane of shown) {
      lane.top += shift;
      if (lane.kind === "replica") shift += room;
      lane.bottom += shift;
      lane.middle = lane.kind === "replica" ? lane.top + LANE_LABELS + LANE_BAND / 2 : lane.top + SPAN_ROW / 2 + 1;
    }
    this.layout = shown;
    this.byIndex = new Map(shown.map((lane) => [lane.index, lane]));
    this.height = Math.max(height + shift, 60);
    this.placeLabels();
  }

  hasRows(index) { return this.app.filter.byLane[index].size > 0; }

  placeLabels() {
    this.labels.replaceChildren(...this.layout.map((lane) => {
      const label = document.createElement("div");
      label.style.top = lane.middle - 9 + "px";
      const name = document.createElement("b");
      name.textContent = lane.name;
      label.append(name);
      if (lane.note) {
        const note = document.createElement("small");
        note.textContent = lane.note;
        label.append(note);
      }
      return label;
    }));
  }

  // The height of a row's sign: on its lane, or beside its operation.
  y(row) {
    const lane = this.byIndex.get(this.app.model.lane[row]);
    if (!lane) return null;
    if (lane.kind !== "client") return lane.middle;
    const span = this.app.model.operationOf(row);
    return lane.middle + (span ? span.depth[lane.index] || 0 : 0) * (SPAN_ROW + 2);
  }

  // Scrolls to the lane of a row.
  reveal(row) {
    const y = this.y(row), room = this.scroll.clientHeight;
    if (y === null) return;
    if (y < this.scroll.scrollTop + 24 || y > this.scroll.scrollTop + room - 24) this.scroll.scrollTop = y - room / 2;
  }

  draw() {
    const { view } = this.app;
    view.width = this.scroll.clientWidth;
    this.canvas.style.height = this.height + "px";
    const draw = (this.pen = penOf(this.canvas, view.width, this.height));
    this.drawn = [];
    draw.save();
    draw.beginPath();
    draw.rect(view.left, 0, view.width - view.left, this.height);
    draw.clip();
    this.drawMarks();
    for (const lane of this.layout) {
      if (lane.kind === "replica") this.drawBand(lane);
      this.drawSpans(lane);
    }
    const near = view.spacing >= SPACING_OF_SIGNS;
    this.drawArrows();
    if (near) this.drawSigns();
    else this.drawBars();
    this.drawCursor();
    draw.restore();
    if (this.app.filter.shown === 0) this.say("nothing matches the filter");
  }

  say(text) {
    this.pen.fillStyle = palette.muted;
    this.pen.font = "13px system-ui, DejaVu Sans, sans-serif";
    this.pen.fillText(text, this.app.view.left + 16, 24);
  }

  // Failures and the healing cross all lanes.
  drawMarks() {
    const { model, view } = this.app;
    const draw = this.pen;
    const first = model.failures.length ? model.failures[0].row : -1;
    for (const row of model.failureRows) {
      const x = view.x(row);
      if (row === first) {
        draw.fillStyle = palette["bad-ground"];
        draw.fillRect(x - 6, 0, 12, this.height);
      }
      draw.fillStyle = palette.bad;
      draw.globalAlpha = row === first ? 1 : 0.45;
      draw.fillRect(x - 0.75, 0, 1.5, this.height);
      draw.globalAlpha = 1;
    }
    const healed = model.healedRow;
    if (healed < 0) return;
    this.dashed(view.x(healed), palette.muted);
    this.textIn("healed", view.x(healed) + 8, view.width, 12, palette.muted);
  }

  dashed(x, color) {
    const draw = this.pen;
    draw.strokeStyle = color;
    draw.lineWidth = 1;
    draw.setLineDash([4, 4]);
    draw.beginPath();
    draw.moveTo(x, 0);
    draw.lineTo(x, this.height);
    draw.stroke();
    draw.setLineDash([]);
  }

  // --- status and reigns

  // Calls `visit(state, x0, x1)` for what a member was, merging what is too narrow to see.
  eachState(node, visit) {
    const { model, states, view } = this.app;
    const list = states.byNode[node];
    const first = Math.max(states.indexAt(node, this.stepAt(view.from)), 0);
    let open = null, since = 0;
    for (let i = first; i < list.length; ++i) {
      const x = i === 0 ? view.left : Math.max(view.screen(this.placeOfStep(list[i].step)), view.left);
      const shows = list[i].status + (list[i].paused ? "!" : "");
      if (open && shows === open.shows) continue;
      if (open) visit(open.state, since, x);
      open = { state: list[i], shows };
      since = x;
      if (x > view.width) break;
    }
    if (open) visit(open.state, since, Math.min(view.screen(view.domain[1]), view.width));
  }

  // The step of the last row left of a place on the axis.
  stepAt(at) {
    const { model, view } = this.app;
    const row = view.rowAt(at);
    return row === 0 || model.count === 0 ? 0 : model.step[row - 1];
  }

  // Where the first row of a step is.
  placeOfStep(step) {
    const { model, view } = this.app;
    const row = lowerBound(model.step, (each) => each >= step);
    return row < model.count ? view.at(row) : view.domain[1];
  }

  drawBand(lane) {
    const draw = this.pen;
    const top = lane.middle - LANE_BAND / 2;
    lane.texts = [];
    this.eachState(lane.node, (state, x0, x1) => {
      const width = x1 - x0;
      if (state.status === "down") {
        draw.strokeStyle = palette.strong;
        draw.lineWidth = 1;
        draw.setLineDash([2, 5]);
        draw.beginPath();
        draw.moveTo(x0, lane.middle);
        draw.lineTo(x1, lane.middle);
        draw.stroke();
        draw.setLineDash([]);
      } else {
        draw.fillStyle = palette["band-" + state.status.toLowerCase()] || palette["band-empty"];
        draw.fillRect(x0, top, Math.max(width, 0.6), LANE_BAND);
        const pattern = { RECOVERING: "stripes", STARTING: "dots", EMPTY: "dots", opening: "stripes" }[state.status];
        if (pattern || state.paused) {
          draw.fillStyle = bandPattern(draw, state.paused ? "bars" : pattern);
          draw.fillRect(x0, top, width, LANE_BAND);
        }
      }
      const text = (state.paused ? "paused, " : "") + state.status;
      const y = lane.middle + LANE_BAND / 2 + 10;
      if (this.textIn(text, x0 + 4, x1, y, palette.muted)) lane.texts.push([x0, this.textEnd]);
    });
  }

  // Text that fits between two places, or none.
  textIn(text, x0, x1, y, color, font = "10.5px system-ui, DejaVu Sans, sans-serif") {
    const draw = this.pen;
    const from = Math.max(x0, this.app.view.left + 4);
    if (x1 - from < 24) return false;
    draw.font = font;
    let shown = text;
    if (draw.measureText(shown).width > x1 - from - 3) {
      const fits = Math.floor(shown.length * ((x1 - from - 8) / draw.measureText(shown).width));
      if (fits < 5) return false;
      shown = shown.slice(0, fits) + "…";
    }
    draw.fillStyle = color;
    draw.fillText(shown, from, y);
    this.textEnd = from + draw.measureText(shown).width;
    return true;
  }

  drawSpans(lane) {
    const { view } = this.app;
    let narrow = -1;
    for (const span of lane.spans) {
      const x0 = span.before ? view.left : view.x(span.first);
      const x1 = span.last < 0 ? view.screen(view.domain[1]) : view.x(span.last);
      if (x1 < view.left || x0 > view.width) continue;
      // Of those that share a pixel one is enough.
      if (x1 - x0 < 0.5 && Math.floor(x0) === narrow) continue;
      if (x1 - x0 < 0.5) narrow = Math.floor(x0);
      this.drawSpan(lane, span, Math.max(x0, view.left), Math.min(Math.max(x1, x0 + 1), view.width));
    }
  }

  drawSpan(lane, span, x0, x1) {
    const draw = this.pen;
    if (span.kind === "reign" || span.kind === "candidacy") {
      const y = lane.middle - LANE_BAND / 2 - 3;
      draw.fillStyle = draw.strokeStyle = palette.reign;
      if (span.kind === "reign") this.drawReign(lane, span, x0, x1, y);
      else { draw.lineWidth = 1; draw.strokeRect(x0 + 0.5, y + 0.5, Math.max(x1 - x0 - 1, 0.5), 3); }
      this.app.spanTargets.push({ span, x0, x1, y0: y - 2, y1: y + 6 });
    } else if (span.kind === "catch-up") {
      draw.fillStyle = palette.recovery;
      draw.fillRect(x0, lane.middle + LANE_BAND / 2 - 3, x1 - x0, 3);
    } else {
      const isFault = span.kind === "fault";
      const y = isFault && lane.kind === "replica"
        ? lane.middle + LANE_BAND / 2 + 14 + span.depth[lane.index] * SPAN_ROW
        : lane.top + 1 + span.depth[lane.index] * (isFault ? SPAN_ROW : SPAN_ROW + 2);
      const outcome = span.outcome.split(",")[0];
      const ground = isFault ? "fault-ground" : span.last < 0 || outcome === "unknown" ? "operation-unknown"
        : outcome === "ok" ? "operation" : "operation-failed";
      draw.fillStyle = palette[ground];
      draw.fillRect(x0, y, x1 - x0, SPAN_ROW - 2);
      draw.fillStyle = isFault ? palette.fault : palette.client;
      draw.fillRect(x0, y, 1.5, SPAN_ROW - 2);
      if (span.last >= 0 && x1 - x0 > 3) draw.fillRect(x1 - 1.5, y, 1.5, SPAN_ROW - 2);
      // When it was is what the place says.
      const text = isFault ? span.text.replace(/ at=\S+ for=\S+/, "") : span.text + ": " + (span.outcome || "no answer");
      this.textIn(text, x0 + (isFault ? 4 : 9), x1 - 8, y + 9, isFault ? palette.fault : palette.text, "10px system-ui, DejaVu Sans, sans-serif");
      this.app.spanTargets.push({ span, x0, x1, y0: y, y1: y + SPAN_ROW - 2 });
    }
  }

  // With its ballot below the band, where the status leaves room.
  drawReign(lane, span, x0, x1, y) {
    this.pen.fillRect(x0, y, x1 - x0, 4);
    let from = x0 + 4;
    for (const [begin, end] of lane.texts) if (begin < from + 110 && end > from - 8) from = end + 12;
    this.textIn("★ " + span.text, from, x1, lane.middle + LANE_BAND / 2 + 10, palette.reign);
  }

  // --- frames

  // Frames of which an end is on the screen.
  arrowsInView() {
    const { model, view, filter } = this.app;
    const [first, last] = view.range;
    const arrows = new Set();
    for (let i = first; i < last; ++i) {
      const row = filter.rows[i];
      const m = model.message[row];
      if (m < 0) continue;
      arrows.add(m);
      const copy = model.copies.get(row);
      if (copy !== undefined) arrows.add(copy);
    }
    return arrows;
  }

  drawArrows() {
    const { model, view } = this.app;
    const [first, last] = view.range;
    this.arrows = [];
    if (last - first > ARROWS_MAX * 4) return;
    const arrows = this.arrowsInView();
    if (arrows.size > ARROWS_MAX) return;
    const draw = this.pen;
    const chosen = this.app.selected >= 0 ? model.message[this.app.selected] : -1;
    draw.globalAlpha = Math.min(Math.max(60 / Math.sqrt(arrows.size + 1) / 10, 0.22), 0.85);
    for (const m of arrows) if (m !== chosen) this.drawArrow(m, 1.1);
    draw.globalAlpha = 1;
    if (chosen >= 0) this.drawArrow(chosen, 2.4);
  }

  drawArrow(m, width) {
    const { model, view } = this.app;
    const draw = this.pen;
    const { from, to, fate, marks, sent, held, ended } = model.messages;
    const source = this.byIndex.get(from[m]), target = this.byIndex.get(to[m]);
    if (!source || !target) return;
    const text = model.textOf(sent[m] >= 0 ? sent[m] : held[m] >= 0 ? held[m] : ended[m]);
    draw.strokeStyle = draw.fillStyle = arrowColor(text);
    draw.lineWidth = width;
    draw.setLineDash(marks[m] & 1 ? [1.5, 2.5] : marks[m] & 2 ? [7, 2, 1.5, 2] : []);
    const down = target.middle > source.middle ? 1 : -1;
    const y0 = source.middle + down * (LANE_BAND / 2), y1 = target.middle - down * (LANE_BAND / 2);
    const x0 = sent[m] >= 0 ? view.x(sent[m]) : view.left - 20;
    const arrives = ended[m] >= 0 && model.node[ended[m]] === to[m] ? ended[m] : -1;
    const name = model.fates[fate[m]];
    if (held[m] >= 0) return this.drawHeld({ m, x0, y0, y1, arrives, name });
    if (arrives >= 0) {
      const x1 = view.x(arrives);
      this.line(m, x0, y0, x1, y1);
      return name === "delivered" ? this.head(x0, y0, x1, y1, width) : this.end(x1, y1, name);
    }
    // It goes some way towards where it would have arrived.
    const x1 = x0 + Math.min(Math.max(view.spacing * 1.2, 10), 46), y = y0 + (y1 - y0) * 0.42;
    this.line(m, x0, y0, x1, y);
    this.end(x1, y, name);
  }

  line(m, x0, y0, x1, y1) {
    const draw = this.pen;
    draw.beginPath();
    draw.moveTo(x0, y0);
    draw.lineTo(x1, y1);
    draw.stroke();
    draw.setLineDash([]);
    this.arrows.push({ m, x0, y0, x1, y1 });
  }

  // A frozen link keeps what has come until it thaws: the frame waits at the door of its lane.
  drawHeld({ m, x0, y0, y1, arrives, name }) {
    const { model, view } = this.app;
    const draw = this.pen;
    const door = y1 + (y0 < y1 ? -7 : 7);
    const x1 = view.x(model.messages.held[m]);
    this.line(m, x0, y0, x1, door);
    draw.fillRect(x1 - 2.5, door - 4, 1.6, 8);
    draw.fillRect(x1 + 0.9, door - 4, 1.6, 8);
    const x2 = arrives >= 0 ? view.x(arrives) : view.screen(view.domain[1]);
    draw.setLineDash([2, 3]);
    this.line(m, x1, door, x2, door);
    if (arrives < 0) return;
    this.line(m, x2, door, x2, y1);
    if (name === "delivered") this.head(x2, door, x2, y1, 1.1);
    else this.end(x2, y1, name);
  }

  head(x0, y0, x1, y1, width) {
    const draw = this.pen;
    const angle = Math.atan2(y1 - y0, x1 - x0), size = 5 + width;
    draw.beginPath();
    draw.moveTo(x1, y1);
    draw.lineTo(x1 - size * Math.cos(angle - 0.4), y1 - size * Math.sin(angle - 0.4));
    draw.lineTo(x1 - size * Math.cos(angle + 0.4), y1 - size * Math.sin(angle + 0.4));
    draw.fill();
  }

  // How a frame ended that did not arrive: a cross (lost), a wall (cut), a box (overflowed), a circle
  // (nobody was up); an open end is still on its way.
  end(x, y, name) {
    const draw = this.pen;
    draw.strokeStyle = palette.bad;
    draw.lineWidth = 1.8;
    draw.beginPath();
    if (name === "lost") { draw.moveTo(x - 3.5, y - 3.5); draw.lineTo(x + 3.5, y + 3.5); draw.moveTo(x + 3.5, y - 3.5); draw.lineTo(x - 3.5, y + 3.5); }
    if (name === "cut") { draw.moveTo(x - 5, y); draw.lineTo(x + 5, y); draw.moveTo(x - 5, y + 3); draw.lineTo(x + 5, y + 3); }
    if (name === "overflowed") draw.rect(x - 3, y - 3, 6, 6);
    if (name === "receiver down") draw.arc(x, y, 3.5, 0, 7);
    draw.stroke();
  }

  // --- rows

  drawSigns() {
    const { model, view, filter } = this.app;
    const [first, last] = view.range;
    const size = Math.min(3.4 + view.spacing * 0.16, 6.2);
    const labelled = new Map();
    for (let i = first; i < last; ++i) {
      const row = filter.rows[i];
      const y = this.y(row);
      if (y === null) continue;
      const x = view.x(row), group = model.group(row);
      if (group !== "frame" || model.message[row] < 0 || view.spacing > 5) drawSign(this.pen, group, x, y, size);
      if (model.failureRows.has(row)) this.ring(x, y, size + 4, palette.bad);
      this.drawn.push({ row, x, y });
      const lane = model.lane[row];
      if (view.spacing < 5 || lane === 0 || group === "frame" || group === "point" || group === "client") continue;
      this.label(row, x, lane, labelled);
    }
  }

  // The name of a row above its lane, if the one before leaves room.
  label(row, x, lane, labelled) {
    const { model } = this.app;
    const draw = this.pen;
    const position = model.position[row];
    const about = position < 0 ? "" : model.positionLast[row] > position ? " " + position + "–" + model.positionLast[row] : " " + position;
    const name = model.name(row) === "fault begins" ? model.textOf(row).split(" ")[0] : model.name(row);
    const text = name.replaceAll("_", " ") + about;
    draw.font = "10.5px system-ui, DejaVu Sans, sans-serif";
    const from = x - 4;
    if (from < (labelled.get(lane) ?? -Infinity)) return;
    labelled.set(lane, from + draw.measureText(text).width + 7);
    draw.fillStyle = palette.text;
    draw.fillText(text, from, this.byIndex.get(lane).middle - LANE_BAND / 2 - 6);
  }

  ring(x, y, radius, color) {
    const draw = this.pen;
    draw.beginPath();
    draw.arc(x, y, radius, 0, 7);
    draw.strokeStyle = color;
    draw.lineWidth = 2;
    draw.stroke();
  }

  // Far away: bars of counts, on a scale of roots so that one row among thousands is still seen.
  drawBars() {
    const { view, filter } = this.app;
    const counts = this.countBuckets();
    const most = Math.max(1, ...counts.most);
    for (const lane of this.layout) {
      const stacks = counts.lanes.get(lane.index);
      // Of clients the operations say enough.
      if (!stacks || lane.kind === "client") continue;
      const height = lane.kind === "replica" ? LANE_LABELS + LANE_BAND / 2 : SPAN_ROW;
      const base = lane.kind === "replica" ? lane.middle + LANE_BAND / 2 : lane.top + SPAN_ROW;
      for (const [bucket, stack] of stacks) {
        const total = stack.reduce((sum, [, count]) => sum + count, 0);
        let y = base;
        const full = Math.max(Math.sqrt(total / most) * height, 2);
        for (const [group, count] of stack) {
          const part = (count / total) * full;
          this.pen.fillStyle = palette[group];
          this.pen.fillRect(view.left + bucket * BUCKET, y - part, BUCKET - 1, part);
          y -= part;
        }
      }
    }
    this.drawLandmarks();
  }

  countBuckets() {
    const { view, filter } = this.app;
    const buckets = Math.ceil((view.width - view.left) / BUCKET);
    const edges = Array.from({ length: buckets + 1 }, (_, i) => view.rowAt(view.axis(view.left + i * BUCKET)));
    const lanes = new Map(), most = [];
    for (const lane of this.layout) {
      const stacks = new Map();
      for (const [group, rows] of filter.byLane[lane.index]) {
        let from = lowerBound(rows, (row) => row >= edges[0]);
        for (let b = 0; b < buckets && from < rows.length; ++b) {
          const to = lowerBound(rows, (row) => row >= edges[b + 1], from);
          if (to > from) {
            if (!stacks.has(b)) stacks.set(b, []);
            stacks.get(b).push([group, to - from]);
          }
          from = to;
        }
      }
      let highest = 0;
      for (const stack of stacks.values()) highest = Math.max(highest, stack.reduce((sum, [, count]) => sum + count, 0));
      most.push(highest);
      lanes.set(lane.index, stacks);
    }
    return { lanes, most };
  }

  // Lives, elections and truncations keep their signs as long as there is room.
  drawLandmarks() {
    const { model, view, filter } = this.app;
    for (const lane of this.layout) {
      if (lane.kind !== "replica") continue;
      let free = -Infinity;
      for (const group of ["life", "election", "truncation"]) {
        free = -Infinity;
        const rows = filter.byLane[lane.index].get(group) || [];
        for (let i = lowerBound(rows, (row) => view.at(row) >= view.from); i < rows.length; ++i) {
          const x = view.x(rows[i]);
          if (x > view.width) break;
          if (x < free) continue;
          free = x + 14;
          drawSign(this.pen, group, x, lane.middle, 4.5);
          this.drawn.push({ row: rows[i], x, y: lane.middle });
        }
      }
    }
  }

  drawCursor() {
    const { selected, view } = this.app;
    if (selected < 0) return;
    const draw = this.pen, x = view.x(selected), y = this.y(selected);
    draw.fillStyle = palette.selected;
    draw.fillRect(x - 0.75, 0, 1.5, this.height);
    if (y !== null) this.ring(x, y, 9, palette.selected);
  }

  // --- what is under the mouse

  // The sign, the arrow or the row left of a place; -1: nothing is there.
  rowAt(x, y) {
    const { model, view, filter } = this.app;
    let best = -1, near = 9;
    for (const each of this.drawn) {
      const distance = Math.hypot(each.x - x, each.y - y);
      if (distance < near) [best, near] = [each.row, distance];
    }
    if (best >= 0) return best;
    const arrow = this.arrowAt(x, y);
    if (arrow >= 0) return this.endOfArrow(arrow, x);
    const lane = this.layout.find((each) => y >= each.top && y < each.bottom);
    const before = Math.min(view.rowAt(view.axis(x)), model.count);
    const fits = (row) => !lane || model.lane[row] === lane.index;
    const found = before > 0 ? filter.next(before, -1, fits) : -1;
    return found >= 0 ? found : filter.next(before - 1, 1, fits);
  }

  arrowAt(x, y) {
    let best = -1, near = 5;
    for (const { m, x0, y0, x1, y1 } of this.arrows || []) {
      const length = (x1 - x0) ** 2 + (y1 - y0) ** 2 || 1;
      const along = Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0), 1);
      const distance = Math.hypot(x0 + along * (x1 - x0) - x, y0 + along * (y1 - y0) - y);
      if (distance < near) [best, near] = [m, distance];
    }
    return best;
  }

  endOfArrow(m, x) {
    const { model, view } = this.app;
    const { sent, held, ended } = model.messages;
    const ends = [sent[m], held[m], ended[m]].filter((row) => row >= 0);
    return ends.reduce((best, row) => (Math.abs(view.x(row) - x) < Math.abs(view.x(best) - x) ? row : best), ends[0]);
  }

  spanAt(x, y) {
    return this.app.spanTargets.find((each) => x >= each.x0 - 1 && x <= each.x1 + 1 && y >= each.y0 && y <= each.y1);
  }
}
