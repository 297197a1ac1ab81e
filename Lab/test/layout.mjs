// Checks the page at every width: nothing reaches beyond the screen or is cut off in its box, every formula is
// set as mathematics, the contents have valid links, and the text addresses a reader of the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { figureNumbers, settled } from './figures.mjs';

export async function checkLayout(page, widths) {
  const counts = [];
  for (const width of widths) {
    await page.appear(width, 900, 'light');
    for (const number of await figureNumbers(page)) await settled(page, number);
    const { header, scrollWidth, checked, beyond, cut, broken } = await page.call(measure);
    assert(/the lab\s+Seed/.test(header), `the header says ${header} at ${width} pixels`);
    assert(scrollWidth <= width, `the page is ${scrollWidth} pixels wide on a screen of ${width}`);
    assert.deepEqual(beyond, [], `beyond a screen of ${width}`);
    assert.deepEqual(cut, [], `cut off on a screen of ${width}`);
    assert.deepEqual(broken, [], `heads of tables broken on a screen of ${width}`);
    counts.push(checked);
  }
  return `${counts.join(', ')} boxes within screens of ${widths.join(', ')} pixels`;
}

// Runs in the page: boxes that reach beyond the screen, boxes that hide part of their content, and column
// heads of more than one line.
function measure() {
  const name = (each) => `${each.closest('figure')?.id ?? 'article'}: ${each.localName}.${each.className} ${each.textContent.slice(0, 30)}`;
  const boxes = [...document.querySelectorAll(`header *, nav, figure, figcaption, .control, .chart, canvas, table, .formula,
    math, aside, .meanings, .columns, .legend li, #article > :is(p, ul, ol, h1, h2)`)]
    .filter((each) => each.getClientRects().length > 0);
  return {
    header: document.querySelector('header').innerText,
    scrollWidth: document.scrollingElement.scrollWidth,
    checked: boxes.length,
    beyond: boxes.filter((each) => {
      const { left, right } = each.getBoundingClientRect();
      return left < 0 || right > innerWidth + 0.5;
    }).map(name),
    cut: [...document.querySelectorAll('#article *')]
      .filter((each) => getComputedStyle(each).overflowX !== 'visible' && each.scrollWidth > each.clientWidth + 1)
      .map(name),
    broken: [...document.querySelectorAll('thead th')]
      .filter((each) => {
        const range = document.createRange();
        range.selectNodeContents(each);
        return range.getClientRects().length > 1;
      }).map(name),
  };
}

export async function checkText(page) {
  const article = readFileSync('Sources/TurboQuant/TurboQuant.docc/the-lab.md', 'utf8');
  const blocks = article.match(/^```$/gm).length / 2;
  const { formulas, code, links, headings, text } = await page.call(() => ({
    formulas: [...document.querySelectorAll('.formula')].map((each) => {
      const mathematics = [...each.querySelectorAll('math')];
      return mathematics.length > 0 && mathematics.every((one) =>
        one.namespaceURI === 'http://www.w3.org/1998/Math/MathML' && one.getBoundingClientRect().height > 10);
    }),
    code: document.querySelectorAll('pre').length,
    links: [...document.querySelectorAll('nav.contents a')].map((each) =>
      document.getElementById(decodeURIComponent(each.hash.slice(1)))?.textContent),
    headings: [...document.querySelectorAll('#article h2')].map((each) => each.textContent),
    text: document.body.innerText,
  }));
  assert.equal(formulas.length, blocks);
  assert(formulas.every(Boolean), 'a formula that is not drawn as mathematics');
  assert.equal(code, 0);
  assert.deepEqual(links, headings);
  assert(headings.length >= 10);
  assert(!/build-lab|dist\/index/.test(text), 'the page tells its reader to build it');
  for (const word of ['Beta', 'nearly independent']) assert(text.includes(word), word);
  return `${blocks} formulas, ${links.length} contents`;
}
