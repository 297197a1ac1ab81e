figures.push({
  number: 1,
  controls: [
    { name: 'd', label: 'Dimension d', choices: [2, 3, 4, 8, 16, 32, 64, 128, 256, 384, 768, 1536], initial: 64 },
    { name: 't', label: 'Threshold, in units of 1/√d', initial: 2,
      choices: [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4] },
    { name: 'n', label: 'Projections', choices: [1000, 2000, 5000, 10000, 20000, 50000], initial: 20000, show: shown },
  ],
  charts: ['Density of the projection of a random unit vector on a fixed direction: exact law and histogram'],
  draw([plot], { series }) {
    const { t, measured, measuredError, predictedT, predicted, spread, threshold } = series;
    const top = topOf(measured, measuredError, predicted);
    plot.draw({
      x: { title: 'projection ⟨u, v⟩', min: -1, max: 1 },
      y: { title: 'density', min: 0, max: top },
      layers: [
        { label: 'codec’s rotation, measured', role: 'measured', kind: 'steps', x: t, y: measured, error: measuredError },
        { label: 'exact law, predicted', role: 'predicted', x: predictedT, y: predicted },
        ...verticals('spread ±1/√d', 'rule', spread, top),
        ...verticals(threshold[1] > 1 ? 'threshold, beyond 1' : 'threshold', 'bound', threshold, top),
      ],
    });
  },
});
