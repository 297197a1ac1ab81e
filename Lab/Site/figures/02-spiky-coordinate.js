// By the number of the rotation: a Haar matrix takes d³ operations a draw.
const dimensions = { 1: [8, 16, 32, 64], 2: [96, 128, 256, 384] };

figures.push({
  number: 2,
  controls: [
    { ...inputControl, initial: 2 },
    { name: 'R', label: 'Rotation', menu: true, initial: 2,
      choices: [{ value: 2, label: 'Hadamard steps (d > 64)' }, { value: 1, label: 'Haar (d ≤ 64)' }] },
    { name: 'size', label: 'Dimension d, Hadamard (Haar)', choices: [0, 1, 2, 3], initial: 1,
      show: (i) => `${dimensions[2][i]} (${dimensions[1][i]})` },
    { name: 'n', label: 'Draws', choices: [300, 1000, 3000], initial: 3000, show: shown },
  ],
  charts: [
    'Histogram of the first coordinate before rotation',
    'Histogram of the first coordinate after rotation, with the exact law and a fitted normal law',
  ],
  needsSamples,
  values([input, rotation, size, draws]) {
    return [input, rotation, dimensions[rotation][size], draws];
  },
  draw([left, right], { series }) {
    const { t, before, beforeError, after, afterError, lawT, exact, normal } = series;
    const x = { title: ['first coordinate × √d', 'the end cells hold what is beyond'], min: -5, max: 5 };
    left.draw({
      x, y: { title: 'density, before', min: 0, max: topOf(before, beforeError) },
      layers: [{ label: 'not rotated, measured', role: 'third', kind: 'steps', x: t, y: before, error: beforeError }],
    });
    right.draw({
      x, y: { title: 'density, after', min: 0, max: topOf(after, afterError, exact) },
      layers: [
        { label: 'rotated, measured', role: 'measured', kind: 'steps', x: t, y: after, error: afterError },
        { label: 'exact law', role: 'predicted', x: lawT, y: exact },
        { label: 'fitted normal', role: 'bound', x: lawT, y: normal },
      ],
    });
  },
});
