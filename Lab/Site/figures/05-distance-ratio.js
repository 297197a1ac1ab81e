figures.push({
  number: 5,
  controls: [
    { name: 'k', label: 'Directions k', choices: powersOfTwo(1, 10), initial: 64 },
    { name: 'e', label: 'Tolerance ε', choices: steps(0.05, 0.75, 0.05), initial: 0.25 },
    { name: 'n', label: 'Draws', choices: [500, 1000, 2000, 5000], initial: 2000, show: shown },
  ],
  charts: ['Density of the ratio of projected to true squared distance, exact law and histogram'],
  draw([plot], { series }) {
    const { ratio, measured, measuredError, predictedRatio, predicted, tolerance, end: [end] } = series;
    const top = topOf(measured, measuredError, predicted);
    plot.draw({
      x: { title: ['projected distance² / true distance²', `the last cell holds all beyond ${end}`], min: 0, max: end },
      y: { title: 'density', min: 0, max: top },
      layers: [
        { label: 'codec’s sketch, measured', role: 'measured', kind: 'steps', x: ratio, y: measured, error: measuredError },
        { label: 'χ² law, predicted', role: 'predicted', x: predictedRatio, y: predicted },
        ...verticals('1 ± ε', 'bound', tolerance, top),
      ],
    });
  },
});
