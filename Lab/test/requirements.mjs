// Scripts/build-lab names everything that is missing at once, and how to install it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function checkRequirements() {
  // A PATH with nothing on it but what the script needs to look around.
  const programs = mkdtempSync(join(tmpdir(), 'lab-path-'));
  try {
    for (const name of ['dirname', 'find', 'head']) {
      symlinkSync(['/usr/bin', '/bin'].map((folder) => join(folder, name)).find(existsSync), join(programs, name));
    }
    const { status, stdout } = spawnSync('/bin/bash', ['Scripts/build-lab', 'chromium:chromium', 'node:nodejs'],
      { env: { PATH: programs }, encoding: 'utf8' });
    assert.equal(status, 77, stdout);
    assert.equal(stdout, 'SKIPPED: the lab is not built; missing: cmark-gfm chromium nodejs swiftc clang wasm-ld\n'
      + '  apt-get install cmark-gfm chromium nodejs\n'
      + '  the Swift toolchain for Linux has swiftc clang wasm-ld: put its usr/bin into PATH\n');
    return 'six missing programs named at once';
  } finally {
    rmSync(programs, { recursive: true });
  }
}
