// Charts in one style: what theory predicts is a line, what the codec measured is dots, steps or bars,
// and everything differs in form as well as in colour.

const dashes = { predicted: [], bound: [8, 4], second: [2, 3], third: [10, 3, 2, 3], rule: [4, 4], measured: [] };
const marks = { measured: ['circle', '●'], second: ['triangle', '▲'], third: ['rectRot', '◆'] };

const ink = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();
const svg = (content) => `<svg width="28" height="14" aria-hidden="true">${content}</svg>`;

// A dataset of Chart.js; `kind` is line, dots or steps, `error` the standard error of each y, if it has one.
// Its `sample` is what the legend shows.
function layer({ label, role, kind = 'line', x, y, error }) {
  const colour = ink(role);
  const common = {
    label, data: x.map((value, i) => ({ x: value, y: y[i], error: error?.[i] })),
    borderColor: colour, backgroundColor: colour, borderWidth: 2, pointRadius: 0,
  };
  if (kind === 'dots') {
    const [pointStyle, glyph] = marks[role];
    const sample = svg(`<text x="14" y="12" text-anchor="middle" fill="${colour}">${glyph}</text>`);
    return { ...common, showLine: false, pointRadius: 4, pointStyle, clip: 6, sample };
  }
  if (kind === 'steps') {
    const backgroundColor = `${colour}40`;
    const sample = svg(`<rect x="4" y="1" width="20" height="12" fill="${backgroundColor}" stroke="${colour}"/>`);
    return { ...common, borderWidth: 1.5, showLine: true, stepped: 'middle', fill: 'origin', backgroundColor, sample };
  }
  const sample = svg(`<line x2="28" y1="7" y2="7" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes[role]}"/>`);
  return { ...common, showLine: true, borderDash: dashes[role], sample };
}

// Thin bars, two standard errors to either side of every point.
const errorBars = {
  id: 'errorBars',
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: { left, top, width, height, bottom }, scales } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    chart.data.datasets.forEach((dataset, place) => {
      ctx.beginPath();
      ctx.strokeStyle = dataset.borderColor;
      ctx.lineWidth = dataset.stepped ? 0.6 : 1.5;
      chart.getDatasetMeta(place).data.forEach(({ x }, i) => {
        const { y, error } = dataset.data[i];
        // In a histogram, empty cells would draw bars along the axis.
        if (!(error > 0) || (dataset.stepped && y === 0)) return;
        const low = y - 2 * error;
        ctx.moveTo(x, scales.y.getPixelForValue(y + 2 * error));
        // A logarithmic axis cannot show numbers that are not positive.
        ctx.lineTo(x, low > 0 ? scales.y.getPixelForValue(low) : bottom);
      });
      ctx.stroke();
    });
    ctx.restore();
  },
};

// The upper end of an axis for a histogram with its error bars and for its law.
const topOf = (measured, error, predicted = []) =>
  1.1 * Math.max(...predicted, ...measured.map((value, i) => value + 2 * error[i]));

// A vertical line at each x, up to `top`.
const verticals = (label, role, xs, top, bottom = 0) => [{
  label, role, x: xs.flatMap((x) => [x, x, x]), y: xs.flatMap(() => [bottom, top, NaN]),
}];

// A dataset of bars, distinguished by hatching as well as colour.
function bar(label, role, pattern, data) {
  const tile = hatching(role, pattern);
  const backgroundColor = tile.getContext('2d').createPattern(tile, 'repeat');
  const sample = `<span class="tile" style="background-image: url(${tile.toDataURL()})"></span>`;
  return { label, data, backgroundColor, borderColor: ink(role), borderWidth: 1, sample };
}

// A tile in the colour of `role`: plain, outline, dots, or lines that go up or down.
function hatching(role, pattern) {
  const tile = element('canvas', { width: 8, height: 8 });
  const pen = tile.getContext('2d');
  pen.fillStyle = ink(role) + (pattern === 'plain' ? '' : '40');
  if (pattern !== 'outline') pen.fillRect(0, 0, 8, 8);
  pen.fillStyle = pen.strokeStyle = ink(role);
  pen.lineWidth = 2;
  if (pattern === 'dots') pen.fillRect(2, 2, 3, 3);
  if (pattern === 'up' || pattern === 'down') {
    const [low, high] = pattern === 'up' ? [9, -1] : [-1, 9];
    // The lines extend beyond the corners, so that those of neighbouring tiles meet.
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift - 1, low);
      pen.lineTo(shift + 9, high);
    }
    pen.stroke();
  }
  return tile;
}

const axis = ({ title = '', ticks, ...rest }) => ({
  ...rest,
  title: { display: title !== '', text: title, color: ink('ink') },
  grid: { color: ink('grid') },
  ticks: { color: ink('faint'), maxRotation: 0, includeBounds: false, autoSkipPadding: 8, ...ticks },
});

// One chart and its legend.
class Plot {
  constructor(description, describedBy) {
    this.canvas = element('canvas', { role: 'img', 'aria-label': description, 'aria-describedby': describedBy });
    this.legend = element('ul', { class: 'legend' });
    this.element = element('div', {}, element('div', { class: 'chart' }, this.canvas), this.legend);
  }

  // Layers over two axes of numbers.
  draw({ x, y, layers }) {
    const label = ({ dataset, raw }) =>
      `${dataset.label}: ${shown(raw.x)}, ${shown(raw.y)}${raw.error > 0 ? plusOrMinus(raw.error) : ''}`;
    this.show('scatter', { datasets: layers.map(layer) }, {
      scales: { x: axis({ type: 'linear', ...x }), y: axis({ type: 'linear', ...y }) },
      plugins: { legend: { display: false }, tooltip: { callbacks: { label } } },
    });
  }

  // Bars for each of `labels`, upward or across; `title` names the labels, `height` the lengths.
  bars({ labels, datasets, title, height, isAcross = false, isStacked = false }) {
    const [lengths, names] = [axis({ title: height, stacked: isStacked }), axis({ title, stacked: isStacked })];
    this.show('bar', { labels, datasets }, {
      indexAxis: isAcross ? 'y' : 'x',
      scales: isAcross ? { x: lengths, y: names } : { x: names, y: lengths },
      plugins: { legend: { display: false } },
    });
  }

  show(type, data, options) {
    const settled = {
      ...options, animation: false, responsive: true, maintainAspectRatio: false,
      interaction: { mode: 'nearest', intersect: false },
    };
    if (this.chart) {
      Object.assign(this.chart, { data, options: settled });
      this.chart.update('none');
    } else {
      this.chart = new Chart(this.canvas, { type, data, options: settled, plugins: [errorBars] });
    }
    this.legend.innerHTML = data.datasets.map(({ sample, label }) => `<li>${sample} ${label}</li>`).join('');
  }
}
