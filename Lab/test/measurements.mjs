// Moves the sliders as a reader does, and compares the reports with those of the native library.
import assert from 'node:assert/strict';
import { figureNumbers, reports, settled } from './figures.mjs';
import { nativeReports } from './native.mjs';

// Kernels may add float32 products in a different order on each target. Then scores of unit vectors, which are
// sums of 384 products, differ by about 2⁻²². A softmax of sharpness 80 multiplies this by 80. Numbers computed
// only from integers and float64 are bit-identical.
const tolerance = 80 * 2 ** -22;

// The reports at both ends of every control, and all reports of another seed.
export async function moveEverySlider(page) {
  const answers = new Map();
  const take = async (number) => {
    await settled(page, number);
    for (const answer of await reports(page, number)) answers.set(JSON.stringify(answer.request), answer);
  };
  const numbers = await figureNumbers(page);
  for (const number of numbers) {
    await take(number);
    for (const id of await page.call(controlIds, number)) {
      const before = await page.call((control) => document.getElementById(control).value, id);
      for (const key of ['Home', 'End']) {
        await page.call((control) => document.getElementById(control).focus(), id);
        await page.press(key);
        assert(await page.call(comesToEnd, id, key), `${id} did not go to its end by ${key}`);
        await take(number);
      }
      await page.call(putBack, id, before);
      await settled(page, number);
    }
  }
  await page.call(setSeed, '20250428');
  for (const number of numbers) await take(number);
  return [...answers.values()];
}

const controlIds = (figure) =>
  [...document.querySelectorAll(`#figure-${figure} .control :is(input, select)`)].map(({ id }) => id);

// Runs in the page: whether a control reaches its end within a second; a menu needs a moment after the key.
const comesToEnd = async (id, key) => {
  const control = document.getElementById(id);
  const last = control.max ?? String(control.options.length - 1);
  const end = key === 'Home' ? '0' : last;
  const deadline = performance.now() + 1000;
  while (control.value !== end && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return control.value === end;
};

const putBack = (id, value) => {
  const control = document.getElementById(id);
  control.value = value;
  control.dispatchEvent(new Event('input'));
};

const setSeed = (seed) => {
  const input = document.getElementById('seed');
  input.value = seed;
  input.dispatchEvent(new Event('change'));
};

export function compareWithNative(program, answers) {
  const lines = answers.map(({ request: { figure, seed, values } }) => [figure, seed, ...values].join(' '));
  const expected = nativeReports(program, answers.map(({ request }) => request));
  let [count, integers, unequal, largest] = [0, 0, 0, 0];
  answers.forEach(({ report }, i) => {
    const [page, native] = [flat(report), flat(expected[i])];
    assert.deepEqual(page.map(([name]) => name), native.map(([name]) => name), lines[i]);
    page.forEach(([name, value], place) => {
      const wanted = native[place][1];
      count += 1;
      if (value === wanted) {
        integers += Number.isInteger(value) ? 1 : 0;
        return;
      }
      const where = `${lines[i]}: ${name} is ${value}, natively ${wanted}`;
      assert(!Number.isInteger(value) && !Number.isInteger(wanted), where);
      const difference = Math.abs(value - wanted) / Math.abs(wanted);
      assert(difference <= tolerance, where);
      unequal += 1;
      largest = Math.max(largest, difference);
    });
  });
  const held = answers.flatMap(({ report }, i) => report.comparisons.map((line) => ({ ...line, where: lines[i] })))
    .filter(({ predicted, standardError }) => predicted !== null && standardError > 0);
  for (const { quantity, where, predicted, measured, standardError } of held) {
    assert(Math.abs(measured - predicted) <= 5 * standardError, `${where}: ${quantity} is ${measured}, not ${predicted}`);
  }
  return `${count - unequal} of ${count} values equal to the bit, ${integers} whole numbers among them; ` +
    `${unequal} differ by up to ${largest.toExponential(1)} of themselves, under ${tolerance.toExponential(1)}; ` +
    `${held.length} measurements within 5 standard errors of their predictions`;
}

// The numbers of a report, each with its name.
function flat({ series, comparisons }) {
  const drawn = Object.entries(series).flatMap(([name, values]) => values.map((value, i) => [`${name}[${i}]`, value]));
  const compared = comparisons.flatMap(({ quantity, ...numbers }) =>
    Object.entries(numbers).map(([name, value]) => [`${quantity}, ${name}`, value]));
  return [...drawn, ...compared];
}
