// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { link } from './address.js';
import { filled, timeChart } from './charts.js';
import { make } from './dom.js';
import { openDrawer } from './drawer.js';
import { count, duration, errorBadge, errorShare, rate } from './format.js';
import { latestCalls } from './percentiles.js';
import { bestPoint, pointName } from './points.js';
import { dataTable } from './table.js';
import { during, timeWindow } from './time.js';

/** Calls of all services that the latencies over time are read from, at most: the latest. */
const mostCalls = 2e7;

/** The drawer of one service and protocol: RED over time, endpoints, and its neighbours. */
export async function serviceDrawer(body, service, protocol) {
  const charts = [['Calls per second', rate], ['Errors per second', rate], ['Latency', duration]]
    .map(([title, show]) => ({ title, show, place: make('div.chart') }));
  const endpoints = endpointTable(service);
  const [callers, callees] = ['Called by', 'Calls'].map(peerTable);
  const hint = make('span.quiet');
  body.append(make('h1', {}, service), make('span.badge', {}, protocol), ' ', hint,
    make('p', {}, make('a', { href: link('calls', { server: service, protocol }) }, 'All calls'),
      ' · ', make('a', {
        href: link('calls', { server: service, protocol, status: 'error' }),
      }, 'Errors only'), ' · ',
      make('a', { href: link('network', { filter: service }) }, 'Its network figures')),
    ...charts.flatMap(({ title, place }) => [make('h2', {}, title), place]),
    make('h2', {}, 'Endpoints'), endpoints.element,
    make('h2', {}, 'Called by'), callers.element, make('h2', {}, 'Calls'), callees.element);
  const draw = charts.map(({ place, show }) => timeChart(place, show));

  async function refresh() {
    const span = timeWindow();
    const mine = `auto_service_1 = ${literal(service)}`
      + ` AND Enum(l7_protocol) = ${literal(protocol)}`;
    const [point, part] = await Promise.all([pointOf(span, mine),
      latestCalls(span, mostCalls)]);
    const watched = `${mine} AND observation_point = ${literal(point)}`;
    const where = `${during(span)} AND ${watched}`;
    const [points, slow, rows, peers] = await Promise.all([
      query(`SELECT time(time, ${span.step}) AS t, Sum(request) AS requests, Sum(error) AS errors,
        Avg(rrt) AS mean FROM application_map.${span.interval} WHERE ${where}
        GROUP BY t LIMIT 10000`, 'flow_metrics'),
      query(`SELECT time(time, ${span.step}) AS t,
        Percentile(response_duration, 95) AS p95, Percentile(response_duration, 50) AS p50
        FROM l7_flow_log WHERE ${during(part)} AND ${watched} GROUP BY t LIMIT 10000`, 'flow_log'),
      query(`SELECT endpoint, Sum(request) AS requests, Sum(response) AS responses,
        Sum(error) AS errors, Avg(rrt) AS mean, Max(rrt) AS longest
        FROM application_map.${span.interval} WHERE ${where}
        GROUP BY endpoint ORDER BY requests DESC LIMIT 50`, 'flow_metrics'),
      peersOf(service, span, where),
    ]);
    hint.textContent = `timed at the ${pointName(point)}`;
    const perSecond = (column) =>
      filled(points, span, column).map(([at, value]) => [at, value / span.step]);
    draw[0]([{ name: 'calls', points: perSecond('requests'), tone: 'accent' }]);
    draw[1]([{ name: 'errors', points: perSecond('errors'), tone: 'bad' }]);
    draw[2]([
      { name: 'mean', points: filled(points, span, 'mean', null), tone: 'accent' },
      { name: 'P50', points: filled(slow, span, 'p50', null), tone: 'good' },
      { name: 'P95', points: filled(slow, span, 'p95', null), tone: 'warn' },
    ]);
    endpoints.update(rows, 'No calls in this time range.');
    callers.update(peers.callers, 'Nobody called it in this time range.');
    callees.update(peers.callees, 'It called nobody in this time range.');
  }
  await refresh();
  return refresh;
}

/** The observation point nearest to the server. */
async function pointOf(span, mine) {
  const rows = await query(`SELECT observation_point, Sum(request) AS requests
    FROM application_map.${span.interval} WHERE ${during(span)} AND ${mine}
    GROUP BY observation_point`, 'flow_metrics');
  return bestPoint(rows, (row) => row.requests, 'server') ?? 's-p';
}

async function peersOf(service, span, where) {
  const figures = `Sum(request) AS requests, Sum(response) AS responses, Sum(error) AS errors,
    Avg(rrt) AS mean FROM application_map.${span.interval}`;
  const [callers, seen] = await Promise.all([
    query(`SELECT auto_service_0 AS name, ${figures}
      WHERE ${where} GROUP BY name ORDER BY requests DESC LIMIT 50`, 'flow_metrics'),
    query(`SELECT auto_service_1 AS name, Enum(l7_protocol) AS protocol, observation_point,
      ${figures} WHERE ${during(span)} AND auto_service_0 = ${literal(service)}
      GROUP BY name, l7_protocol, observation_point ORDER BY requests DESC LIMIT 100`,
    'flow_metrics'),
  ]);
  const callees = [...Map.groupBy(seen, (row) => `${row.name}\n${row.protocol}`).values()]
    .map((rows) => {
      const point = bestPoint(rows, (row) => row.requests, 'client');
      return rows.find((row) => row.observation_point === point);
    });
  const withRate = (row) => ({ ...row, rate: row.requests / span.seconds });
  return { callers: callers.map(withRate), callees: callees.map(withRate) };
}

const figures = [
  { id: 'errors', title: 'Errors', number: true, value: errorShare,
    show: (row) => errorBadge(errorShare(row)) },
  { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
    show: (row) => duration(row.mean) },
];

function endpointTable(service) {
  return dataTable([
    { id: 'endpoint', title: 'Endpoint', value: (row) => row.endpoint || '(none)' },
    { id: 'requests', title: 'Calls', number: true, value: (row) => Number(row.requests),
      show: (row) => count(Number(row.requests)) },
    ...figures,
    { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
      show: (row) => duration(row.longest) },
  ], { label: 'Endpoints', key: (row) => row.endpoint, order: { id: 'requests', descending: true },
    open: (row) => {
      location.hash = link('calls', { server: service, endpoint: row.endpoint });
    } });
}

function peerTable(label) {
  return dataTable([
    { id: 'name', title: 'Service', value: (row) => row.name },
    { id: 'protocol', title: 'Protocol', value: (row) => row.protocol ?? '' },
    { id: 'rate', title: 'Calls/s', number: true, value: (row) => row.rate,
      show: (row) => rate(row.rate) },
    ...figures,
  ].filter(({ id }) => id !== 'protocol' || label === 'Calls'), {
    label, key: (row) => `${row.name} ${row.protocol}`,
    open: (row) => row.protocol ? openDrawer('service', row.name, row.protocol)
      : openDrawer('node', row.name),
  });
}
