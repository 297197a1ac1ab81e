// Every number in the article's text is computed here from the figures' measurements and predictions, or is one
// of the definitions below.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { nativeReports } from './native.mjs';

export async function checkProse(page, program) {
  const ask = (figure, ...values) => nativeReports(program, [{ figure, seed: 1, values }])[0];
  let text = await page.evaluate(`lab.then(() => [...document.querySelectorAll(
    '#article > :is(p, ul, ol, aside), #article figcaption')].map((each) => each.textContent)
    .filter((each) => !each.includes('High-Dimensional Probability')).join(' ').replace(/\\s+/g, ' '))`);
  const claims = [...distances(ask), ...distortions(ask), ...bytes(ask), ...await counts(page)];
  for (const claim of claims) {
    assert(text.includes(claim), `the article does not say: ${claim}`);
    text = text.replaceAll(claim, '');
  }
  const formulas = await page.evaluate(`document.querySelector('.formula:nth-of-type(3)').textContent`);
  assert(formulas.includes((Math.sqrt(3) * Math.PI / 2).toFixed(2)), formulas);
  text = text.replace(/Figure \d+\.|\([^()]*(?:\b(?:19|20)\d\d\b|Lemma|§)[^()]*\)|\(\d\)/g, '');
  for (const definition of definitions) {
    assert(text.includes(definition), `no longer in the article: ${definition}`);
    text = text.replaceAll(definition, '');
  }
  const unheld = [...text.matchAll(/.{0,40}[0-9⁰¹²³⁴-⁹].{0,40}/g)].map(([each]) => each);
  assert.deepEqual(unheld, [], 'numbers that nothing computes');
  const megabytes = (statSync('Lab/dist/samples.js').size / 1e6).toFixed(1);
  assert(readFileSync('Lab/README.md', 'utf8').includes(`${megabytes} MB`), `the samples take ${megabytes} MB`);
  return `${claims.length} sentences computed again, no other number but ${definitions.length} formulas`;
}

// Compares the theory in the article on the seven results with the same computations.
export function checkOtherArticle(program) {
  const text = readFileSync('Sources/TurboQuant/TurboQuant.docc/the-idea-in-seven-results.md', 'utf8').replace(/\s+/g, ' ');
  const ask = (figure, ...values) => nativeReports(program, [{ figure, seed: 1, values }])[0];
  const digits = (value, count) => String(Number(value.toPrecision(count)));
  const concentration = find(ask(1, 384, 3, 1000), 'P(|t|');
  const distances = find(ask(5, 64, 0.25, 500), 'P(off by');
  const { bits, lloydMax } = ask(3, 0, 384, 4, 20).series;
  const error = (b) => lloydMax[bits.indexOf(b)];
  const signs = ask(8, 0.5, 65536);
  const pairs = ask(6, 1e6, 0.5, 0.01);
  const storage = ask(9, 384, 4, 100);
  const claims = [
    `the exact probability is ${digits(concentration.predicted, 4)}, the bound ${digits(concentration.bound, 3)}`,
    `theory says ${digits(find(ask(2, 0, 2, 384, 300), 'mean of (√d·t)⁴, rotated').predicted, 4)}, and 3`,
    ...[1, 2, 3, 4].map((b) => `| ${b} | ${error(b).toPrecision(4)} |`),
    `Its factor is the last column of the table above: ${digits(error(4) * 256, 3)} or `
      + `${(10 * Math.log10(error(4) * 256)).toFixed(1)} dB at 4 bits, and ${digits(Math.sqrt(3) * Math.PI / 2, 4)} or `
      + `${(10 * Math.log10(Math.sqrt(3) * Math.PI / 2)).toFixed(2)} dB in the limit`,
    `the bound is ${digits(distances.bound, 3)}, the exact law gives ${digits(distances.predicted, 4)}`,
    `with 64 sign bits theory says ${digits(find(signs, 'error with 64').predicted, 4)}`,
    `with 256, ${digits(find(signs, 'error with 256').predicted, 4)}`,
    `it gives k = ${pairs.series.short[0]}, and the exact law then expects `
      + `${find(pairs, '… at the short').predicted.toFixed(2)} bad pairs`,
    `bound gives ${pairs.series.safe[0]}.`,
    `a stored rotation would take ${find(storage, 'regenerated').predicted.toLocaleString('en')} at d = 384`,
    `two float32, ${find(storage, 'bytes of a row, TurboQuant').measured} bytes`,
  ];
  claims.forEach((claim) => assert(text.includes(claim), `the article does not say: ${claim}`));
  return `${claims.length} sentences computed again`;
}

const find = ({ comparisons }, beginning) => comparisons.find(({ quantity }) => quantity.startsWith(beginning));

