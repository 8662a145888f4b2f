// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { filled, lines } from './charts.js';
import { make, sparkline, table } from './dom.js';
import { count, duration, percent, rate } from './format.js';
import { during, timeWindow } from './state.js';

const order = { column: 2, descending: true };
let filter = '';

export const services = { title: 'Services', load, show };

/** Reads what the page shows. */
async function load() {
  const span = timeWindow();
  const edges = `application_map.${span.interval}`;
  const [totals, points] = await Promise.all([
    query(`SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point,
      Sum(request) AS requests, Sum(response) AS responses, Sum(error) AS errors,
      Sum(timeout) AS timeouts, Avg(rrt) AS mean, Max(rrt) AS longest FROM ${edges}
      WHERE ${during(span)}
      GROUP BY auto_service_1, l7_protocol, observation_point LIMIT 5000`, 'flow_metrics'),
    query(`SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point,
      time(time, ${span.step}) AS t, Sum(request) AS requests FROM ${edges} WHERE ${during(span)}
      GROUP BY auto_service_1, l7_protocol, observation_point, t LIMIT 100000`, 'flow_metrics'),
  ]);
  return { span, rows: fromBestPoint(totals, points, span) };
}

/**
 * One row a service and protocol. A call between two processes of this host was counted at either
 * end, so only one point speaks for a service: its own where it was watched, else its clients'.
 */
function fromBestPoint(totals, points, span) {
  const best = new Map();
  for (const row of totals) {
    const key = `${row.service}\n${row.protocol}`;
    const known = best.get(key);
    if (!known || (known.observation_point !== 's-p' && row.observation_point === 's-p')) {
      best.set(key, row);
    }
  }
  const series = new Map();
  for (const point of points) {
    const key = `${point.service}\n${point.protocol}`;
    if (best.get(key)?.observation_point !== point.observation_point) continue;
    if (!series.has(key)) series.set(key, []);
    series.get(key).push(point);
  }
  return [...best].map(([key, row]) => ({
    ...row,
    rate: row.requests / span.seconds,
    errorRatio: row.responses ? row.errors / row.responses * 100 : 0,
    spark: filled(series.get(key) ?? [], span, 'requests').map(([, value]) => value),
  }));
}

const columns = [
  { title: 'Service', value: (row) => row.service, show: (row) => make('strong', {}, row.service) },
  { title: 'Protocol', value: (row) => row.protocol,
    show: (row) => make('span.badge', {}, row.protocol) },
  { title: 'Requests/s', number: true, value: (row) => row.rate, show: (row) => rate(row.rate) },
  { title: 'Trend', value: (row) => row.rate, show: (row) => sparkline(row.spark) },
  { title: 'Errors', number: true, value: (row) => row.errorRatio, show: (row) =>
    make(row.errorRatio >= 5 ? 'span.bad' : row.errorRatio > 0 ? 'span.warn' : 'span.good', {},
      percent(row.errorRatio)) },
  { title: 'Timeouts', number: true, value: (row) => row.timeouts,
    show: (row) => count(row.timeouts) },
  { title: 'Mean', number: true, value: (row) => row.mean, show: (row) => duration(row.mean) },
  { title: 'Max', number: true, value: (row) => row.longest,
    show: (row) => duration(row.longest) },
  { title: 'Requests', number: true, value: (row) => row.requests,
    show: (row) => count(row.requests) },
  { title: 'Seen at', value: (row) => row.observation_point,
    show: (row) => row.observation_point === 's-p' ? 'server process' : 'client process' },
];

