// What stands beside the lanes as text: the run, the failure, the event at the cursor, every member's
// state there, one position, and the list of all events.  Texts of the run are only ever set as text.

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

class Panels {
  constructor(app) {
    this.app = app;
    for (const id of ["details", "states", "position", "failure", "list"]) this[id] = document.getElementById(id);
    this.rows = document.getElementById("list-rows");
    this.drawHeader();
    this.list.addEventListener("scroll", () => this.drawList());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.app.select(Number(row.dataset.row), { keepList: true });
    });
  }

  link(text, row, title = "") {
    return element("button", { type: "button", textContent: text, title, disabled: row < 0, onclick: () => this.app.select(row) });
  }

  // --- the run

  drawHeader() {
    const { model } = this.app;
    const run = model.run;
    document.getElementById("run-title").textContent = run.title;
    const verdict = document.getElementById("verdict");
    const first = model.failures[0];
    verdict.className = "verdict " + (run.failed ? "failed" : run.outcome);
    verdict.textContent = run.failed ? "✕ " + run.outcome + (first ? ": " + first.property : "") : run.outcome === "passed" ? "✓ passed" : run.outcome;
    const number = (count) => count.toLocaleString("en");
    const part = run.from > 0 || run.to >= 0 ? `events ${run.from} to ${run.to < 0 ? run.last_event : run.to} of ${run.last_event}` : "";
    document.getElementById("facts").textContent = [
      `${run.nodes} replica${run.nodes === 1 ? "" : "s"}, quorum ${run.quorum}`, `profile ${run.profile}`, number(model.count) + " lines", part,
      secondsText(run.simulated_ns) + " simulated", "fingerprint " + run.fingerprint, run.program,
    ].filter((text) => text).join(" · ");
    document.getElementById("replay").textContent = run.replay;
    if (first) this.drawFailure(first);
    else if (run.note) this.drawNote(run.note);
  }

  drawNote(note) {
    this.failure.hidden = false;
    this.failure.replaceChildren(element("p", { textContent: note }));
  }

  failureLine(failure) {
    const where = failure.node ? ", node " + failure.node : "";
    return element("span", {}, element("b", { textContent: failure.property }), ` (${failure.kind}) at `,
      this.link("#" + failure.event, failure.row, failure.row < 0 ? "not on this page" : "go there"),
      ` ${secondsText(failure.time_ns)}${where}: ${failure.text}`);
  }

  drawFailure(first) {
    const { model } = this.app;
    this.failure.hidden = false;
    const check = first.check.replace(/^(\.\.\/)+/, "");
    this.failure.replaceChildren(
      element("p", {}, this.failureLine(first)),
      element("p", { className: "sentence" }, `What ${first.property} says: `,
        element("q", { textContent: first.statement || "" }), ` (${first.reference || "docs/properties.md"}; the check is ${check})`));
    if (model.run.note && !first.text.includes(model.run.note.trim())) this.failure.append(element("p", { className: "mono", textContent: model.run.note }));
    const others = model.failures.slice(1);
    if (others.length === 0) return;
    this.failure.append(element("details", {}, element("summary", { textContent: `${others.length} more` }),
      element("ul", {}, ...others.map((failure) => element("li", {}, this.failureLine(failure))))));
  }

  // --- the cursor

  draw() {
    this.drawDetails();
    this.drawStates();
    this.drawPosition();
    this.drawList();
  }

  drawDetails() {
    const { model, selected } = this.app;
    if (selected < 0) {
      this.details.replaceChildren(element("p", { className: "quiet",
        textContent: model.count === 0 ? "The picture has no events." : "Click an event, or press → for the first. ? shows keys and signs." }));
      return;
    }
    const row = selected, lane = model.lanes[model.lane[row]];
    const number = model.event[row] >= 0 ? "#" + model.event[row] + " " : "";
    const m = model.message[row];
    const parts = [
      element("p", { className: "what", textContent: number + model.name(row).replaceAll("_", " ") }),
      element("p", { textContent: `${lane.node === 0 ? "the world" : lane.name} at ${secondsText(model.time[row])}` }),
      element("p", { className: "mono", textContent: model.textOf(row) }),
    ];
    if (m >= 0) parts.push(this.messageDetails(m));
    const span = model.operationOf(row);
    if (model.operation[row] >= 0 && span) parts.push(this.operationDetails(span));
    for (const failure of model.failures) {
      if (failure.row === row) parts.push(element("p", {}, element("b", { textContent: "✕ " + failure.property + ": " }), failure.text.split("\n")[0]));
    }
    parts.push(this.neighbours(row));
    this.details.replaceChildren(...parts);
  }

  messageDetails(m) {
    const { model } = this.app;
    const { from, to, fate, marks, sent, held, ended } = model.messages;
    const how = [model.fates[fate[m]], marks[m] & 1 ? "damaged" : "", marks[m] & 2 ? "a second copy" : "", held[m] >= 0 ? "was held" : ""];
    const took = sent[m] >= 0 && ended[m] >= 0 ? ` after ${((model.time[ended[m]] - model.time[sent[m]]) / 1e6).toFixed(3)} ms` : "";
    return element("div", {}, element("p", { textContent: `frame ${from[m]} → ${to[m]}: ${how.filter((x) => x).join(", ")}${took}` }),
      element("div", { className: "links" }, this.link("where it was sent", sent[m]), held[m] >= 0 ? this.link("held", held[m]) : null,
        this.link("where it ended", ended[m])));
  }

  operationDetails(span) {
    const text = `${span.text}: ${span.last < 0 ? "no answer" : span.outcome}`;
    return element("div", {}, element("p", { textContent: text }),
      element("div", { className: "links" }, this.link("called", span.before ? -1 : span.first), this.link("ended", span.last)));
  }

  neighbours(row) {
    const { model, filter } = this.app;
    const links = element("div", { className: "links" });
    const add = (text, fits) => {
      links.append(this.link("◀ " + text, filter.next(row, -1, fits)), this.link(text + " ▶", filter.next(row, 1, fits)));
    };
    if (model.node[row] > 0) add("node " + model.node[row], (other) => model.node[other] === model.node[row]);
    if (this.app.position !== null) add("position " + this.app.position, (other) => model.concerns(other, this.app.position));
    return links;
  }

  drawStates() {
    const { model, states, selected } = this.app;
    const row = selected >= 0 ? selected : model.count - 1;
    if (row < 0) return this.states.replaceChildren();
    const step = model.step[row];
    const event = model.event[row] >= 0 ? "after #" + model.event[row] : "at " + secondsText(model.time[row]);
    const table = element("table", {}, element("thead", {}, element("tr", {},
      ...["", "status", "promised", "begin", "end", "learned"].map((name) => element("th", { textContent: name })))));
    const body = element("tbody");
    for (let node = 1; node <= model.run.nodes; ++node) body.append(this.stateRow(node, step, model.node[row] === node));
    table.append(body);
    const rest = element("p", { className: "quiet", textContent: "Shaded: changed by this step." });
    this.states.replaceChildren(element("h2", { textContent: "Replicas " + (selected >= 0 ? event : "at the end") }), table, rest);
  }

  stateRow(node, step, here) {
    const { states } = this.app;
    const now = states.at(node, step), before = states.at(node, step - 1);
    const changed = (field) => step > 0 && JSON.stringify(now[field]) !== JSON.stringify(before[field]);
    const cell = (field, text) => element("td", { className: "mono" + (changed(field) ? " changed" : ""), textContent: text });
    const status = element("td", { className: changed("status") || changed("coordinating") || changed("paused") ? "changed" : "" },
      element("span", { className: "status " + now.status, textContent: now.status }));
    if (now.coordinating) status.append(element("span", { className: "role", textContent: "★ coordinates" }));
    if (now.paused) status.append(element("span", { className: "role", textContent: "paused" }));
    if (now.incarnation) status.append(element("span", { className: "role quiet", textContent: "incarnation " + now.incarnation }));
    const up = now.learned !== undefined;
    const made = element("tr", { className: here ? "here" : "" }, element("td", { textContent: node }), status,
      cell("promised", up ? now.promised : ""), cell("begin", up ? now.begin : ""),
      cell("end", up ? (now.end < 0 ? "none" : now.end) : ""), cell("learned", up ? learnedText(now.learned) : ""));
    made.dataset.node = node;
    return made;
  }

  drawPosition() {
    const { model, states, selected, position, filter } = this.app;
    const row = selected >= 0 ? selected : model.count - 1;
    if (row < 0) return this.position.replaceChildren();
    const input = element("input", { id: "at-position", value: position ?? "", size: 10, inputMode: "numeric" });
    input.setAttribute("aria-label", "position");
    input.addEventListener("change", () => this.app.choosePosition(input.value));
    const heading = element("h2", {}, "Position ", input);
    if (position === null) {
      this.position.replaceChildren(heading, element("p", { className: "quiet", textContent: "No event of a position was chosen yet." }));
      return;
    }
    const table = element("table");
    for (let node = 1; node <= model.run.nodes; ++node) {
      const now = states.recordAt(node, position, model.step[row]);
      const before = states.recordAt(node, position, model.step[row] - 1);
      table.append(element("tr", {}, element("td", { textContent: node }),
        element("td", { className: "mono" + (now !== before ? " changed" : ""), textContent: now })));
    }
    const concerns = (other) => model.concerns(other, position);
    this.position.replaceChildren(heading, table, element("div", { className: "links" },
      this.link("◀ this position", filter.next(row, -1, concerns)), this.link("this position ▶", filter.next(row, 1, concerns)),
      element("button", { type: "button", textContent: "only this position", onclick: () => this.app.controls.onlyPosition(position) })));
  }

  // --- the list

  drawList() {
    const { model, filter, selected } = this.app;
    this.rows.style.height = filter.shown * 20 + "px";
    if (filter.shown === 0) {
      this.rows.replaceChildren(element("p", { className: "empty", textContent: model.count === 0 ? "The picture has no events." : "Nothing matches the filter." }));
      return;
    }
    const first = Math.max(Math.floor(this.list.scrollTop / 20) - 4, 0);
    const last = Math.min(first + Math.ceil(this.list.clientHeight / 20) + 8, filter.shown);
    const rows = [];
    for (let place = first; place < last; ++place) rows.push(this.listRow(filter.rows[place], place, selected));
    this.rows.replaceChildren(...rows);
    this.list.setAttribute("aria-activedescendant", selected >= 0 ? "row-" + selected : "");
  }

  listRow(row, place, selected) {
    const { model } = this.app;
    const made = element("div", { className: "row" + (row === selected ? " chosen" : "") + (model.failureRows.has(row) ? " bad" : "") },
      ...[secondsText(model.time[row]), model.who(row), model.name(row), model.event[row] >= 0 ? "#" + model.event[row] : "", model.textOf(row)]
        .map((text) => element("span", { textContent: text })));
    made.style.top = place * 20 + "px";
    made.dataset.row = row;
    made.id = "row-" + row;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", row === selected);
    return made;
  }

  showInList(row) {
    const { filter } = this.app;
    this.rows.style.height = filter.shown * 20 + "px";
    const top = filter.rank[row] * 20, height = this.list.clientHeight;
    if (top < this.list.scrollTop + 20 || top > this.list.scrollTop + height - 40) this.list.scrollTop = top - height / 2;
  }
}
