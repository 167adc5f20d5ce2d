// The run as the page's script wants it: the columns of the JSON as typed arrays, and indexes over
// them.  A row is a line of the trace, named by its place; -1 is no row.

class Model {
  constructor(data) {
    if (data.schema !== "holdfast-sim/picture/1") {
      throw new Error("this page holds " + data.schema + ", which its script does not know");
    }
    this.run = data.run;
    this.kinds = data.kinds.map(([name, group]) => ({ name, group }));
    this.texts = data.texts;
    this.ballots = data.ballots;
    this.count = data.rows.time.length;
    this.readRows(data.rows);
    this.readMessages(data.messages);
    this.spans = data.spans;
    this.addLanes();
    this.stackSpans();
    this.failures = this.run.failures.map((failure) => ({ ...failure, row: this.rowOfEvent(failure.event, true) }));
    this.failureRows = new Set(this.failures.map((failure) => failure.row).filter((row) => row >= 0));
  }

  readRows(rows) {
    const sums = (differences) => {
      const values = new Float64Array(differences.length);
      let sum = 0;
      for (let i = 0; i < values.length; ++i) values[i] = sum += differences[i];
      return values;
    };
    this.time = sums(rows.time);
    this.step = sums(rows.step);
    this.node = Uint8Array.from(rows.node);
    this.peer = Uint8Array.from(rows.peer);
    this.kind = Uint16Array.from(rows.kind);
    this.text = Uint32Array.from(rows.text);
    this.event = Float64Array.from(rows.event);
    this.position = Float64Array.from(rows.position);
    this.positionLast = Float64Array.from(rows.position);
    for (const [row, last] of rows.range) this.positionLast[row] = last;
    this.ballot = Int32Array.from(rows.ballot);
    this.message = Int32Array.from(rows.message);
    this.operation = Float64Array.from(rows.operation);
    this.eventRows = [];
    for (let row = 0; row < this.count; ++row) if (this.event[row] >= 0) this.eventRows.push(row);
  }

  readMessages(messages) {
    this.fates = messages.fates;
    this.messages = {
      from: Uint8Array.from(messages.from),
      to: Uint8Array.from(messages.to),
      fate: Uint8Array.from(messages.fate),
      marks: Uint8Array.from(messages.marks),
      sent: Int32Array.from(messages.sent),
      held: Int32Array.from(messages.held),
      ended: Int32Array.from(messages.ended),
    };
    // The second copies, by the row that sent them.
    this.copies = new Map();
    for (let m = 0; m < messages.from.length; ++m) {
      if (messages.marks[m] & 2 && messages.sent[m] >= 0) this.copies.set(messages.sent[m], m);
    }
  }

  // The network, then replicas, then the clients that did something.
  addLanes() {
    this.lanes = [{ kind: "network", node: 0, name: "network", note: "and faults" }];
    for (let node = 1; node <= this.run.nodes; ++node) {
      this.lanes.push({ kind: "replica", node, name: "replica " + node, note: "" });
    }
    const clients = new Set();
    for (let row = 0; row < this.count; ++row) if (this.group(row) === "client") clients.add(this.node[row]);
    const laneOfClient = new Map();
    for (const node of [...clients].sort((a, b) => a - b)) {
      laneOfClient.set(node, this.lanes.length);
      this.lanes.push({ kind: "client", node, name: "client " + node, note: "" });
    }
    this.lane = new Uint8Array(this.count);
    for (let row = 0; row < this.count; ++row) {
      const node = this.node[row];
      this.lane[row] = this.group(row) === "client" ? laneOfClient.get(node) : node;
    }
    for (const span of this.spans) {
      if (span.kind === "operation") span.lanes = span.nodes.map((node) => laneOfClient.get(node)).filter((x) => x);
      else span.lanes = span.nodes.length ? span.nodes : [0];
    }
  }

