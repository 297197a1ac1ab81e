// The beginning of a text, in whole words.
const beginning = (text, length) =>
  (text.length <= length ? text : `${text.slice(0, text.lastIndexOf(' ', length))} …`);

// The texts of rows, best first; what only one side found is marked by a word.
function hits(title, rows, scores, others, otherwise) {
  const items = rows.map((row, i) => {
    const isShared = others.includes(row);
    return element('li', {}, `${scores[i].toFixed(3)} `, beginning(samples.rowTexts[row], 90),
      ...(isShared ? [] : [' ', element('strong', {}, otherwise)]));
  });
  return element('section', {}, element('h4', {}, title), element('ol', {}, ...items));
}

figures.push({
  number: 11,
  controls: [
    { name: 'b', label: 'Bits per coordinate', choices: [1, 2, 3, 4], initial: 2 },
    { name: 'q', label: 'Query', menu: true, initial: 0,
      choices: queryTexts.map((text, value) => ({ value, label: beginning(text, 80) })) },
    { name: 's', label: 'Sharpness of attention', choices: [5, 10, 20, 40, 80], initial: 20 },
  ],
  charts: ['Recall over all queries by bits', 'Attention weights of the heaviest keys, exact and from codes'],
  needsSamples: () => true,
  more: 12,
  draw([, attention], { series }, extra, [bits]) {
    extra.replaceChildren(element('div', { class: 'columns' },
      hits('Exact, 1,536 bytes per vector', series.exactRows, series.exactScores, series.foundRows, 'missed'),
      hits(`Compressed, ${bits} bits`, series.foundRows, series.foundScores, series.exactRows, 'not among the ten')));
    attention.bars({
      labels: series.keys.map((_, i) => `${i + 1}`), title: 'key, heaviest first', height: 'attention weight',
      datasets: [
        bar('exact', 'predicted', 'plain', series.weights),
        bar('from codes', 'measured', 'up', series.estimatedWeights)],
    });
  },
  drawMore([recall], { series }) {
    recall.draw({
      x: { title: 'bits per coordinate', min: 0.5, max: 4.5,
        afterBuildTicks: (bits) => { bits.ticks = series.bits.map((value) => ({ value })); } },
      y: { title: 'recall@10, %', max: 100,
        min: Math.floor(Math.min(...series.recall.map((value, i) => 100 * (value - 2 * series.recallError[i])))) },
      layers: [{ label: 'recall over all queries, measured', role: 'measured', kind: 'dots', x: series.bits,
        y: percent(series.recall), error: percent(series.recallError) }],
    });
  },
});
