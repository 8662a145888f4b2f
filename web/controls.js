// SPDX-License-Identifier: Apache-2.0

import { change } from './address.js';
import { choice, make } from './dom.js';
import { keep, state } from './state.js';

/**
 * Fields that filter a log page; what is chosen stands in the address.
 * @param {URLSearchParams} parameters
 * @param {() => void} reload
 */
export function filterFields(parameters, reload) {
  const value = (name) => parameters.get(name) ?? '';
  const set = (name, text) => {
    change({ [name]: text });
    reload();
  };
  return {
    entry: (name, placeholder, attributes = {}) => make('input', {
      type: 'search', placeholder, value: value(name), 'aria-label': placeholder,
      onchange: (event) => set(name, event.target.value.trim()), ...attributes,
    }),
    chosen: (name, label, list) => choice(label, list, value(name), (text) => set(name, text)),
  };
}

/** What links narrowed the page to, each with a way out. */
export function chips(parameters, names) {
  const shown = names.filter((name) => parameters.get(name));
  return make('div.chips', {}, ...shown.map((name) => make('button.chip', {
    title: 'Remove this filter', onclick: () => {
      change({ [name]: null });
      dispatchEvent(new Event('hashchange'));
    },
  }, `${name} = ${parameters.get(name)} ✕`)));
}

/** The columns of a table that the user chose, or else the usual ones. */
export function chosenColumns(table, known, usual) {
  const chosen = state.columns[table]?.length ? state.columns[table] : usual;
  return known.filter((column) => chosen.includes(column.id));
}

/** The choice of a table's columns, which is kept across visits. */
export function columnChoice(table, known, usual, changed) {
  const chosen = new Set(chosenColumns(table, known, usual).map((column) => column.id));
  return make('details.columns', {}, make('summary', {}, 'Columns'), make('div.popover', {},
    ...known.map((column) => make('label', { title: column.about }, make('input', {
      type: 'checkbox', checked: chosen.has(column.id), onchange: (event) => {
        if (event.target.checked) chosen.add(column.id);
        else chosen.delete(column.id);
        state.columns[table] = known.map(({ id }) => id).filter((id) => chosen.has(id));
        keep();
        changed();
      },
    }), ` ${column.title}`))));
}
