// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';

/**
 * The tables with their tags and metrics, narrowed by what is typed; a click inserts a name.
 * @param {Array<{table, tags, metrics}>} known as SHOW lists them
 */
export function namesPanel(panel, known, insert) {
  const button = (name, about) =>
    make('button', { onclick: () => insert(name), title: about || `Insert ${name}` }, name);
  const tables = known.map(({ table, tags, metrics }) => {
    const names = [
      ...tags.flatMap((tag) => (tag.client_name && tag.client_name !== tag.name
        ? [tag.client_name, tag.server_name] : [tag.name])
        .map((name) => ({ name, about: tag.description }))),
      ...metrics.map((metric) => ({ name: metric.name, about: [metric.description, metric.unit
        && `in ${metric.unit}`, `for ${metric.functions}`].filter(Boolean).join('\n') })),
    ];
    const buttons = names.map(({ name, about }) => ({ name, line: button(name, about) }));
    return { buttons, block: make('details', {}, make('summary', {}, table),
      make('button', { onclick: () => insert(table), title: `Insert ${table}` },
        make('strong', {}, 'the table’s name')), ...buttons.map(({ line }) => line)) };
  });
  const search = make('input', { type: 'search', placeholder: 'Find a name', 'aria-label':
    'Find a name', oninput: () => {
    const needle = search.value.trim().toLowerCase();
    for (const { block, buttons } of tables) {
      let some = false;
      for (const { name, line } of buttons) {
        line.hidden = !name.toLowerCase().includes(needle);
        some ||= !line.hidden;
      }
      block.hidden = !some;
      block.open = Boolean(needle) && some;
    }
  } });
  panel.replaceChildren(make('div.inset', {}, search), ...tables.map(({ block }) => block));
}
