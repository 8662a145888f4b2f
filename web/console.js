// SPDX-License-Identifier: Apache-2.0

import { query, QueryFailure, queryTable } from './api.js';
import { make, table } from './dom.js';
import { keep, state } from './state.js';

const start = `SELECT auto_service_1, Enum(l7_protocol) AS protocol, Sum(request) AS requests,
  Sum(error) AS errors, Avg(rrt) AS mean_us
FROM flow_metrics.application_map.1s
WHERE observation_point = 's-p'
GROUP BY auto_service_1, l7_protocol
ORDER BY requests DESC
LIMIT 20`;

let text = state.history[0] ?? start;
let names = null;

export const sqlConsole = { title: 'SQL', load, show, isStill: true };

async function load() {
  names ??= await allNames();
  return names;
}

/** Every table with its tags and metrics, as the server lists them. */
async function allNames() {
  const found = [];
  for (const { name: db } of await query('SHOW databases', 'flow_log')) {
    for (const { name } of await query('SHOW tables', db)) {
      const from = `${db}.${name}`;
      const [tags, metrics] = await Promise.all([
        query(`SHOW tags FROM ${from}`, db), query(`SHOW metrics FROM ${from}`, db),
      ]);
      found.push({ table: from, names: [
        ...tags.flatMap((tag) => tag.client_name && tag.client_name !== tag.name
          ? [tag.client_name, tag.server_name] : [tag.name]),
        ...metrics.map((metric) => metric.name),
      ] });
    }
  }
  return found;
}

function show(page, known) {
  const area = make('textarea', { spellcheck: 'false', 'aria-label': 'SQL' });
  area.value = text;
  area.addEventListener('input', () => { text = area.value; });
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
  });
  const output = make('div.panel', { style: 'margin-top: 12px' },
    make('div.empty', {}, 'Ctrl-Enter runs the statement.'));
  const insert = (name) => {
    area.setRangeText(name, area.selectionStart, area.selectionEnd, 'end');
    text = area.value;
    area.focus();
  };
  async function run() {
    output.replaceChildren(make('div.empty', {}, 'Running…'));
    const began = performance.now();
    try {
      const result = await queryTable(text, 'flow_log');
      state.history = [text, ...state.history.filter((old) => old !== text)].slice(0, 30);
      keep();
      output.replaceChildren(
        make('h2', {}, `${result.values.length} rows in ${Math.round(performance.now() - began)} ms`),
        resultTable(result));
    } catch (failure) {
      if (!(failure instanceof QueryFailure)) throw failure;
      output.replaceChildren(make('pre.bad.mono', { style: 'padding: 0 14px' }, failure.message));
    }
  }
  const history = make('select', {
    'aria-label': 'Earlier statements', onchange: (event) => {
      if (event.target.value) {
        text = area.value = event.target.value;
      }
    },
  }, make('option', { value: '' }, 'Earlier statements'), ...state.history.map((old) =>
    make('option', { value: old }, old.replaceAll(/\s+/g, ' ').slice(0, 80))));
  page.replaceChildren(make('div.console', {},
    make('div.panel.names', {}, ...known.map((entry) => make('details', {},
      make('summary', {}, entry.table), ...entry.names.map((name) =>
        make('button', { onclick: () => insert(name), title: `Insert ${name}` }, name))))),
    make('div', {}, area, make('div.bar', { style: 'margin: 8px 0 0' },
      make('button.primary', { onclick: run }, 'Run'), history), output)));
}

function resultTable({ columns, values }) {
  return table(columns.map((title, index) => ({
    title, number: typeof values[0]?.[index] === 'number',
    value: (row) => row[index],
    show: (row) => row[index] === null ? '' : String(row[index]),
  })), { rows: values, order: { column: -1, descending: false }, empty: 'No rows.' });
}
