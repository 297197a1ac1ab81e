// One figure of the article: controls, charts, the table of predicted and measured numbers.

class Figure {
  // `definition` has number, controls, charts (their descriptions) and draw(plots, report, extra,
  // positions); optionally whether it needs the samples, what values the positions stand for, and which
  // further report drawMore draws.
  constructor(definition, codec) {
    Object.assign(this, { needsSamples: () => false, values: (positions) => positions }, definition);
    this.codec = codec;
    this.frame = document.getElementById(`figure-${this.number}`);
    this.controls = definition.controls.map((control) =>
      new Control(this.number, control, () => this.update()));
    this.plots = definition.charts.map((description) =>
      new Plot(description, `results-${this.number}`));
    this.extra = element('div', { class: 'extra' });
    this.table = element('div', { class: 'results', id: `results-${this.number}` });
    this.moreTable = element('div', { class: 'results' });
    this.link = element('a', { href: state.hash(this.number) }, 'Link to this setting');
    this.status = element('span', { role: 'status' }, 'Measures when it comes into view.');
    this.frame.append(
      element('form', { class: 'controls', 'aria-label': `Settings of figure ${this.number}` },
        ...this.controls.map((control) => control.element)),
      element('div', { class: 'charts' },
        ...this.plots.map((plot) => plot.element)),
      this.extra, this.table, this.moreTable,
      element('p', { class: 'status' }, this.status, ' ', this.link));
    this.frame.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
    addEventListener('statewritten', () => { this.link.href = state.hash(this.number); });
    this.watch();
  }

  // Measures only figures in view, or nearly.
  watch() {
    this.isSeen = false;
    this.isStale = true;
    new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      if (this.isSeen && this.isStale) this.update();
    }, { rootMargin: '200px' }).observe(this.frame);
  }

  restore() {
    this.controls.forEach((control) => control.restore());
    this.update();
  }

  // Requests a report for the current settings; done once no later update has begun.
  async update() {
    this.isStale = !this.isSeen;
    this.frame.dataset.state = this.isStale ? 'waiting' : 'measuring';
    if (this.isStale) return;
    const update = Symbol('update');
    this.latest = update;
    const positions = this.controls.map((control) => control.value);
    const request = { figure: this.number, values: this.values(positions), seed: state.seed };
    try {
      if (this.needsSamples(positions)) await loadSamples(this.codec);
      const report = await this.codec.report(request);
      if (report === null) return;
      this.show({ request, report, positions });
      await this.measureMore(request.seed);
      if (this.latest === update) this.frame.dataset.state = 'done';
    } catch (error) {
      this.fail(error);
    }
  }

  show({ request, report, positions }) {
    this.last = { request, report, positions };
    this.draw(this.plots, report, this.extra, positions);
    this.table.replaceChildren(comparisonTable(report.comparisons));
    this.status.textContent =
      `Measured in ${shown(Math.max(1, Math.round(report.milliseconds)))} ms, seed ${request.seed}.`;
  }

  // What depends only on the seed, such as recall over all queries.
  async measureMore(seed) {
    if (!this.more || this.lastMore?.request.seed === seed) return;
    const request = { figure: this.more, values: [], seed };
    const report = await this.codec.report(request);
    if (report === null) return;
    this.lastMore = { request, report };
    this.drawMore(this.plots, report);
    this.moreTable.replaceChildren(comparisonTable(report.comparisons));
  }

  redraw() {
    if (this.last) this.draw(this.plots, this.last.report, this.extra, this.last.positions);
    if (this.lastMore) this.drawMore(this.plots, this.lastMore.report);
  }

  fail(error) {
    this.frame.dataset.state = 'failed';
    this.status.textContent = `Not measured: ${error.message}`;
    console.error(error);
  }
}

// Predicted and measured numbers side by side.
function comparisonTable(comparisons) {
  const hasBound = comparisons.some(({ bound }) => bound !== null);
  const columns = ['predicted', 'measured', ...(hasBound ? ['bound'] : [])];
  const head = element('tr', {}, element('td'), ...columns.map((name) => element('th', { scope: 'col' }, name)));
  const rows = comparisons.map(({ quantity, predicted, measured, standardError, bound }) => {
    const spread = standardError > 0 ? plusOrMinus(standardError) : '';
    const numbers = [shown(predicted), shown(measured) + spread, ...(hasBound ? [shown(bound)] : [])];
    return element('tr', {}, element('th', { scope: 'row' }, quantity),
      ...numbers.map((number) => element('td', {}, number)));
  });
  return element('table', { 'aria-label': 'Predicted and measured numbers' },
    element('thead', {}, head), element('tbody', {}, ...rows));
}

// The definitions, which the files of the folder figures add.
const figures = [];
