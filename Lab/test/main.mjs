// Compares the built page with the native library and checks what every page must fulfil:
//
//   node Lab/test/main.mjs CHROMIUM LAB_MEASUREMENTS SCREENSHOTS
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { checkAccessibility } from './accessibility.mjs';
import { takeScreenshots } from './appearance.mjs';
import { Browser } from './browser.mjs';
import { checkControls } from './controls.mjs';
import { checkErrors } from './errors.mjs';
import { checkGoldenFiles } from './golden.mjs';
import { checkLayout, checkText } from './layout.mjs';
import { checkLinks } from './links.mjs';
import { compareWithNative, moveEverySlider } from './measurements.mjs';
import { checkOtherArticle, checkProse } from './prose.mjs';
import { checkRequirements } from './requirements.mjs';
import { longestTask } from './tasks.mjs';

const [chromium, native, screenshots] = process.argv.slice(2);
const dist = 'Lab/dist';
const url = pathToFileURL(`${dist}/index.html`).href;

const step = async (name, body) => {
  const begun = performance.now();
  const said = await body();
  console.log(`${name}: ${said} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
};

await step('Size of the page', () => {
  const files = readdirSync(dist).filter((name) => name !== 'samples.js');
  const bytes = files.reduce((sum, name) => sum + statSync(`${dist}/${name}`).size, 0);
  assert(bytes < 3e6, `${bytes} bytes besides the sample vectors`);
  return `${bytes} bytes besides the sample vectors, under 3,000,000`;
});

await step('What is missing', checkRequirements);

const browser = new Browser(chromium);
try {
  const page = await browser.page(1280, 900);
  await step('First paint', async () => {
    await page.open(url);
    const paint = await page.call(() => new Promise((resolve) => {
      new PerformanceObserver((list) => {
        list.getEntriesByName('first-contentful-paint').forEach((entry) => resolve(entry.startTime));
      }).observe({ type: 'paint', buffered: true });
    }));
    assert(paint < 1000, `first contentful paint after ${paint} ms`);
    return `${Math.round(paint)} ms, under 1,000`;
  });
  let answers = [];
  await step('Every slider to both ends, by keyboard', async () => {
    const { count, longest } = await longestTask(page, async () => { answers = await moveEverySlider(page); });
    assert(longest < 50, `the page was held up for ${longest} ms`);
    return `${answers.length} reports; the longest of ${count} tasks took the page ${Math.round(longest)} ms, under 50`;
  });
  await step('Measured values against the native library', () => compareWithNative(native, answers));
  await step('Errors of what is measured', () => checkErrors(page, answers));
  await step('Positions of every control', () => checkControls(page, native));
  await step('Numbers in the text', () => checkProse(page, native));
  await step('Numbers in the article on the seven results', () => checkOtherArticle(native));
  await step('Formulas and contents', () => checkText(page));
  for (const kernels of ['simd128', 'scalar']) {
    await step(`Golden files, ${kernels}`, () => checkGoldenFiles(browser, `${url}#kernels=${kernels}`, kernels));
  }
  await step('Links carry the state', () => checkLinks(browser, url));
  const other = await browser.page(1280, 900);
  await other.open(url);
  for (const scheme of ['light', 'dark']) {
    await other.appear(1280, 900, scheme);
    await step(`Labels, contrast and focus, ${scheme}`, () => checkAccessibility(other));
  }
  await step('Layout', () => checkLayout(other, [1280, 390, 360]));
  await step('Screenshots', () => takeScreenshots(other, screenshots));
  // A page covered by another one does not paint, so this step comes last.
  await step('Layout of the longest tables and numbers', async () => {
    const longest = await browser.page(390, 900);
    await longest.open(`${url}#10.d=16&10.b=4&9.d=3072&9.n=100&6.n=100000000&2.x=0&1.n=50000`);
    return checkLayout(longest, [390, 360]);
  });
  assert.deepEqual([...page.complaints, ...other.complaints], []);
  console.log('No complaint on any console');
} finally {
  await browser.close();
}
