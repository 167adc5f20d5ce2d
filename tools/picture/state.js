// What the members were at a row: changes of their states, searched by the step of the world.  This is
// what `holdfast-sim replay --until EVENT` prints.

class States {
  constructor(data, nodes) {
    this.byNode = Array.from({ length: nodes + 1 }, () => []);
    for (const state of data.states) this.byNode[state.node].push(state);
    // By node and position, in the order of steps.
    this.records = new Map();
    for (const [step, node, position, text] of data.records) {
      const key = node + ":" + position;
      if (!this.records.has(key)) this.records.set(key, []);
      this.records.get(key).push({ step, text });
    }
    this.texts = data.texts;
  }

  indexAt(node, step) { return lowerBound(this.byNode[node], (state) => state.step > step) - 1; }

  // After the event of the world with this number.
  at(node, step) {
    const index = this.indexAt(node, step);
    return index < 0 ? { status: "down", step: 0 } : this.byNode[node][index];
  }

  // What the member knows of a position: its records of this life, then what it learned or truncated.
  recordAt(node, position, step) {
    const index = this.indexAt(node, step);
    const now = index < 0 ? null : this.byNode[node][index];
    if (!now || now.status === "down") return "down";
    if (now.status === "opening") return "opening its directory, or stopped";
    if (position < now.begin) return "truncated";
    const records = this.records.get(node + ":" + position) || [];
    const last = lowerBound(records, (record) => record.step > step) - 1;
    if (last >= 0 && records[last].step >= this.lifeBegan(node, index)) return this.texts[records[last].text];
    for (let i = 0; i < now.learned.length; i += 2) {
      if (now.learned[i] <= position && position <= now.learned[i + 1]) return "learned";
    }
    return "nothing";
  }

  // The step from which on the member has been up without a break.
  lifeBegan(node, index) {
    const states = this.byNode[node];
    while (index > 0 && states[index - 1].status !== "down" && states[index - 1].status !== "opening") --index;
    return states[index].step;
  }
}

function learnedText(learned) {
  if (learned.length === 0) return "nothing";
  let text = "";
  for (let i = 0; i < learned.length; i += 2) {
    text += (text ? ", " : "") + (learned[i] === learned[i + 1] ? learned[i] : learned[i] + "–" + learned[i + 1]);
  }
  return text;
}

// "1.004758s", as the trace prints it.
function secondsText(ns) { return (ns / 1e9).toFixed(6) + "s"; }
