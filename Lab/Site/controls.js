// A figure's controls: a slider over a list of values, or a menu of named ones.

// Makes an element: its name, attributes, children.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Control {
  // `choices` are numbers, or { value, label }; `changed` is called when the reader has moved it.
  constructor(figure, { name, label, choices, initial, menu = false, show = String }, changed) {
    this.key = `${figure}.${name}`;
    this.choices = choices.map((choice) =>
      typeof choice === 'number' ? { value: choice, label: show(choice) } : choice);
    this.initial = initial;
    const id = `control-${figure}-${name}`;
    this.input = menu ? this.menu(id) : this.slider(id);
    this.output = menu ? '' : element('output', { for: id });
    this.element = element('div', { class: 'control' },
      element('label', { for: id }, label), this.output, this.input);
    this.input.addEventListener('input', () => {
      this.remember();
      changed();
    });
    this.restore();
  }

  slider(id) {
    return element('input', { id, type: 'range', min: 0, max: this.choices.length - 1, step: 1 });
  }

  menu(id) {
    return element('select', { id },
      ...this.choices.map(({ label }, index) => element('option', { value: index }, label)));
  }

  get value() { return this.choices[Number(this.input.value)].value; }

  // Sets the value that the address gives, or the initial one.
  restore() {
    const wanted = state.values.has(this.key) ? Number(state.values.get(this.key)) : this.initial;
    const index = this.choices.findIndex(({ value }) => value === wanted);
    this.input.value = index >= 0 ? index
      : this.choices.findIndex(({ value }) => value === this.initial);
    this.say();
  }

  remember() {
    if (this.value === this.initial) state.values.delete(this.key);
    else state.values.set(this.key, this.value);
    state.write();
    this.say();
  }

  say() {
    const { label } = this.choices[Number(this.input.value)];
    if (this.output) this.output.value = label;
    this.input.setAttribute('aria-valuetext', label);
  }
}
