// SPDX-License-Identifier: Apache-2.0

import { query, QueryFailure, queryTable } from '../asking/api.js';
import { address, go } from '../frame/address.js';
import { make } from '../parts/dom.js';
import { clock } from '../parts/format.js';
import { namesPanel } from '../parts/names.js';
import { showResult } from '../parts/results.js';
import { keep, ownToggle, showsOwn, state } from '../frame/state.js';
import { timeWindow } from '../frame/time.js';

const first = `SELECT auto_service_1, Enum(l7_protocol) AS protocol, Sum(request) AS requests,
  Sum(error) AS errors, Avg(rrt) AS mean_us
FROM flow_metrics.application_map.1s
WHERE observation_point = 's-p'
GROUP BY auto_service_1, l7_protocol
ORDER BY requests DESC
LIMIT 20`;

const examples = [
  ['Requests over time by service', `SELECT time(time, 10) AS t, auto_service,
  PerSecond(Sum(request)) AS rate, Avg(rrt) AS mean_us
FROM flow_metrics.application.1s
WHERE role = 1
GROUP BY t, auto_service
ORDER BY t`],
  ['Slowest endpoints', `SELECT auto_service_1, endpoint, Count(row) AS calls,
  Percentile(response_duration, 95) AS p95_us
FROM flow_log.l7_flow_log
WHERE observation_point = 's-p'
GROUP BY auto_service_1, endpoint
ORDER BY p95_us DESC
LIMIT 20`],
  ['Latest errors', `SELECT time, auto_service_0, auto_service_1, request_type, request_resource,
  Enum(response_status) AS status, response_code, response_exception
FROM flow_log.l7_flow_log
WHERE response_status IN ('Server Error', 'Client Error')
ORDER BY time DESC
LIMIT 50`],
  ['Connections that failed', `SELECT auto_service_0, auto_service_1, server_port,
  Sum(tcp_establish_fail) AS not_established, Sum(client_rst_flow) AS client_resets,
  Sum(server_rst_flow) AS server_resets, Sum(tcp_timeout) AS timeouts
FROM flow_metrics.network_map.1s
GROUP BY auto_service_0, auto_service_1, server_port
ORDER BY not_established DESC
LIMIT 20`],
  ['Round trips over time', `SELECT time(time, 10) AS t, auto_service_1, Avg(rtt) AS mean_us,
  Max(rtt) AS longest_us
FROM flow_metrics.network_map.1s
GROUP BY t, auto_service_1
ORDER BY t`],
  ['What was lost', `SELECT stage, reason, Sum(dropped) AS lost
FROM metaflow_system.loss_ledger
GROUP BY stage, reason
HAVING lost > 0`],
  ...['SHOW databases', 'SHOW tables FROM flow_metrics', 'SHOW tags FROM l7_flow_log',
    'SHOW metrics FROM application', 'SHOW metrics functions',
    'SHOW tag l7_protocol values FROM l7_flow_log',
    'SHOW tag auto_service values FROM application LIMIT 20',
  ].map((statement) => [statement, statement]),
];

let text = state.history[0] ?? first;
let names = null;

export const sqlConsole = { path: 'sql', title: 'SQL', load, mount, isStill: true };

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
      found.push({ table: from, tags, metrics });
    }
  }
  return found;
}

/** What was added to a statement, in words. */
function inWords(statement, { range, without_own: leavesOut }, span) {
  if (!/^\s*select\b/i.test(statement)) return '';
  return [range ? `From ${clock(span.from, 's')} to ${clock(span.to, 's')}, the range above.`
    : 'The statement has a time of its own, so the range above does not apply.',
  leavesOut ? 'Without MetaFlow’s own.' : ''].filter(Boolean).join(' ');
}

function mount(page, { parameters }) {
  const shared = parameters.get('sql');
  if (shared) text = shared;
  const area = make('textarea', { spellcheck: 'false', 'aria-label': 'SQL', 'data-first': true,
    oninput: () => { text = area.value; },
    onkeydown: (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
    } });
  area.value = text;
  const output = make('div.panel', {},
    make('div.empty', {}, 'Ctrl-Enter runs the statement. A first column of time(time, seconds) '
      + 'makes a chart.'));
  const told = make('p.quiet', { role: 'status' });
  const earlier = make('select', { 'aria-label': 'Earlier statements', onchange: pick });
  const samples = make('select', { 'aria-label': 'Examples', onchange: pick },
    make('option', { value: '' }, 'Examples'),
    ...examples.map(([title, statement]) => make('option', { value: statement }, title)));
  const panel = make('div.panel.names');
  page.replaceChildren(make('div.console', {}, panel, make('div', {}, area,
    make('div.bar', {}, make('button.primary', { onclick: run }, 'Run'), samples, earlier,
      ownToggle(() => text && run()), make('span.hint', {}, 'Ctrl-Enter runs')), told, output)));
  /** The range of the latest run; null before the first. */
  let ranIn = null;
  showHistory();
  if (shared) run();

  function pick(event) {
    if (event.target.value) text = area.value = event.target.value;
    event.target.value = '';
    area.focus();
  }

  function showHistory() {
    earlier.replaceChildren(make('option', { value: '' }, 'Earlier statements'),
      ...state.history.map((old) =>
        make('option', { value: old }, old.replaceAll(/\s+/g, ' ').slice(0, 80))));
  }

  async function run() {
    const statement = text;
    go({ sql: statement });
    ranIn = rangeNow();
    output.classList.add('busy');
    const began = performance.now();
    try {
      const span = timeWindow();
      const result = await queryTable(statement, undefined,
        { from: span.from, to: span.to, own: showsOwn() ? 1 : 0 });
      // What exists does not depend on a time range, so nothing is missing from it.
      if (/^\s*show\b/i.test(statement)) result.losses = [];
      told.textContent = inWords(statement, result.added ?? {}, span);
      state.history = [statement, ...state.history.filter((old) => old !== statement)].slice(0, 30);
      keep();
      showHistory();
      showResult(output, result, Math.round(performance.now() - began));
    } catch (failure) {
      if (!(failure instanceof QueryFailure)) throw failure;
      told.textContent = '';
      output.replaceChildren(make('pre.failure.bad.mono', { role: 'alert' }, failure.message));
    }
    output.classList.remove('busy');
  }

  return (known) => {
    namesPanel(panel, known, (name) => {
      area.setRangeText(name, area.selectionStart, area.selectionEnd, 'end');
      text = area.value;
      area.focus();
    });
    // Another range is another answer.
    if (ranIn !== null && ranIn !== rangeNow()) run();
  };
}

/** What the address says of the range. */
function rangeNow() {
  const { parameters } = address();
  return ['last', 'from', 'to'].map((name) => parameters.get(name)).join(' ');
}
