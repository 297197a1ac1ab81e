// Puts the page together.

function setUpSeed(figures) {
  const input = document.getElementById('seed');
  const take = () => {
    if (!input.checkValidity() || input.value === '') return;
    state.seed = String(BigInt(input.value));
    state.write();
    figures.forEach((figure) => figure.update());
  };
  input.value = state.seed;
  input.addEventListener('change', take);
  document.getElementById('seed-form').addEventListener('submit', (event) => {
    event.preventDefault();
    take();
  });
  document.getElementById('next-seed').addEventListener('click', () => {
    input.value = String(BigInt(state.seed) + 1n);
    take();
  });
  return () => { input.value = state.seed; };
}

// Goes to the figure that a link names.
function goToFigure() {
  const at = new URLSearchParams(location.hash.slice(1)).get('at');
  if (at) document.getElementById(at)?.scrollIntoView();
}

async function openLab() {
  state.read();
  const codec = new Codec();
  const { kernels } = await codec.call('start', { modules, kernels: state.kernels });
  document.getElementById('about-codec').textContent =
    `Every measured number above was computed in this page, by the package’s codec as WebAssembly with ${kernels} kernels.`;
  const shownFigures = [];
  for (const definition of figures) {
    shownFigures.push(new Figure(definition, codec));
    await new Promise((resume) => setTimeout(resume)); // the page stays responsive in between
  }
  const showSeed = setUpSeed(shownFigures);
  addEventListener('hashchange', () => {
    // A link to a place on the page, without a state.
    if (!location.hash.includes('=')) {
      state.write();
      return;
    }
    state.read();
    showSeed();
    shownFigures.forEach((figure) => figure.restore());
    goToFigure();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
    shownFigures.forEach((figure) => figure.redraw()));
  goToFigure();
  return { codec, figures: shownFigures };
}

// What a test may look at.
const lab = openLab();
lab.catch((error) => document.getElementById('article').prepend(
  element('p', { class: 'failure', role: 'alert' }, `The figures cannot run here: ${error.message}`)));
