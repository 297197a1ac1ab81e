// Runs a WASI program under Node, in the working directory: node run.mjs PROGRAM.wasm [ARGUMENTS]
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [path, ...rest] = process.argv.slice(2);
const { TQ_TARGET } = process.env;
const wasi = new WASI({
  version: 'preview1',
  args: [path, ...rest],
  env: TQ_TARGET === undefined ? {} : { TQ_TARGET },
  preopens: { '.': '.' },
});
const module = await WebAssembly.compile(readFileSync(path));
const imports = { wasi_snapshot_preview1: wasi.wasiImport };
process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
