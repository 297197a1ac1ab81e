// Compares the rows that the page's own module writes for the golden input with the golden files.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';

const folder = 'Tests/TurboQuantFilesTests/Fixtures';

// Finds a section by its name in the table, which follows the 64 bytes of the header.
function section(file, wanted) {
  for (let at = 64; at < 64 + 2 * 64; at += 64) {
    const name = file.toString('latin1', at, at + 16).replace(/\0+$/, '');
    const [offset, length] = [file.readBigUInt64LE(at + 16), file.readBigUInt64LE(at + 24)];
    if (name === wanted) return file.subarray(Number(offset), Number(offset + length));
  }
  throw new Error(`no section ${wanted}`);
}

// Runs in the page: the codec of `record` encodes five rows of ((37 i + 101 row + i² row) mod 61) − 30, the
// golden input of Documentation/FileFormat.md.
const encode = async (record, dimension) => {
  const floats = Float32Array.from({ length: 5 * dimension }, (_, place) => {
    const [row, i] = [Math.floor(place / dimension), place % dimension];
    return (37 * i + 101 * row + i * i * row) % 61 - 30;
  });
  const { codec } = await lab;
  return [...await codec.call('encode', { record: Uint8Array.from(record), floats })];
};

export async function checkGoldenFiles(browser, url, kernels) {
  const page = await browser.page(1280, 900);
  await page.open(url);
  await page.evaluate('lab');
  const about = await page.evaluate(`document.getElementById('about-codec').textContent`);
  assert(about.includes(kernels), about);
  const names = readdirSync(folder).filter((name) => name.endsWith('.tqv'));
  assert(names.length >= 7);
  for (const name of names) {
    const file = readFileSync(`${folder}/${name}`);
    const dimension = Number(name.match(/-([0-9]+)-/)[1]);
    const rows = await page.call(encode, [...section(file, 'codec')], dimension);
    assert.deepEqual(rows, [...section(file, 'rows')], name);
  }
  assert.deepEqual(page.complaints, []);
  return `${names.length} files equal`;
}
