// SPDX-License-Identifier: Apache-2.0

import { change, go, navigate } from '../frame/address.js';
import { choice, make } from './dom.js';
import { keep, state } from '../frame/state.js';

/** Milliseconds without a key after which what was typed applies. */
const pause = 400;

/**
 * Fields that filter a log page; what is chosen stands in the address.
 * @param {URLSearchParams} parameters
 * @param {() => void} reload
 */
export function filterFields(parameters, reload) {
  const value = (name) => parameters.get(name) ?? '';
  const typed = (name, attributes) => {
    let timer = 0;
    let applied = value(name);
    const apply = (text) => {
      clearTimeout(timer);
      if (text === applied) return;
      applied = text;
      change({ [name]: text });
      reload();
    };
    return {
      oninput: ({ target }) => {
        clearTimeout(timer);
        timer = setTimeout(() => apply(target.value.trim()), pause);
      },
      onchange: ({ target }) => apply(target.value.trim()), ...attributes,
    };
  };
  return {
    entry: (name, placeholder, attributes = {}) => make('input', {
      type: 'search', placeholder, value: value(name), 'aria-label': placeholder,
      ...typed(name, attributes),
    }),
    chosen: (name, label, list) => choice(label, list, value(name), (text) => {
      go({ [name]: text });
      reload();
    }),
  };
}

/**
 * A choice whose values come with the data. It is drawn anew only when they are others, so that it can be
 * open while the page refreshes.
 * @returns {{element, update(list, chosen)}}
 */
export function lateChoice(label, onChoice) {
  const element = make('span');
  let shape = '';
  return {
    element,
    update(list, chosen) {
      const wanted = JSON.stringify([list, chosen]);
      if (wanted === shape) return;
      shape = wanted;
      element.replaceChildren(choice(label, list, chosen, onChoice));
    },
  };
}

/** What links narrowed the page to, each with a way out. */
export function chips(parameters, names) {
  const shown = names.filter((name) => parameters.get(name));
  return make('div.chips', {}, ...shown.map((name) => make('button.chip', {
    title: 'Remove this filter', onclick: () => navigate({ [name]: null }),
  }, `${name} = ${parameters.get(name)} ✕`)));
}

/** The order of a table as the address has it: `rate-` is by rate, descending. */
export function orderOf(parameters, usual) {
  const [, id, down] = (parameters.get('sort') || usual).match(/^(.*?)(-?)$/);
  return { id, descending: down === '-' };
}

/** Puts the order into the address; Back returns to the one before. */
export function keepOrder({ id, descending }) {
  go({ sort: id + (descending ? '-' : '') });
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
