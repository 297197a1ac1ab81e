figures.push({
  number: 8,
  controls: [
    { name: 'c', label: 'Cosine ρ of the two vectors', choices: steps(0, 1, 0.05), initial: 0.5 },
    { name: 'n', label: 'Directions drawn in all', choices: powersOfTwo(16, 20), initial: 2 ** 18, show: shown },
  ],
  charts: ['Error of the estimate against the number of sign bits, both scales logarithmic'],
  draw([plot], { series: { bits, predicted, measured, measuredError } }) {
    plot.draw({
      x: { title: 'sign bits m', type: 'logarithmic', min: 3, max: 6000,
        ticks: { callback: (m) => (Number.isInteger(Math.log2(m)) ? shown(m) : ''), autoSkip: false },
        afterBuildTicks: (axis) => { axis.ticks = bits.filter((_, i) => i % 2 === 0).map((value) => ({ value })); } },
      y: { title: 'root mean square error', type: 'logarithmic', min: 0.003, max: 1, ticks: decades },
      layers: [
        { label: 'codec’s sketch, measured', role: 'measured', kind: 'dots', x: bits, y: measured, error: measuredError },
        { label: '√((π/2 − ρ²)/m), predicted', role: 'predicted', x: bits, y: predicted },
      ],
    });
  },
});
