// Signs: every group of rows has a shape of its own, so that nothing depends on telling colours apart.

const GROUPS = {
  promise: "promised",
  vote: "accepted (a vote)",
  propose: "proposed",
  choose: "chosen: a quorum voted",
  learn: "learned",
  refuse: "refused",
  election: "elections",
  recovery: "recovery and catch-up",
  truncation: "begin moved (truncation)",
  life: "lives: boots, crashes, wipes, pauses",
  client: "clients",
  fault: "faults",
  frame: "frames",
  point: "points: rare paths",
};

let palette = {};
let patterns = {};

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  palette = {};
  patterns = {};
  for (const name of ["ground", "panel", "text", "muted", "line", "strong", "accent", "bad", "bad-ground", "selected",
    "band-voting", "band-recovering", "band-starting", "band-empty", "band-opening", "pattern", "veil", "reign", "fault",
    "fault-ground", "operation", "operation-failed", "operation-unknown", ...Object.keys(GROUPS)]) {
    palette[name] = style.getPropertyValue("--" + name).trim();
  }
}

function polygon(draw, x, y, points) {
  draw.beginPath();
  points.forEach(([dx, dy], i) => (i === 0 ? draw.moveTo(x + dx, y + dy) : draw.lineTo(x + dx, y + dy)));
  draw.closePath();
}

const STAR = Array.from({ length: 10 }, (_, i) => {
  const angle = (Math.PI / 5) * i - Math.PI / 2, radius = i % 2 ? 0.45 : 1.15;
  return [Math.cos(angle) * radius, Math.sin(angle) * radius];
});
const HEXAGON = Array.from({ length: 6 }, (_, i) => [Math.cos((Math.PI / 3) * i), Math.sin((Math.PI / 3) * i)]);

// A sign of about 2 * size pixels around (x, y).
function drawSign(draw, group, x, y, size) {
  const s = size;
  const scaled = (points) => points.map(([dx, dy]) => [dx * s, dy * s]);
  const color = palette[group];
  draw.fillStyle = color;
  draw.strokeStyle = color;
  draw.lineWidth = 1.6;
  const fillOutlined = () => {
    draw.fill();
    draw.lineWidth = 1;
    draw.strokeStyle = palette.ground;
    draw.stroke();
  };
  switch (group) {
    case "promise": polygon(draw, x, y, scaled([[0, -1.05], [1, 0.8], [-1, 0.8]])); fillOutlined(); break;
    case "vote": draw.beginPath(); draw.arc(x, y, s * 0.95, 0, 7); fillOutlined(); break;
    case "propose":
      draw.beginPath(); draw.arc(x, y, s * 0.85, 0, 7); draw.fillStyle = palette.ground; draw.fill(); draw.stroke(); break;
    case "choose": polygon(draw, x, y, scaled([[0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]])); fillOutlined(); break;
    case "learn": draw.beginPath(); draw.rect(x - s * 0.85, y - s * 0.85, s * 1.7, s * 1.7); fillOutlined(); break;
    case "refuse":
      draw.beginPath(); draw.moveTo(x - s * 0.8, y - s * 0.8); draw.lineTo(x + s * 0.8, y + s * 0.8);
      draw.moveTo(x + s * 0.8, y - s * 0.8); draw.lineTo(x - s * 0.8, y + s * 0.8); draw.lineWidth = 2.4; draw.stroke(); break;
    case "election": polygon(draw, x, y, scaled(STAR)); fillOutlined(); break;
    case "recovery": polygon(draw, x, y, scaled(HEXAGON)); fillOutlined(); break;
    case "truncation":
      draw.beginPath(); draw.moveTo(x + s * 0.7, y - s); draw.lineTo(x - s * 0.5, y - s); draw.lineTo(x - s * 0.5, y + s);
      draw.lineTo(x + s * 0.7, y + s); draw.lineWidth = 2.4; draw.stroke(); break;
    case "life": draw.fillRect(x - s * 0.38, y - s * 1.35, s * 0.76, s * 2.7); break;
    case "client":
      draw.beginPath(); draw.rect(x - s * 0.7, y - s * 0.7, s * 1.4, s * 1.4); draw.fillStyle = palette.ground; draw.fill();
      draw.stroke(); break;
    case "fault":
      polygon(draw, x, y, scaled([[0.25, -1.2], [-0.8, 0.25], [-0.05, 0.25], [-0.3, 1.2], [0.8, -0.3], [0.05, -0.3]]));
      fillOutlined(); break;
    case "frame": draw.beginPath(); draw.arc(x, y, s * 0.38, 0, 7); draw.fill(); break;
    default:
      draw.beginPath(); draw.moveTo(x - s * 0.5, y); draw.lineTo(x + s * 0.5, y); draw.moveTo(x, y - s * 0.5);
      draw.lineTo(x, y + s * 0.5); draw.lineWidth = 1.2; draw.stroke();
  }
}

// The tile that tells a band apart without its colour.
function bandPattern(draw, kind) {
  if (patterns[kind]) return patterns[kind];
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = palette.pattern;
  pen.fillStyle = palette.pattern;
  pen.lineWidth = 1.3;
  if (kind === "stripes") {
    for (const shift of [-8, 0, 8]) { pen.moveTo(shift, 8); pen.lineTo(shift + 8, 0); }
    pen.stroke();
  } else if (kind === "dots") {
    pen.fillRect(1, 1, 2, 2);
    pen.fillRect(5, 5, 2, 2);
  } else {
    pen.fillRect(0, 0, 3, 8);
  }
  return (patterns[kind] = draw.createPattern(tile, "repeat"));
}

// What a frame is about decides the colour of its arrow.
function arrowColor(text) {
  const word = text.slice(0, text.search(/[\s?!:]/));
  if (word === "promise" || word === "settle") return palette.promise;
  if (word === "write") return palette.vote;
  if (word === "learned" || word === "chosen") return palette.learn;
  if (word === "fetch" || word === "recover" || word === "close") return palette.recovery;
  return palette.frame;
}

// Sharp lines on screens with more pixels than points; returns the pen, scaled and cleared.
function penOf(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const pixels = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
  const draw = canvas.getContext("2d");
  draw.setTransform(scale, 0, 0, scale, 0, 0);
  draw.clearRect(0, 0, width, height);
  return draw;
}
