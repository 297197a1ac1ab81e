// Loads the sample vectors when a figure first needs them. They are a script, since a page opened from a file can read
// no other kind of file.

let samplesLoaded;

function loadSamples(codec) {
  samplesLoaded ??= new Promise((resolve, reject) => {
    const script = element('script', { src: 'samples.js' });
    script.onload = resolve;
    script.onerror = () => reject(new Error('samples.js, the sample vectors, could not be read'));
    document.head.append(script);
  }).then(() => codec.call('load', { rows: samples.rows, queries: samples.queries }));
  return samplesLoaded;
}
