figures.push({
  number: 3,
  controls: [
    inputControl,
    { name: 'd', label: 'Dimension d', choices: [8, 16, 32, 64, 128, 256, 384], initial: 256 },
    { name: 'b', label: 'Bits at the marker', choices: steps(1, 6, 0.5), initial: 3.5 },
    { name: 'n', label: 'Vectors', choices: [20, 50, 100, 200], initial: 100 },
  ],
  charts: ['Squared error against bits per coordinate on a logarithmic scale'],
  needsSamples,
  draw([plot], { series }, _, [, , marker]) {
    const { bits, shannon, lloydMax, measured, unrotated, entropyLimit } = series;
    plot.draw({
      x: { title: 'bits per coordinate', min: 0.5, max: 6.2 },
      y: { title: 'squared error D', type: 'logarithmic', min: 1e-4, max: 3, ticks: decades },
      layers: [
        { label: 'codec, measured', role: 'measured', kind: 'dots', x: bits, y: measured, error: series.measuredError },
        { label: 'Lloyd–Max, predicted', role: 'predicted', x: bits, y: lloydMax },
        { label: 'Shannon’s lower bound 4⁻ᵇ', role: 'bound', x: bits, y: shannon },
        { label: 'entropy-coded limit', role: 'second', x: bits, y: entropyLimit },
        { label: 'entropy-coded, measured', role: 'second', kind: 'dots', x: series.entropyBits,
          y: series.entropyDistortion, error: series.entropyDistortionError },
        { label: 'without rotation, measured', role: 'third', kind: 'dots', x: bits, y: unrotated, error: series.unrotatedError },
        ...verticals(`marker at ${marker} bits`, 'rule', [marker], 3, 1e-4),
      ],
    });
  },
});
