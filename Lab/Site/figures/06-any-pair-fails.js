figures.push({
  number: 6,
  controls: [
    { name: 'n', label: 'Points n', initial: 1e6, show: shown,
      choices: [4, 8, 16, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8] },
    { name: 'e', label: 'Tolerance ε', choices: steps(0.2, 0.75, 0.05), initial: 0.5 },
    { name: 'p', label: 'Allowed probability δ', choices: [0.0001, 0.001, 0.01, 0.1], initial: 0.01 },
  ],
  charts: ['Probability that any pair fails against the number of directions, on a logarithmic scale'],
  draw([plot], { series }, _, [n, , delta]) {
    const { k, exact, bound, safe, short, fewK, few, fewError, fewPoints: [points], exactForFew } = series;
    const floor = 1e-5;
    const capped = (values) => values.map((value) => Math.max(value, floor / 10));
    plot.draw({
      x: { title: 'directions k', min: 0, max: k.at(-1) },
      y: { title: 'probability that any pair fails', type: 'logarithmic', min: floor, max: 1.5, ticks: decades },
      layers: [
        { label: `failing pairs expected, ${shown(n)} points`, role: 'predicted', x: k, y: capped(exact) },
        { label: 'Dasgupta–Gupta bound', role: 'bound', x: k, y: capped(bound) },
        ...(points < n ? [{ label: `failing pairs expected, ${points} points`, role: 'second', x: k, y: capped(exactForFew) }] : []),
        { label: `${points} points, measured`, role: 'measured', kind: 'dots', x: fewK, y: few, error: fewError },
        ...verticals('k of that bound', 'bound', safe, 1.5, floor),
        ...verticals('k without ε³', 'third', short, 1.5, floor),
        { label: 'δ', role: 'rule', x: [0, k.at(-1)], y: [delta, delta] },
      ],
    });
  },
});
