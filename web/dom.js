// SPDX-License-Identifier: Apache-2.0

/**
 * Makes an element. Text goes in as text, never as markup: everything shown may come from the wire.
 * @param {string} tag name, with an optional .class list
 * @param {object} attributes attributes; on* are listeners
 * @param {...(Node|string|null)} children
 */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A small line of values, as SVG; the tallest fills the height. */
export function sparkline(values, { width = 110, height = 22, tone = 'var(--accent)' } = {}) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('width', width);
  svg.setAttribute('height', height);
  if (values.length < 2) return svg;
  const top = Math.max(...values, 1e-9);
  const points = values.map((value, index) =>
    `${(index / (values.length - 1) * (width - 2) + 1).toFixed(1)},` +
    `${(height - 2 - value / top * (height - 4)).toFixed(1)}`);
  const line = document.createElementNS(space, 'polyline');
  line.setAttribute('points', points.join(' '));
  line.setAttribute('fill', 'none');
  line.setAttribute('stroke', tone);
  line.setAttribute('stroke-width', '1.5');
  svg.append(line);
  return svg;
}

/**
 * A table that sorts when a head is clicked. Its order outlives a reload of the rows.
 * @param {Array<{title, value, show?, number?, key?}>} columns value gives what sorts, show what is seen
 * @param {{rows, open?, order, empty}} options order is {column, descending}, kept by the caller
 */
export function table(columns, { rows, open, order, empty }) {
  if (!rows.length) return make('div.empty', {}, empty);
  const sorted = [...rows];
  const by = columns[order.column];
  if (by) {
    sorted.sort((a, b) => compare(by.value(a), by.value(b)) * (order.descending ? -1 : 1));
  }
  const body = make('tbody', {}, ...sorted.map((row) =>
    make(open ? 'tr.link' : 'tr', open ? { onclick: () => open(row), tabindex: 0,
      onkeydown: (event) => event.key === 'Enter' && open(row) } : {},
    ...columns.map((column) => {
      const shown = column.show ? column.show(row) : String(column.value(row) ?? '');
      const title = typeof shown === 'string' ? shown : null;
      return make(column.number ? 'td.number' : 'td', { title }, shown);
    }))));
  const holder = make('table');
  const head = make('thead', {}, make('tr', {}, ...columns.map((column, index) =>
    make(column.number ? 'th.sortable.number' : 'th.sortable', {
      'aria-sort': index === order.column ? (order.descending ? 'descending' : 'ascending') : null,
      onclick: () => {
        order.descending = order.column === index ? !order.descending : Boolean(column.number);
        order.column = index;
        holder.replaceWith(table(columns, { rows, open, order, empty }));
      },
    }, column.title))));
  holder.append(head, body);
  return holder;
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a === 'string' ? a.localeCompare(String(b)) : a - b;
}
