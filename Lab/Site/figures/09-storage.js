figures.push({
  number: 9,
  controls: [
    { name: 'd', label: 'Dimension d', choices: [64, 128, 256, 384, 768, 1024, 1536, 3072], initial: 384, show: shown },
    { name: 'b', label: 'Bits per coordinate b', choices: [2, 3, 4, 5, 6, 7, 8], initial: 4 },
    { name: 'n', label: 'Vectors that share what is stored once', choices: [100, 1000, 5000, 1e5, 1e6], initial: 5000, show: shown },
  ],
  charts: ['Bytes per vector in each scheme, by kind'],
  draw([plot], { series: { codes, signs, scalars, shared, regenerated, polarBits } }, _, [, bits]) {
    plot.bars({
      isAcross: true, isStacked: true, height: 'bytes per vector',
      labels: [`TurboQuant, ${bits} bits`, 'TurboQuant, two stages', `QJL, ${bits} signs`, `PolarQuant, ${polarBits[0].toFixed(1)} bits`,
        'Product quantization', `Group-wise int${bits}`],
      datasets: [
        bar('codes', 'predicted', 'plain', codes), bar('signs', 'second', 'dots', signs),
        bar('scalars', 'measured', 'up', scalars), bar('share of codebooks', 'third', 'down', shared),
        bar('regenerated from the seed, not stored', 'rule', 'outline', regenerated),
      ],
    });
  },
});
