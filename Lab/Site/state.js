// The reader's settings, kept in the address so that a link includes them: #seed=7&1.d=384.

const state = {
  seed: '1',
  values: new Map(),

  // Takes the settings of the address that the page knows.
  read() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const seed = fields.get('seed') ?? '1';
    this.seed = /^[0-9]{1,19}$/.test(seed) ? seed : '1';
    this.kernels = fields.get('kernels') === 'scalar' ? 'scalar' : undefined;
    this.values = new Map([...fields].filter(([name]) => /^[0-9]+\./.test(name)));
  },

  // The address of this state, at a figure if one is given.
  hash(figure) {
    const fields = new URLSearchParams();
    if (figure) fields.set('at', `figure-${figure}`);
    if (this.seed !== '1') fields.set('seed', this.seed);
    if (this.kernels) fields.set('kernels', this.kernels);
    for (const [name, value] of this.values) fields.set(name, value);
    return `#${fields}`;
  },

  // Writes the address, at most a few times a second, and tells the figures, whose links follow it.
  write() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      history.replaceState(null, '', this.hash());
      dispatchEvent(new Event('statewritten'));
    }, 250);
  },
};