  // Spans of a lane that overlap get rows of their own; those that find none share the last.
  stackSpans() {
    for (const lane of this.lanes) lane.spans = [];
    const most = { fault: 3, operation: 3 };
    const ends = new Map();
    this.operations = new Map();
    for (const span of this.spans) {
      span.end = span.last < 0 ? this.count : span.last;
      span.depth = {};
      for (const lane of span.lanes) {
        const busy = ends.get(lane + span.kind) || [];
        ends.set(lane + span.kind, busy);
        let depth = busy.findIndex((end) => end < span.first);
        if (depth < 0) depth = Math.min(busy.length, (most[span.kind] || 1) - 1);
        busy[depth] = Math.max(span.end, busy[depth] || 0);
        span.depth[lane] = depth;
        this.lanes[lane].spans.push(span);
        const key = span.kind === "fault" ? "faultRows" : span.kind === "operation" ? "operationRows" : "";
        if (key) this.lanes[lane][key] = Math.max(this.lanes[lane][key] || 0, depth + 1);
      }
      if (span.kind !== "operation") continue;
      for (const row of [span.before ? -1 : span.first, span.last]) {
        if (row >= 0) this.operations.set(this.node[row] + ":" + this.operation[row], span);
      }
    }
  }

  group(row) { return this.kinds[this.kind[row]].group; }

  name(row) { return this.kinds[this.kind[row]].name; }

  textOf(row) { return this.texts[this.text[row]]; }

  // As the trace has it: "3", "1>2", "-".
  who(row) {
    const m = this.message[row];
    if (m >= 0) return this.messages.from[m] + ">" + this.messages.to[m];
    return this.node[row] === 0 ? "-" : String(this.node[row]);
  }

  // The row of an event of the protocol; unless `exactly`, the nearest one before it.
  rowOfEvent(event, exactly) {
    const at = lowerBound(this.eventRows, (row) => this.event[row] >= event);
    if (at < this.eventRows.length && this.event[this.eventRows[at]] === event) return this.eventRows[at];
    return exactly || at === 0 ? -1 : this.eventRows[at - 1];
  }

  operationOf(row) { return this.operations.get(this.node[row] + ":" + this.operation[row]); }

  concerns(row, position) { return this.position[row] >= 0 && this.position[row] <= position && position <= this.positionLast[row]; }
}

// The first index of `list` for which `holds`, which is false and then true along it.
function lowerBound(list, holds, from = 0, to = list.length) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(list[middle])) to = middle;
    else from = middle + 1;
  }
  return from;
}

// Which rows are shown.
class Filter {
  constructor(model) {
    this.model = model;
    this.nodes = new Set(model.lanes.map((lane) => lane.node));
    this.groups = new Set(model.kinds.map((kind) => kind.group));
    this.position = null;
    this.ballot = "";
    this.text = "";
    this.apply();
  }

  get active() { return this.shown < this.model.count; }

  showsNode(node) { return this.nodes.has(node); }

  apply() {
    const model = this.model;
    const kinds = model.kinds.map((kind) => this.groups.has(kind.group));
    const nodes = new Uint8Array(256).map((_, node) => (this.nodes.has(node) ? 1 : 0));
    const ballot = this.ballot === "" ? null : model.ballots.indexOf(this.ballot);
    const wanted = this.text.toLowerCase();
    const texts = wanted === "" ? null : model.texts.map((text) => text.toLowerCase().includes(wanted));
    const names = model.kinds.map((kind) => wanted !== "" && kind.name.includes(wanted));
    // rank[row]: how many rows before it are shown.
    this.rank = new Uint32Array(model.count + 1);
    this.visible = new Uint8Array(model.count);
    const rows = [];
    for (let row = 0; row < model.count; ++row) {
      this.rank[row] = rows.length;
      const shown = kinds[model.kind[row]] && nodes[model.node[row]] &&
        (this.position === null || model.concerns(row, this.position)) &&
        (ballot === null || model.ballot[row] === ballot) &&
        (texts === null || texts[model.text[row]] || names[model.kind[row]]);
      if (!shown) continue;
      this.visible[row] = 1;
      rows.push(row);
    }
    this.rank[model.count] = rows.length;
    this.rows = Uint32Array.from(rows);
    this.shown = rows.length;
    this.buildLaneRows();
  }

  // Per lane and group the shown rows: what histograms are counted from.
  buildLaneRows() {
    const model = this.model;
    this.byLane = model.lanes.map(() => new Map());
    for (const row of this.rows) {
      const groups = this.byLane[model.lane[row]];
      const group = model.group(row);
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(row);
    }
  }

  // The shown row next to `row` in a direction, among those that `fits`; -1: none.
  next(row, direction, fits = () => true) {
    let at = direction > 0 ? (row < 0 ? 0 : this.rank[row] + (this.visible[row] ? 1 : 0)) : row < 0 ? -1 : this.rank[row] - 1;
    for (; at >= 0 && at < this.shown; at += direction) if (fits(this.rows[at])) return this.rows[at];
    return -1;
  }
}
