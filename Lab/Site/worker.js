// The codec in a worker, so that no measurement blocks the page.
//
// This function is turned into text and becomes the worker's program: a page that was opened from a
// file may load no other script into a worker. It must not refer to anything outside of itself.
function codecWorker() {
  let codec;

  // What the C library needs from its host: an empty environment, without files and clock.
  const host = {
    environ_sizes_get(count, size) {
      const memory = new DataView(codec.memory.buffer);
      memory.setUint32(count, 0, true);
      memory.setUint32(size, 0, true);
      return 0;
    },
    environ_get: () => 0,
    proc_exit(code) { throw new Error(`the codec gave up with code ${code}`); },
  };

  // The bytes that the page has as base64: decoded here, since that takes a while.
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  // The SIMD module where this browser runs it, the scalar one elsewhere or if the address asks for it.
  async function start({ modules, kernels }) {
    const simd128 = bytesOf(modules.simd128);
    const wanted = kernels ?? (WebAssembly.validate(simd128) ? 'simd128' : 'scalar');
    const bytes = wanted === 'simd128' ? simd128 : bytesOf(modules.scalar);
    const { instance } = await WebAssembly.instantiate(bytes, { wasi_snapshot_preview1: host });
    codec = instance.exports;
    return { kernels: wanted };
  }

  // Calls `body` with the address of a copy of `values` in the codec's memory.
  function withCopy(values, body) {
    const address = codec.lab_allocate(Math.max(8, values.byteLength));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(codec.memory.buffer, address, bytes.length).set(bytes);
    try { return body(address); } finally { codec.lab_free(address); }
  }

  // The bytes of the codec's answer; of its error if the length is negative.
  function answer(length) {
    const bytes = new Uint8Array(codec.memory.buffer, codec.lab_answer(), Math.abs(length)).slice();
    if (length >= 0) return bytes;
    throw new Error(new TextDecoder().decode(bytes));
  }

  function report({ figure, values, seed }) {
    const begun = performance.now();
    const length = withCopy(Float64Array.from(values), (address) =>
      codec.lab_report(figure, address, values.length, BigInt(seed)));
    const result = JSON.parse(new TextDecoder().decode(answer(length)));
    return { ...result, milliseconds: performance.now() - begun };
  }

  // Takes the sample vectors.
  function load(samples) {
    const [rows, queries] = [bytesOf(samples.rows), bytesOf(samples.queries)];
    withCopy(rows, (atRows) => withCopy(queries, (atQueries) =>
      codec.lab_load(atRows, rows.length, atQueries, queries.length)));
  }

  // The rows that the codec of a stored record writes; a test compares them with the golden files.
  function encode({ record, floats }) {
    return answer(withCopy(record, (atRecord) => withCopy(floats, (atFloats) =>
      codec.lab_encode(atRecord, record.length, atFloats, floats.length))));
  }

  const tasks = { start, load, report, encode };
  onmessage = async ({ data: { number, task, argument } }) => {
    try {
      postMessage({ number, result: await tasks[task](argument) });
    } catch (error) {
      postMessage({ number, error: String(error.message ?? error) });
    }
  };
}
