// Controls that several figures share, as `Input` and `RotationKind` number them in the Swift sources.

const inputControl = {
  name: 'x', label: 'Input vectors', menu: true, initial: 0,
  choices: [
    { value: 0, label: 'one-hot: a single 1' },
    { value: 1, label: 'sparse: four coordinates' },
    { value: 2, label: 'heavy-tailed: Student, 2 degrees' },
    { value: 3, label: 'real embeddings (first d coordinates)' },
  ],
};
const needsSamples = ([input]) => input === 3;
const powersOfTwo = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));
const steps = (from, to, step) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => Number((from + i * step).toFixed(6)));

const percent = (shares) => shares.map((share) => 100 * share);

// Marks only powers of ten on a logarithmic axis.
const decades = {
  callback(value) {
    const power = Math.round(Math.log10(value));
    if (Math.abs(Math.log10(value) - power) > 1e-9) return '';
    return power === 0 ? '1' : `10${superscript(power)}`;
  },
  autoSkip: false,
};
