// Takes a picture of every figure, wide and narrow, light and dark, for people to look at. Checks what a
// program can see in them: no chart is empty, and nothing is wider than the screen.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { figureNumbers, settled } from './figures.mjs';

export async function takeScreenshots(page, folder) {
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const scheme of ['light', 'dark']) {
    for (const [width, height] of [[1280, 1600], [360, 3200]]) {
      await page.appear(width, height, scheme);
      for (const number of await figureNumbers(page)) {
        await settled(page, number);
        const { clip, inks } = await page.call(look, number);
        inks.forEach((ink) => assert(ink > 20, `a chart of figure ${number} is empty at ${width} pixels`));
        const { data } = await page.send('Page.captureScreenshot', { format: 'png', clip });
        writeFileSync(`${folder}/figure-${number}-${width}-${scheme}.png`, Buffer.from(data, 'base64'));
        count += 1;
      }
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      assert(overflow <= 0, `${overflow} pixels too wide at ${width}`);
    }
  }
  return `${count} in ${folder}`;
}

// Runs in the page after it is painted: the place of the figure, and the number of pixels drawn per chart.
async function look(number) {
  const frame = document.getElementById(`figure-${number}`);
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const inks = [...frame.querySelectorAll('canvas')].map((canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
  const { x, y, width, height } = frame.getBoundingClientRect();
  return { clip: { x: x + scrollX, y: y + scrollY, width, height, scale: 1 }, inks };
}
