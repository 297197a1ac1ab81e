// One line of the table for each stage, one column for each coordinate.
function chainTable({ x, rotated, codes, centroids, residual, signs, projections, query }, bits) {
  const fixed = (value) => value.toFixed(2).replace('-', '−');
  const rows = [
    ['1 · vector x', x.map(fixed)],
    ['2 · rotated û = Rx', rotated.map(fixed)],
    [`3 · codes, ${bits} bits (stored)`, codes.map((code) => code.toString(2).padStart(bits, '0'))],
    ['centroids ŷ', centroids.map(fixed)],
    ['4 · residual r = û − ŷ', residual.map(fixed)],
    ['5 · signs of Jr (stored)', signs.map((sign) => (sign > 0 ? '+' : '−'))],
    ['query: Rq', query.map(fixed)],
    ['query: JRq', projections.map(fixed)],
  ];
  const line = ([name, cells]) => element('tr', {},
    element('th', { scope: 'row' }, name), ...cells.map((cell) => element('td', {}, cell)));
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Every number on the way' },
    element('table', { class: 'chain' }, element('tbody', {}, ...rows.map(line))));
}

figures.push({
  number: 10,
  controls: [
    { name: 'd', label: 'Dimension d', choices: [4, 6, 8, 10, 12, 16], initial: 8 },
    { name: 'b', label: 'Bits of stage 1', choices: [1, 2, 3, 4], initial: 2 },
    { name: 'c', label: 'True product ⟨x, q⟩', choices: steps(-0.9, 0.9, 0.1), initial: 0.7 },
    { name: 'n', label: 'Seeds averaged', choices: [100, 300, 1000, 3000], initial: 1000, show: shown },
  ],
  charts: [
    'The coordinates of one vector before and after rotation',
    'The rotated coordinates, their centroids and the residual between them',
  ],
  draw([left, right], { series }, extra, [, bits]) {
    const labels = series.x.map((_, i) => `${i + 1}`);
    left.bars({ labels, title: 'coordinate', height: 'value', datasets: [
      bar('1 · vector x', 'third', 'down', series.x),
      bar('2 · rotated û', 'predicted', 'plain', series.rotated)] });
    right.bars({ labels, title: 'coordinate', height: 'value', datasets: [
      bar('2 · rotated û', 'predicted', 'plain', series.rotated),
      bar('3 · centroids ŷ', 'measured', 'up', series.centroids),
      bar('4 · residual r', 'second', 'dots', series.residual)] });
    extra.replaceChildren(chainTable(series, bits));
  },
});
