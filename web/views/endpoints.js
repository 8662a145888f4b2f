// SPDX-License-Identifier: Apache-2.0

import { query } from '../asking/api.js';
import { change, go, link } from '../frame/address.js';
import { watchedWindow } from '../asking/coverage.js';
import { keepOrder, lateChoice, orderOf } from '../parts/controls.js';
import { make } from '../parts/dom.js';
import { clock, count, duration, errorBadge, errorShare, rate } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { nothing } from '../parts/nothing.js';
import { pointLabel } from '../parts/points.js';
import { isOwn, ownToggle, showsOwn } from '../frame/state.js';
import { dataTable } from '../parts/table.js';
import { during } from '../frame/time.js';

export const endpoints = { path: 'endpoints', title: 'Endpoints', load, mount };

/** Endpoints that are asked for: the busiest. */
const most = 5000;

const tags = [['service', 'auto_service_1', 'key'], ['protocol', 'Enum(l7_protocol)', 'key'],
  ['endpoint', 'endpoint', 'key'], ['observation_point', 'observation_point', 'key']];
const sums = [['requests', 'Sum(request)', 'sum'], ['responses', 'Sum(response)', 'sum'],
  ['errors', 'Sum(error)', 'sum'], ['timeouts', 'Sum(timeout)', 'sum'],
  ['mean', 'Avg(rrt)', 'responses'], ['longest', 'Max(rrt)', 'max']];

/** What tells a row from others. */
const name = (row) => `${row.service}\n${row.protocol}\n${row.endpoint}`;

async function load() {
  const span = await watchedWindow();
  const [rows, merged] = await Promise.all([
    figures(span, 'application_map', [...tags, ...sums],
      'auto_service_1, l7_protocol, endpoint, observation_point',
      { order: 'requests DESC', limit: most, percentiles: [95],
        speaker: { end: 'server', weight: 'requests', of: ['service', 'protocol', 'endpoint'] } }),
    query(`SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, endpoint,
      Uniq(request_resource) AS resources FROM l7_flow_log WHERE ${during(span)}
      GROUP BY auto_service_1, l7_protocol, endpoint ORDER BY resources DESC LIMIT ${most}`,
    'flow_log'),
  ]);
  const resources = new Map(merged.map((row) => [name(row), Number(row.resources)]));
  return { span, from: rows.percentilesFrom, isCut: rows.length >= most,
    rows: rows.map((row) => ({ ...row, rate: row.requests / span.watched,
      errorShare: errorShare(row), resources: resources.get(name(row)) ?? null })) };
}

const columns = [
  { id: 'service', title: 'Service', value: (row) => row.service,
    show: (row) => make('strong', {}, row.service || '(unknown)') },
  { id: 'protocol', title: 'Protocol', value: (row) => row.protocol,
    show: (row) => make('span.badge', {}, row.protocol) },
  { id: 'endpoint', title: 'Endpoint', value: (row) => row.endpoint,
    about: '{id} and ? stand for what differs from call to call',
    show: (row) => row.endpoint ? make('span.mono', { title: row.endpoint }, row.endpoint)
      : make('span.quiet', { title: 'What has none, or found no room of its own' }, '(none)') },
  { id: 'rate', title: 'Calls/s', number: true, value: (row) => row.rate,
    show: (row) => rate(row.rate) },
  { id: 'errors', title: 'Errors', number: true, value: (row) => row.errorShare,
    about: 'Share of responses that were an error', show: (row) => errorBadge(row.errorShare) },
  { id: 'timeouts', title: 'Timeouts', number: true, value: (row) => Number(row.timeouts),
    show: (row) => make(Number(row.timeouts) ? 'span.bad' : 'span.quiet', {},
      count(Number(row.timeouts))) },
  { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
    show: (row) => duration(row.mean) },
  { id: 'p95', title: 'P95', number: true, value: (row) => row.p95,
    about: '95 of 100 calls were faster. ~ where it is of averages by second',
    show: (row) => Number(row.is_coarse) ? `~ ${duration(row.p95)}` : duration(row.p95) },
  { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
    show: (row) => duration(row.longest) },
  { id: 'requests', title: 'Calls', number: true, value: (row) => Number(row.requests),
    show: (row) => count(Number(row.requests)) },
  { id: 'resources', title: 'Resources', number: true, value: (row) => row.resources,
    about: 'How many different paths, statements, keys or topics were merged into it, about',
    show: (row) => count(row.resources) },
  { id: 'seen', title: 'Seen at', value: (row) => row.observation_point,
    show: (row) => pointLabel(row.observation_point) },
];

function mount(page, { parameters, reload }) {
  const list = dataTable(columns, {
    label: 'Endpoints', key: name, order: orderOf(parameters, 'rate-'), sorted: keepOrder,
    open: (row) => {
      location.hash = link('calls', { server: row.service, protocol: row.protocol,
        endpoint: row.endpoint || null });
    },
  });
  const search = make('input', {
    type: 'search', placeholder: 'Filter by service or endpoint ( / )', 'data-first': true,
    'aria-label': 'Filter', value: parameters.get('filter'), oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const protocol = lateChoice('Protocol', (value) => {
    chosen = value;
    go({ protocol: value });
    update(shown);
  });
  const hint = make('span.hint', { role: 'status' });
  page.replaceChildren(make('div.bar', {}, search, protocol.element, ownToggle(reload), hint),
    make('div.panel', {}, list.element));
  let shown = null;
  let chosen = parameters.get('protocol') ?? '';

  function update(data) {
    shown = data;
    if (!data) return;
    const rows = data.rows.filter((row) => showsOwn() || !isOwn(row.service));
    const known = [...new Set([...rows.map((row) => row.protocol), chosen])].filter(Boolean).sort();
    protocol.update([['', 'Any protocol'], ...known.map((value) => [value, value])], chosen);
    const needle = search.value.trim().toLowerCase();
    const matching = rows.filter((row) => (!chosen || row.protocol === chosen)
      && `${row.service} ${row.endpoint}`.toLowerCase().includes(needle));
    hint.textContent = [
      data.isCut ? `the busiest ${count(data.rows.length)}` : `${count(matching.length)} endpoints`,
      data.from ? `P95 of the latest calls, since ${clock(data.from, 's')}` : '',
    ].filter(Boolean).join('. ');
    list.update(matching, rows.length ? 'No endpoint matches the filter.'
      : nothing(data.span, 'Make a call, or choose a longer range: it shows within 3 seconds.'));
  }
  return update;
}
