figures.push({
  number: 7,
  controls: [
    { name: 'a', label: 'Angle θ', choices: steps(0, 180, 5), initial: 60, show: (angle) => `${angle}°` },
    { name: 'm', label: 'Samples (directions)', choices: powersOfTwo(4, 14), initial: 256, show: shown },
    { name: 'J', label: 'Directions', menu: true, initial: 1,
      choices: [{ value: 1, label: 'Gaussian, independent' }, { value: 3, label: 'structured, the codec’s default' }] },
  ],
  charts: ['Share of differing signs against the angle: exact line and measured dots'],
  draw([plot], { series: { angle, measured, measuredError, predicted, chosen } }) {
    plot.draw({
      x: { title: 'angle θ, degrees', min: 0, max: 180, ticks: { stepSize: 30 } },
      y: { title: 'share of signs that differ', min: 0, max: 1 },
      layers: [
        { label: 'codec’s sketch, measured', role: 'measured', kind: 'dots', x: angle, y: measured, error: measuredError },
        { label: 'θ/π, predicted', role: 'predicted', x: angle, y: predicted },
        ...verticals('chosen angle', 'rule', chosen, 1),
      ],
    });
  },
});
