// Measured numbers have errors, laws are drawn smoothly, and no histogram hides numbers beyond its ends.
import assert from 'node:assert/strict';
import { figureNumbers, settled } from './figures.mjs';

export async function checkErrors(page, answers) {
  let points = 0;
  for (const number of await figureNumbers(page)) {
    await settled(page, number);
    const layers = await page.call(measuredLayers, number);
    for (const { label, errors } of layers) {
      assert(errors.every((error) => Number.isFinite(error)), `figure ${number}: ${label} has no error bars`);
      if (label === 'codec’s sketch, measured' && number === 8) assert(errors.at(-1) > 0, 'figure 8’s last dot');
      points += errors.length;
    }
  }
  let certain = 0;
  for (const { request, report } of answers) {
    certain += certainNumbers(request, report);
    checkSmoothness(request, report);
  }
  assert((await page.call(axisOf, 5)).includes('the last cell holds all beyond'));
  return `${points} points with error bars; ${certain} numbers that nothing random enters`;
}

// Runs in the page: the errors of a figure's measured layers.
const measuredLayers = async (number) => (await lab).figures.find((each) => each.number === number).plots
  .flatMap(({ chart }) => chart.data.datasets)
  .filter(({ label, data }) => label.includes('measured') && typeof data[0] === 'object')
  .map(({ label, data }) => ({ label, errors: data.map(({ error }) => error) }));

const axisOf = async (number) => String((await lab).figures
  .find((each) => each.number === number).plots[0].chart.options.scales.x.title.text);

// A number without an error is not random. It equals its prediction within float32 rounding; or it is a
// codebook's error for the one-hot vector, which does not depend on the place of its 1; or it is a number of
// figure 11 about one query.
function certainNumbers({ figure, values }, { comparisons }) {
  const certain = comparisons.filter(({ measured, standardError }) => measured !== null && standardError === 0);
  for (const { quantity, predicted, measured } of certain) {
    if (figure === 3 && values[0] === 0 && quantity.includes('without rotation')) continue;
    if (figure === 11 && predicted === null) continue;
    assert(predicted !== null && Math.abs(measured - predicted) <= Math.abs(predicted) * 2 ** -20,
      `figure ${figure} at ${values}: ${quantity} is ${measured} without an error`);
  }
  return certain.length;
}

// Neighbouring points of a law differ by at most a tenth of its height, so that no corner is visible. At most
// one draw in a hundred falls into the last cell of figure 5; one in 10,000 lies beyond it.
function checkSmoothness({ figure, values }, { series }) {
  const laws = { 1: ['predicted'], 2: ['exact', 'normal'], 4: ['predicted'], 5: ['predicted'] }[figure] ?? [];
  for (const name of laws) {
    if (figure === 1 && values[0] < 3) continue; // the arcsine law is infinite at its ends
    const law = series[name];
    const top = Math.max(...law);
    law.slice(1).forEach((value, i) => assert(Math.abs(value - law[i]) <= top / 10,
      `figure ${figure} at ${values}: the law leaps from ${law[i]} to ${value}, ${top} at most`));
  }
  if (figure === 5) {
    const width = series.end[0] / series.measured.length;
    assert(series.measured.at(-1) * width <= 0.01, `figure 5 at ${values}: the last cell holds too much`);
  }
}

