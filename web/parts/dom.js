// SPDX-License-Identifier: Apache-2.0

/**
 * Makes an element. Text goes in as text, never as markup: everything shown may come from the wire.
 * @param {string} tag name, with an optional .class list
 * @param {object} attributes attributes; on* are listeners
 * @param {...(Node|string|null|false)} children
 */
export function make(tag, attributes = {}, ...children) {
  return build((name) => document.createElement(name), tag, attributes, children);
}

/** The same for drawings. */
export function draw(tag, attributes = {}, ...children) {
  return build((name) => document.createElementNS('http://www.w3.org/2000/svg', name),
    tag, attributes, children);
}

function build(create, tag, attributes, children) {
  const [name, ...classes] = tag.split('.');
  const element = create(name);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined
    && child !== false));
  return element;
}

/**
 * What makes an element act like a button. Enter and the space bar do nothing more than `act`: they
 * would press what has the focus afterwards.
 */
export function pressable(act) {
  return { tabindex: 0, onclick: act, onkeydown: (event) => {
    if (!['Enter', ' '].includes(event.key) || event.target !== event.currentTarget) return;
    event.preventDefault();
    act();
  } };
}

/** A small line of values; the tallest fills the height, and what is not known (null) is a gap. */
export function sparkline(values, { width = 120, height = 22 } = {}) {
  const svg = draw('svg.spark', { width, height, 'aria-hidden': 'true' });
  if (values.length < 2) return svg;
  const top = Math.max(...values, 1e-9);
  const x = (index) => (index / (values.length - 1) * (width - 2) + 1).toFixed(1);
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] === null) continue;
    const first = index;
    while (index + 1 < values.length && values[index + 1] !== null) index += 1;
    const points = values.slice(first, index + 1).map((value, offset) =>
      `${x(first + offset)},${(height - 2 - value / top * (height - 4)).toFixed(1)}`).join(' ');
    svg.append(draw('polygon', { points: `${x(first)},${height} ${points} ${x(index)},${height}` }),
      draw('polyline', { points }));
  }
  return svg;
}

/** Names with their values, in two columns; pairs without a value are left out. */
export function fields(pairs) {
  return make('dl.fields', {}, ...pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .flatMap(([key, value]) => [make('dt', {}, key), make('dd', {}, value)]));
}

/**
 * The values of two sides beside each other; a line without either is left out.
 * @param {string[]} heads of the three columns
 * @param {Array<[string, Node|string, Node|string]>} lines
 */
export function compared(heads, lines, { numbers } = {}) {
  const cell = (value) => make(numbers ? 'td.number' : 'td', {},
    value === null || value === undefined || value === '' ? '–' : value);
  const isGiven = (value) => value !== null && value !== undefined && value !== '';
  return make('div.rows', {}, make('table.compared', {},
    make('thead', {}, make('tr', {}, ...heads.map((head, index) =>
      make(numbers && index ? 'th.number' : 'th', { scope: 'col' }, head)))),
    make('tbody', {}, ...lines.filter(([, one, other]) => isGiven(one) || isGiven(other))
      .map(([name, one, other]) => make('tr', {}, make('th', { scope: 'row' }, name),
        cell(one), cell(other))))));
}

/** A choice of one value. */
export function choice(label, values, chosen, onChoice) {
  return make('select', { 'aria-label': label, onchange: (event) => onChoice(event.target.value) },
    ...values.map(([value, title]) =>
      make('option', { value, selected: String(value) === String(chosen) }, title)));
}

/** A button that puts text into the clipboard and says so. */
export function copyButton(label, text) {
  const button = make('button', {
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text());
        button.textContent = 'Copied';
      } catch {
        button.textContent = 'The browser does not allow it';
      }
      setTimeout(() => { button.textContent = label; }, 1500);
    },
  }, label);
  return button;
}
