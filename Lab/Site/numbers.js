// Numbers as the page writes them.

const superscript = (digits) => [...String(digits)].map((c) => c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]).join('');

// Four significant digits; powers of ten where those would need many zeros.
function shown(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return value.toLocaleString('en').replace('-', '−');
  if (size >= 1e-4 && size < 1e6) return String(Number(value.toPrecision(4))).replace('-', '−');
  const [digits, power] = value.toExponential(2).split('e');
  return `${digits.replace('-', '−')} · 10${superscript(Number(power))}`;
}
