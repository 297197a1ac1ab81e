figures.push({
  number: 4,
  controls: [
    { name: 'd', label: 'Dimension d', choices: [2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024], initial: 32 },
    { name: 'n', label: 'Directions (pairs)', choices: [16, 32, 64, 96], initial: 64,
      show: (count) => `${count} (${shown(count * (count - 1) / 2)})` },
  ],
  charts: ['Share of random pairs by their angle, exact law and histogram'],
  draw([plot], { series: { angle, measured, measuredError, predictedAngle, predicted } }) {
    plot.draw({
      x: { title: 'angle between two random directions, degrees', min: 0, max: 180, ticks: { stepSize: 30 } },
      y: { title: 'pairs for each degree, %', min: 0, max: 100 * topOf(measured, measuredError, predicted) },
      layers: [
        { label: 'pairs, measured', role: 'measured', kind: 'steps', x: angle, y: percent(measured),
          error: percent(measuredError) },
        { label: 'exact law, predicted', role: 'predicted', x: predictedAngle, y: percent(predicted) },
      ],
    });
  },
});
