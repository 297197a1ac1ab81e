// Scripts/build-lab lists everything that is missing at once, says how to install it, and refuses another
// Chart.js.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function checkRequirements() {
  // A PATH with only the programs that the script needs for its checks.
  const programs = mkdtempSync(join(tmpdir(), 'lab-path-'));
  try {
    for (const name of ['dirname', 'find', 'head']) {
      symlinkSync(['/usr/bin', '/bin'].map((folder) => join(folder, name)).find(existsSync), join(programs, name));
    }
    const { status, stdout } = spawnSync('/bin/bash', ['Scripts/build-lab', 'chromium:chromium', 'node:nodejs'],
      { env: { PATH: programs, CHART_JS: join(programs, 'chart.min.js') }, encoding: 'utf8' });
    assert.equal(status, 77, stdout);
    assert.equal(stdout, 'SKIPPED: the lab is not built; missing: cmark-gfm libjs-chart.js chromium nodejs swiftc clang wasm-ld\n'
      + '  apt-get install cmark-gfm libjs-chart.js chromium nodejs\n'
      + '  the Swift toolchain for Linux has swiftc clang wasm-ld: put its usr/bin into PATH\n');
    const other = spawnSync('/bin/bash', ['Scripts/build-lab'],
      { env: { ...process.env, CHART_JS: 'Lab/README.md' }, encoding: 'utf8' });
    assert.equal(other.status, 1, other.stdout);
    assert.match(other.stdout, /^ERROR: Lab\/README\.md is not the Chart\.js 3\.9\.1 .*\n.*\n  apt-get install libjs-chart\.js=/);
    return 'seven missing things named at once; another file in place of Chart.js refused';
  } finally {
    rmSync(programs, { recursive: true });
  }
}
