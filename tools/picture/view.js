// Which part of the run is shown, and where on the screen a row is.  The horizontal axis is either the
// order of the shown rows (one place each) or the world's time.

class View {
  constructor(model, filter) {
    this.model = model;
    this.filter = filter;
    this.mode = "order";
    this.left = 96;
    this.width = 800;
    this.fit();
  }

  // The whole of the axis, with a little room at both ends.
  get domain() {
    if (this.mode === "order") return [-0.5, Math.max(this.filter.shown, 1) - 0.5];
    const time = this.model.time;
    if (this.model.count === 0) return [0, 1];
    const first = time[0], last = time[this.model.count - 1];
    const room = Math.max(last - first, 1000) * 0.01;
    return [first - room, last + room];
  }

  fit() { [this.from, this.to] = this.domain; }

  // Where a row is on the axis.  In order, a hidden row is where it would be among the shown ones.
  at(row) {
    if (this.mode === "time") return row >= this.model.count ? this.domain[1] : this.model.time[row];
    return this.filter.visible[row] ? this.filter.rank[row] : this.filter.rank[row] - 0.5;
  }

  x(row) { return this.screen(this.at(row)); }

  screen(at) { return this.left + ((at - this.from) / (this.to - this.from)) * (this.width - this.left); }

  axis(x) { return this.from + ((x - this.left) / (this.width - this.left)) * (this.to - this.from); }

  // Pixels from one shown row to the next, about.
  get spacing() { return (this.width - this.left) / Math.max(this.range[1] - this.range[0], 1); }

  // Places in filter.rows of what is on the screen: [first, beyond the last).
  get range() { return [this.placeAt(this.from), this.placeAt(this.to)]; }

  // The place of the first shown row at or after a place on the axis.
  placeAt(at) {
    if (this.mode === "order") return Math.min(Math.max(Math.ceil(at), 0), this.filter.shown);
    return lowerBound(this.filter.rows, (row) => this.model.time[row] >= at);
  }

  // The first row, shown or not, at or after a place on the axis.
  rowAt(at) {
    if (this.mode === "time") return lowerBound(this.model.time, (time) => time >= at);
    const place = this.placeAt(at);
    return place < this.filter.shown ? this.filter.rows[place] : this.model.count;
  }

  show(from, to) {
    const [first, last] = this.domain;
    const least = this.mode === "order" ? 4 : 500;
    let width = Math.min(Math.max(to - from, Math.min(least, last - first)), last - first);
    const middle = (from + to) / 2;
    from = Math.min(Math.max(middle - width / 2, first), last - width);
    [this.from, this.to] = [from, from + width];
  }

  zoom(factor, x = (this.left + this.width) / 2) {
    const fixed = this.axis(x);
    const share = (x - this.left) / (this.width - this.left);
    const [first, last] = this.domain;
    const width = Math.min(Math.max((this.to - this.from) / factor, this.mode === "order" ? 4 : 500), last - first);
    this.slideTo(fixed - share * width, width);
  }

  pan(pixels) {
    this.slideTo(this.from + (pixels / (this.width - this.left)) * (this.to - this.from), this.to - this.from);
  }

  slideTo(from, width) {
    const [first, last] = this.domain;
    this.from = Math.min(Math.max(from, first), Math.max(last - width, first));
    this.to = this.from + width;
  }

  // Brings a row onto the screen, not to its very edge.
  reveal(row) {
    const at = this.at(row), width = this.to - this.from;
    if (at < this.from + width * 0.04 || at > this.to - width * 0.04) this.slideTo(at - width / 2, width);
  }

  // A row in the middle, so near that rows can be told apart.
  approach(row) {
    const most = this.mode === "order" ? (this.width - this.left) / 10 : Infinity;
    const width = Math.min(this.to - this.from, most);
    this.slideTo(this.at(row) - width / 2, width);
    this.reveal(row);
  }

  // Keeps the middle when the axis changes under it.
  change(apply) {
    const whole = this.from <= this.domain[0] && this.to >= this.domain[1];
    const middle = Math.min(this.rowAt((this.from + this.to) / 2), this.model.count - 1);
    apply();
    this.fit();
    if (!whole && middle >= 0 && this.mode === "order") this.approach(middle);
  }
}
