// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { choice, make } from './dom.js';
import { change, go } from './address.js';
import { drawing } from './drawing.js';
import { bestPoint } from './points.js';
import { isOwn, ownToggle, showsOwn } from './state.js';
import { edgeKey, layout } from './layout.js';
import { during, timeWindow } from './time.js';

/** Connections that are drawn at once; the answer has the busiest first. */
const most = 120;

export const map = { title: 'Map', load, mount };

async function load() {
  const span = timeWindow();
  const rows = await query(`SELECT auto_service_0 AS client, auto_service_1 AS server,
    Enum(auto_service_type_0) AS client_kind, Enum(auto_service_type_1) AS server_kind,
    Enum(l7_protocol) AS protocol, observation_point, Sum(request) AS requests,
    Sum(response) AS responses, Sum(error) AS errors, Avg(rrt) AS mean
    FROM application_map.${span.interval} WHERE ${during(span)}
    GROUP BY auto_service_0, auto_service_1, auto_service_type_0, auto_service_type_1, l7_protocol,
      observation_point ORDER BY requests DESC LIMIT 2000`, 'flow_metrics');
  return { span, calls: folded(withoutEchoes(rows)) };
}

/** One line a client, server and protocol: as it was seen nearest to the client. */
function folded(rows) {
  const lines = Map.groupBy(rows, (row) => `${row.client}\n${row.server}\n${row.protocol}`);
  return [...lines.values()].map((line) => {
    const point = bestPoint(line, (row) => row.requests, 'client');
    return line.find((row) => row.observation_point === point);
  });
}

/**
 * Who is not at the client's process cannot always tell which process called: it names the host or
 * address. Where clients that were watched made as many calls as are unclaimed, those are the same
 * calls.
 */
function withoutEchoes(rows) {
  const isNamed = (row) => row.client_kind === 'Process';
  const group = (row, point) => `${row.server}\n${row.protocol}\n${point}`;
  const named = new Map();
  for (const row of rows.filter(isNamed)) {
    const key = group(row, row.observation_point);
    named.set(key, (named.get(key) ?? 0) + Number(row.requests));
  }
  const claimed = (row) => (named.get(group(row, 'c-p')) ?? 0)
    - (named.get(group(row, row.observation_point)) ?? 0);
  return rows.filter((row) => isNamed(row) || row.observation_point === 'c-p'
    || claimed(row) < Number(row.requests) * 0.7);
}

/** Callers that nothing is known of stand as one where there are many. */
function gathered(calls, most = 8) {
  const servers = new Set(calls.map((call) => call.server));
  const strangers = new Set(calls.filter((call) => call.client_kind !== 'Process'
    && !servers.has(call.client)).map((call) => call.client));
  if (strangers.size <= most) return calls;
  const name = `${strangers.size} addresses`;
  const sums = new Map();
  for (const call of calls) {
    const client = strangers.has(call.client) ? name : call.client;
    const key = `${client}\n${call.server}\n${call.protocol}`;
    const sum = sums.get(key);
    if (!sum) sums.set(key, { ...call, client });
    else {
      const answered = Number(sum.responses) + Number(call.responses);
      sum.mean = answered ? ((sum.mean ?? 0) * sum.responses + (call.mean ?? 0) * call.responses)
        / answered : null;
      for (const column of ['requests', 'responses', 'errors']) {
        sum[column] = Number(sum[column]) + Number(call[column]);
      }
    }
  }
  return [...sums.values()];
}

function mount(page, { parameters, reload }) {
  let shown = null;
  let places = null;
  let known = '';
  let zoom = Number(parameters.get('zoom')) || 0;
  const search = make('input', {
    type: 'search', placeholder: 'Only what touches… ( / )', 'data-first': true,
    'aria-label': 'Only what touches a service', value: parameters.get('filter'),
    oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const sheet = make('div', { id: 'map' });
  const note = make('span.warn');
  const sizes = [[0, 'Fit'], [0.5, '50 %'], [0.75, '75 %'], [1, '100 %'], [1.5, '150 %']];
  page.replaceChildren(
    make('div.bar', {}, search, choice('Size', sizes, zoom, (value) => {
      zoom = Number(value);
      go({ zoom: zoom || null });
      update(shown);
    }), ownToggle(reload), legend()),
    make('div.panel', {}, make('h2', {},
      'Who calls whom: calls per second, errors and mean latency as the client saw them. ',
      note), sheet));
  const resized = new ResizeObserver(() => (sheet.isConnected ? !zoom && update(shown)
    : resized.disconnect()));
  resized.observe(sheet);

  function update(data) {
    shown = data;
    if (!data) return;
    const needle = search.value.trim().toLowerCase();
    let calls = gathered(data.calls.filter((call) =>
      (showsOwn() || !(isOwn(call.server) || isOwn(call.client)))
      && `${call.client}\n${call.server}\n${call.protocol}`.toLowerCase().includes(needle)));
    note.textContent = '';
    if (!calls.length) {
      sheet.replaceChildren(make('div.empty', {}, data.calls.length
        ? 'Nothing matches the filter.'
        : 'No calls in this time range, so there is nothing to draw. Choose a longer one.'));
      return;
    }
    const pairs = new Set(calls.map((call) => edgeKey(call.client, call.server)));
    if (pairs.size > most) {
      const kept = new Set([...pairs].slice(0, most));
      calls = calls.filter((call) => kept.has(edgeKey(call.client, call.server)));
      note.textContent = `The busiest ${most} of ${pairs.size} connections: filter to see others.`;
    }
    // Only new names or connections move things; figures never do.
    const names = calls.map((call) => `${call.client}\n${call.server}`).sort().join('\n');
    if (names !== known) places = layout(calls);
    known = names;
    const focused = document.activeElement?.dataset?.key;
    sheet.replaceChildren(drawing(places, calls, data.span, zoom || fit(sheet, places)));
    if (focused) sheet.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
  return update;
}

function fit(sheet, { width, height }) {
  const room = Math.min((sheet.clientWidth - 4) / width, (sheet.clientHeight - 4) / height);
  return Math.max(0.8, Math.min(1.25, room));
}

function legend() {
  const item = (style, text) => make('span.key', {}, make(`i.${style}`), text);
  return make('span.legend', {}, item('good', 'no errors'), item('warn', 'some errors'),
    item('bad', 'from 5 %'), item('quiet', 'calls only'),
    item('stranger', 'process not known'));
}
