// SPDX-License-Identifier: Apache-2.0

import { make, pressable } from './dom.js';

/**
 * A table that sorts by its heads and takes new rows without losing focus, selection or place:
 * what did not change stays the same element.
 * @param {Array<{id, title, value, show?, number?, about?}>} columns value gives what sorts, show
 *   what is seen
 * @param {{key, open?, order?, label, sorted?, isSorted?, most?}} options key names a row; order is
 *   {id, descending}, and `sorted` hears of a change to it; with `isSorted` rows come in that order,
 *   by each column's `sort`, and columns without one cannot be sorted by; `most` rows are shown
 * @returns {{element, update(rows, empty)}} empty says what to do when there are no rows
 */
export function dataTable(columns, {
  key, open, order = {}, label, sorted, isSorted = false, most = 500,
}) {
  const entries = new Map();
  const body = make('tbody');
  const heads = columns.map((column) => make(column.number ? 'th.number' : 'th', {
    scope: 'col', title: column.about,
  }, isSorted && !column.sort ? make('span.plain', {}, column.title)
    : make('button.sort', { onclick: () => sortBy(column) }, column.title)));
  const idOf = (column) => isSorted ? column.sort : column.id;
  const table = make('table', { 'aria-label': label, hidden: true },
    make('thead', {}, make('tr', {}, ...heads)), body);
  const nothing = make('div.empty.loading', {}, 'Loading…');
  const more = make('p.quiet.inset', { hidden: true });
  let rows = [];

  function sortBy(column) {
    order.descending = order.id === idOf(column) ? !order.descending : Boolean(column.number);
    order.id = idOf(column);
    sorted?.(order);
    place();
  }

  function place() {
    columns.forEach((column, index) => {
      if (idOf(column) !== order.id) heads[index].removeAttribute('aria-sort');
      else heads[index].setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
    });
    const by = isSorted ? null : columns.find((column) => column.id === order.id);
    const shown = by ? [...rows].sort((a, b) =>
      compare(by.value(a), by.value(b)) * (order.descending ? -1 : 1)) : rows;
    const focused = document.activeElement;
    const wanted = shown.slice(0, most).map(entryOf);
    more.hidden = shown.length <= most;
    more.textContent = `The first ${most} of ${shown.length} in this order. Filter to see others.`;
    const keys = new Set(wanted.map((entry) => entry.id));
    for (const [id, entry] of entries) {
      if (keys.has(id)) continue;
      entry.line.remove();
      entries.delete(id);
    }
    wanted.forEach(({ line }, index) => {
      if (body.children[index] !== line) body.insertBefore(line, body.children[index] ?? null);
    });
    // A line that was moved lost the focus.
    if (body.contains(focused) && document.activeElement !== focused) focused.focus();
  }

  function entryOf(row) {
    const id = String(key(row));
    let entry = entries.get(id);
    if (!entry) {
      // A click that ends a selection of text is none.
      const act = () => String(getSelection()) || open(entry.row);
      entry = { id, line: make(open ? 'tr.link' : 'tr', open ? pressable(act) : {}) };
      entries.set(id, entry);
    }
    entry.row = row;
    columns.forEach((column, index) => {
      const cell = cellOf(column, row);
      const old = entry.line.children[index];
      if (!old) entry.line.append(cell);
      else if (!old.isEqualNode(cell)) old.replaceWith(cell);
    });
    return entry;
  }

  return {
    element: make('div.rows', {}, table, more, nothing),
    update(fresh, empty) {
      rows = fresh;
      table.hidden = !rows.length;
      nothing.hidden = Boolean(rows.length);
      nothing.classList.remove('loading');
      if (!rows.length) nothing.replaceChildren(empty ?? 'No rows.');
      place();
    },
  };
}

function cellOf(column, row) {
  const shown = column.show ? column.show(row) : String(column.value(row) ?? '');
  const title = typeof shown === 'string' && shown.length > 30 ? shown : null;
  return make(column.number ? 'td.number' : 'td', { title }, shown);
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a === 'string' ? a.localeCompare(String(b)) : a - b;
}
