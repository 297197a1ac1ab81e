// Checks names, contrast, focus and motion.
import assert from 'node:assert/strict';
import { figureNumbers, settled } from './figures.mjs';

export async function checkAccessibility(page) {
  for (const number of await figureNumbers(page)) await settled(page, number);
  const names = await checkNames(page);
  const contrast = await page.call(contrasts);
  const tooFaint = contrast.filter(({ ratio, least }) => ratio < least);
  assert.deepEqual(tooFaint, []);
  const stops = await checkFocus(page);
  assert.equal(await page.evaluate('document.getAnimations().length'), 0);
  const least = Math.min(...contrast.filter((each) => each.least === 4.5).map(({ ratio }) => ratio));
  return `${names} named controls and charts, contrast of text at least ${least.toFixed(1)}, ${stops} stops in order`;
}

// Every control and every chart has a name for readers who do not see it.
async function checkNames(page) {
  const { nodes } = await page.send('Accessibility.getFullAXTree');
  const roles = ['slider', 'combobox', 'button', 'link', 'textbox', 'image', 'form'];
  const found = nodes.filter(({ ignored, role }) => !ignored && roles.includes(role?.value));
  for (const { role, name } of found) assert(name?.value, `a ${role.value} without a name`);
  return found.length;
}

// Runs in the page: the contrast of every text with its background (WCAG 2.1), and of the charts' colours.
function contrasts() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (element) => {
    const own = channels(getComputedStyle(element).backgroundColor);
    return own.length === 3 || own[3] === 1 ? own : background(element.parentElement);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('script, noscript, svg')) continue;
    const colour = channels(getComputedStyle(element).color);
    found.push({ what: walker.currentNode.data.slice(0, 40), ratio: ratio(colour, background(element)), least: 4.5 });
  }
  const panel = background(document.querySelector('figure'));
  const probe = document.body.appendChild(document.createElement('span'));
  for (const role of ['predicted', 'measured', 'bound', 'second', 'third', 'rule']) {
    probe.style.color = `var(--${role})`;
    found.push({ what: role, ratio: ratio(channels(getComputedStyle(probe).color), panel), least: 3 });
  }
  probe.remove();
  return found;
}

// Tab visits every focusable element in the order of the page, and each of them shows the focus.
async function checkFocus(page) {
  const expected = await page.call(() => {
    const stops = document.querySelectorAll('a[href], button, input, select, [tabindex]');
    stops[0].focus();
    globalThis.stop = stops[0];
    return stops.length;
  });
  let count = 1;
  // Besides these, Tab stops at boxes whose contents the arrow keys scroll.
  for (let presses = 0; count < expected && presses < 2 * expected; presses += 1) {
    await page.press('Tab');
    const { name, isNext, outline, isControl } = await page.call(() => {
      const [before, now] = [globalThis.stop, document.activeElement];
      globalThis.stop = now;
      return {
        name: `${now.localName} ${now.id}`,
        isNext: (before.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
        outline: getComputedStyle(now).outlineStyle,
        isControl: now.matches('a[href], button, input, select, [tabindex]'),
      };
    });
    assert(isNext, `the focus jumps back to ${name}`);
    assert.notEqual(outline, 'none', `${name} does not show the focus`);
    count += isControl ? 1 : 0;
  }
  assert.equal(count, expected);
  return expected;
}
