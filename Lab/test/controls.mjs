// No control is ignored: each of its positions gives another report, whether the others stand where they begin
// or at their lower ends.
import assert from 'node:assert/strict';
import { nativeReports } from './native.mjs';

export async function checkControls(page, program) {
  const requests = await page.evaluate(`lab.then(${requestsOfControls})`);
  const reports = nativeReports(program, requests);
  const seen = new Map();
  requests.forEach(({ group, position }, i) => {
    const key = `${group}: ${JSON.stringify(reports[i])}`;
    assert(!seen.has(key), `${group}: ${position} shows what ${seen.get(key)} shows`);
    seen.set(key, position);
  });
  checkStorage(requests, reports);
  return `${requests.length} positions, each with a report of its own`;
}

// In the page: a request for each position of each control.
function requestsOfControls({ figures }) {
  const requests = [];
  for (const { number, controls, values } of figures) {
    for (const others of ['at first', 'at their lower ends']) {
      const rest = controls.map(({ choices, initial }) => (others === 'at first' ? initial : choices[0].value));
      controls.forEach(({ key, choices }, place) => {
        for (const { value } of choices.slice(0, 21)) { // figure 11 has 200 queries
          const positions = rest.with(place, value);
          requests.push({ group: `${key}, others ${others}`, position: value, positions,
            figure: number, seed: '1', values: values(positions) });
        }
      });
    }
  }
  return requests;
}

// Figure 9: more bits make every scheme's rows longer, and what is regenerated stands beside what is stored.
function checkStorage(requests, reports) {
  let before;
  requests.forEach(({ group, values }, i) => {
    if (group !== '9.b, others at first') return;
    const { codes, signs, scalars, regenerated } = reports[i].series;
    const rows = codes.map((count, scheme) => count + signs[scheme] + scalars[scheme]);
    const [d, , n] = values;
    assert.equal(regenerated[0], 4 * d * d / n);
    regenerated.slice(0, 4).forEach((share) => assert(share > 0));
    if (before) rows.forEach((row, scheme) => assert(row > before[scheme], `scheme ${scheme} at ${values}`));
    before = rows;
  });
  assert(before, 'figure 9 has no control of bits');
}
