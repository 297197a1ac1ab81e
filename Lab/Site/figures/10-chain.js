// One line of the table for each coordinate, one column for each stage: narrow enough for a phone.
function chainTable({ x, rotated, codes, centroids, residual, signs, projections, query }, bits) {
  const fixed = (value) => value.toFixed(2).replace(/^-(?=0\.00$)/, '').replace('-', '−');
  const columns = [
    ['x', 'the vector', x.map(fixed)],
    ['û', 'rotated, Rx', rotated.map(fixed)],
    ['code', `of ${bits} bits, stored`, codes.map((code) => code.toString(2).padStart(bits, '0'))],
    ['ŷ', 'centroids of the codes', centroids.map(fixed)],
    ['r', 'residual, û − ŷ', residual.map(fixed)],
    ['±', 'signs of Jr, stored', signs.map((sign) => (sign > 0 ? '+' : '−'))],
    ['Rq', 'query, rotated', query.map(fixed)],
    ['JRq', 'query, projected', projections.map(fixed)],
  ];
  const head = columns.map(([name]) => element('th', { scope: 'col' }, name));
  const line = (_, i) => element('tr', {}, element('th', { scope: 'row' }, `${i + 1}`),
    ...columns.map(([, , cells]) => element('td', {}, cells[i])));
  const meanings = columns.map(([name, meaning]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, meaning)));
  return [
    element('table', { class: 'chain', 'aria-label': 'Every number on the way, a line for each coordinate' },
      element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'i'), ...head)),
      element('tbody', {}, ...x.map(line))),
    element('dl', { class: 'meanings' }, ...meanings),
  ];
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
    extra.replaceChildren(...chainTable(series, bits));
  },
});
