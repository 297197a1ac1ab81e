// Numbers as the page writes them.

const superscript = (digits) => [...String(digits)].map((c) => c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]).join('');

// Four significant digits; powers of ten if they would need many zeros.
function shown(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return value.toLocaleString('en').replace('-', '−');
  if (size >= 1e-4 && size < 1e6) {
    return value.toLocaleString('en', { maximumSignificantDigits: 4 }).replace('-', '−');
  }
  const [digits, power] = value.toExponential(2).split('e');
  return `${digits.replace('-', '−')}\u00a0·\u00a010${superscript(Number(power))}`;
}

// A standard error, in two digits.
const plusOrMinus = (standardError) => ` ±\u00a0${shown(Number(standardError.toPrecision(2)))}`;
