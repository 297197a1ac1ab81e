// The sample vectors, fetched by the page once a figure needs them: a script beside it, since a page
// opened from a file may read no other kind of file.

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
