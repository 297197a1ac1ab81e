// A link to a setting shows that setting when it is opened elsewhere, and a slider can be moved by touch.
import assert from 'node:assert/strict';
import { reports, settled } from './figures.mjs';

export async function checkLinks(browser, url) {
  const page = await browser.page(1280, 900);
  await page.open(`${url}#at=figure-5&seed=99&5.k=128&5.e=0.4`);
  await settled(page, 5);
  const [{ request }] = await reports(page, 5);
  assert.deepEqual(request, { figure: 5, values: [128, 0.4, 2000], seed: '99' });
  await page.call(() => { location.hash = '#article'; });
  const link = await page.evaluate(`document.querySelector('#figure-5 .status a').hash`);
  const elsewhere = await browser.page(360, 740);
  await elsewhere.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  await elsewhere.open(`${url}${link}`);
  await settled(elsewhere, 5);
  const [second] = await reports(elsewhere, 5);
  assert.deepEqual(second.request, request);
  await touchRightEnd(elsewhere, 'control-5-k');
  await settled(elsewhere, 5);
  const [third] = await reports(elsewhere, 5);
  assert.equal(third.request.values[0], 1024);
  assert.deepEqual([...page.complaints, ...elsewhere.complaints], []);
  return 'seed, controls and place; a slider moved by touch';
}

async function touchRightEnd(page, id) {
  const point = await page.call((control) => {
    const element = document.getElementById(control);
    element.scrollIntoView({ block: 'center' });
    const { right, top, height } = element.getBoundingClientRect();
    return { x: right - 4, y: top + height / 2 };
  }, id);
  await page.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] });
  await page.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}