// Figures 4 and 6.
function distances(ask) {
  const [million, hundredMillion, thousand] = [1e6, 1e8, 1e3].map((n) => ask(6, n, 0.5, 0.01));
  const pairs = find(million, 'number of pairs').predicted;
  assert(Math.abs(pairs / 5e11 - 1) < 1e-5, `${pairs} pairs`);
  const growth = hundredMillion.series.safe[0] / thousand.series.safe[0];
  const failing = find(million, '… at the short formula').predicted;
  const far = 1 - find(ask(4, 1024, 64), 'share within 5°').predicted;
  return [
    'A million points have half a trillion pairs',
    `a bar without a dot stands where none of ${million.series.repetitions[0]} repetitions failed`,
    `a hundred million points take ${growth.toFixed(1)} times the k of a thousand`,
    `For a million points, ε = 0.5 and δ = 0.01 it gives ${million.series.short[0]}, where the exact law expects `
      + `${failing.toFixed(2)} failing pairs. The bound with ε³ gives ${million.series.safe[0]}.`,
    `at d = 1024 only ${(100 * far).toFixed(1)}% of the pairs are more than 5° from a right angle`,
  ];
}

// Figure 3.
function distortions(ask) {
  const { bits, lloydMax } = ask(3, 0, 384, 4, 20).series;
  const error = (b) => lloydMax[bits.indexOf(b)];
  const decibels = (factor, digits) => (10 * Math.log10(factor)).toFixed(digits);
  const gap = (b) => decibels(error(b) * 4 ** b, 1);
  const coded = Math.PI * Math.E / 6;
  return [
    `“Within ${decibels(coded, 2)} dB of the limit.” That is the factor πe/6 ≈ ${coded.toFixed(2)}`,
    `is ${gap(1)} dB from the bound at one bit and ${gap(4)} dB at four bits for d = 384, and `
      + `${decibels(Math.sqrt(3) * Math.PI / 2, 2)} dB in the limit.`,
    `Doubling three bits to six divides it by ${Math.round(error(3) / error(6))} for d = 384.`,
    `With two bits and d = 384 the variance times d is D/(1 − D) = ${(error(2) / (1 - error(2))).toFixed(3)}, where `
      + 'D is the error of figure 3 at two bits',
    `with one bit and a Gaussian sketch it is π/2 · D = ${(Math.PI / 2 * error(1)).toFixed(3)}, where D is that at one bit`,
  ];
}

// Figures 9 and 11.
function bytes(ask) {
  const report = ask(9, 384, 4, 5000);
  const rows = Math.round(find(report, '… as many as rows').predicted).toLocaleString('en');
  assert.equal(report.series.scalars[1] / 4, 3);
  const { predicted, measured } = find(ask(11, 2, 0, 20), 'bytes of a vector');
  assert.equal(measured, predicted);
  assert.equal(Math.round(4 * 384 / measured), 15);
  return [
    `would weigh as much as ${rows} rows of 4 bits at d = 384`,
    'only codes, signs and three scalars are stored',
    'in a fifteenth of the bytes',
  ];
}

async function counts(page) {
  const [rows, queries, figures, shown] = await page.evaluate(`lab.then(async ({ codec, figures }) => {
    await loadSamples(codec);
    return [samples.rowTexts.length, queryTexts.length, figures.length, document.title];
  })`);
  assert.equal(figures, 11);
  assert(shown.includes('eleven figures'));
  return [`of ${rows.toLocaleString('en')} descriptions of Debian packages, and of ${queries} short ones`];
}

// Formulas in the text, and numbers that define a scheme.
const definitions = [
  'd squared coordinates add up to 1', 'each is 1/d on average', '1/√d', '√(1−t²)', '1−t² ≤ exp(−t²)', 'dimension d−2',
  '(1 + t)/2', 'Beta((d−1)/2, (d−1)/2)', 'The squares add up to 1', 'mean of t₁² · t₂² is 1/(d(d+2))', '1/d²',
  '3d/(d+2)', 'nearly always 0', 'cost d² operations', '‖x − x̂‖²', '2ᵇᵈ', 'ᵈ · ', '≥ 1, that', 'Δ²/12',
  '√3·π/2', 'result 1', 'd = 2', '‖x‖²', 'χ²', 'lie below 1', 'mean to 1', 'ε³ in the bound', 'exp(−kε²/4)',
  'n(n−1)/2', 'k = 4(2 ln n + ln 1/δ)/ε² drops ε³', '√(2/π)', '1/√(4m)', '1/m of', '1/√m of', 'π/2 − ρ²',
  '8 bits for each 8/b coordinates', 'each 32 coordinates', 'b − 2 bits', '16 coordinates', 'stage 1 alone',
  'all-MiniLM-L6-v2',
];