function show(page, { rows }, { openDrawer }) {
  const requests = rows.reduce((sum, row) => sum + row.rate, 0);
  const responses = rows.reduce((sum, row) => sum + Number(row.responses), 0);
  const errors = rows.reduce((sum, row) => sum + Number(row.errors), 0);
  const holder = make('div.panel');
  const search = make('input', {
    type: 'search', placeholder: 'Filter by service or protocol', value: filter,
    'aria-label': 'Filter', oninput: (event) => {
      filter = event.target.value;
      list();
    },
  });
  function list() {
    const needle = filter.toLowerCase();
    const matching = rows.filter((row) =>
      `${row.service} ${row.protocol}`.toLowerCase().includes(needle));
    holder.replaceChildren(table(columns, {
      rows: matching, order, open: (row) => openDrawer((body) => detail(body, row)),
      empty: rows.length ? 'No service matches the filter.'
        : 'No calls in this time range yet. Make one (curl a local service, say): it shows within '
          + '3 seconds.',
    }));
  }
  list();
  page.replaceChildren(
    make('div.tiles', {}, tile('Services', count(rows.length)), tile('Requests', rate(requests)),
      tile('Error ratio', percent(responses ? errors / responses * 100 : 0))),
    make('div.bar', { 'data-keep': 'services' }, search), holder);
}

function tile(label, figure) {
  return make('div.tile', {}, make('div.label', {}, label), make('div.figure', {}, figure));
}

/** The drawer of one service: its RED lines, endpoints and latest calls. */
async function detail(body, row) {
  const span = timeWindow();
  const where = `${during(span)} AND auto_service_1 = ${literal(row.service)}` +
    ` AND Enum(l7_protocol) = ${literal(row.protocol)}` +
    ` AND observation_point = ${literal(row.observation_point)}`;
  body.append(make('h1', {}, row.service), make('span.badge', {}, row.protocol));
  const [points, endpoints] = await Promise.all([
    query(`SELECT time(time, ${span.step}) AS t, Sum(request) AS requests, Sum(error) AS errors,
      Avg(rrt) AS mean, Max(rrt) AS longest FROM application_map.${span.interval}
      WHERE ${where} GROUP BY t LIMIT 10000`, 'flow_metrics'),
    query(`SELECT endpoint, Sum(request) AS requests, Sum(response) AS responses,
      Sum(error) AS errors, Avg(rrt) AS mean, Max(rrt) AS longest
      FROM application_map.${span.interval} WHERE ${where}
      GROUP BY endpoint ORDER BY requests DESC LIMIT 50`, 'flow_metrics'),
  ]);
  const perSecond = (column) =>
    filled(points, span, column).map(([at, value]) => [at, value / span.step]);
  const panels = [make('div.chart'), make('div.chart'), make('div.chart')];
  body.append(make('h3', {}, 'Requests per second'), panels[0],
    make('h3', {}, 'Errors per second'), panels[1], make('h3', {}, 'Latency'), panels[2],
    make('h3', {}, 'Endpoints'), endpointTable(endpoints),
    make('p', {}, make('a', { href: `#/requests?service=${encodeURIComponent(row.service)}` },
      'Open its calls in the request log')));
  lines(panels[0], [{ name: 'requests', points: perSecond('requests'), tone: 'accent' }], rate);
  lines(panels[1], [{ name: 'errors', points: perSecond('errors'), tone: 'bad' }], rate);
  lines(panels[2], [
    { name: 'mean', points: filled(points, span, 'mean'), tone: 'accent' },
    { name: 'max', points: filled(points, span, 'longest'), tone: 'warn' },
  ], duration);
}

function endpointTable(rows) {
  return table([
    { title: 'Endpoint', value: (row) => row.endpoint || '(none)' },
    { title: 'Requests', number: true, value: (row) => row.requests,
      show: (row) => count(row.requests) },
    { title: 'Errors', number: true, value: (row) => row.errors,
      show: (row) => percent(row.responses ? row.errors / row.responses * 100 : 0) },
    { title: 'Mean', number: true, value: (row) => row.mean, show: (row) => duration(row.mean) },
    { title: 'Max', number: true, value: (row) => row.longest,
      show: (row) => duration(row.longest) },
  ], { rows, order: { column: 1, descending: true }, empty: 'No endpoints.' });
}
