// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { link } from './address.js';
import { filled, timeChart } from './charts.js';
import { fields, make } from './dom.js';
import { openDrawer } from './drawer.js';
import { count, duration, errorBadge, errorShare, rate } from './format.js';
import { bestPoint, placeOf, pointLabel, pointName } from './points.js';
import { dataTable } from './table.js';
import { during, timeWindow } from './time.js';

const sums = `Sum(request) AS requests, Sum(response) AS responses, Sum(error) AS errors,
  Avg(rrt) AS mean, Max(rrt) AS longest`;

const figures = [
  { id: 'rate', title: 'Calls/s', number: true, value: (row) => row.rate,
    show: (row) => rate(row.rate) },
  { id: 'errors', title: 'Errors', number: true, value: errorShare,
    show: (row) => errorBadge(errorShare(row)) },
  { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
    show: (row) => duration(row.mean) },
  { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
    show: (row) => duration(row.longest) },
];

const protocolColumn = { id: 'protocol', title: 'Protocol', value: (row) => row.protocol,
  show: (row) => make('span.badge', {}, row.protocol) };

const tones = ['accent', 'good', 'warn', '#8b5cf6', '#0ea5a8', '#d946a6'];

/** The drawer of one line of the map: what the client saw beside what the server saw. */
export async function edgeDrawer(body, client, server) {
  const charts = [['Calls per second', rate], ['Errors per second', rate],
    ['Mean latency where it was seen', duration]]
    .map(([title, show]) => ({ title, show, place: make('div.chart') }));
  const table = dataTable([protocolColumn,
    { id: 'side', title: 'Seen at', value: (row) => row.observation_point,
      show: (row) => pointLabel(row.observation_point) },
    ...figures,
  ], { label: 'Protocols', key: (row) => `${row.protocol} ${row.observation_point}` });
  const between = make('p.quiet');
  body.append(make('h1', {}, `${client} → ${server}`), make('p', {},
    make('a', { href: link('calls', { client, server }) }, 'All calls'), ' · ',
    make('a', { href: link('calls', { client, server, status: 'error' }) }, 'Errors only'), ' · ',
    make('a', { href: link('flows', { client, server }) }, 'Its flows')),
  table.element, between, ...charts.flatMap(({ title, place }) => [make('h2', {}, title), place]));
  const draw = charts.map(({ place, show }) => timeChart(place, show));

  async function refresh() {
    const span = timeWindow();
    const from = `FROM application_map.${span.interval} WHERE ${during(span)}
      AND auto_service_0 = ${literal(client)} AND auto_service_1 = ${literal(server)}`;
    const [rows, points] = await Promise.all([
      query(`SELECT Enum(l7_protocol) AS protocol, observation_point, ${sums} ${from}
        GROUP BY l7_protocol, observation_point`, 'flow_metrics'),
      query(`SELECT time(time, ${span.step}) AS t, observation_point, ${sums} ${from}
        GROUP BY t, observation_point LIMIT 20000`, 'flow_metrics'),
    ]);
    rows.sort((a, b) => a.protocol.localeCompare(b.protocol)
      || placeOf(a.observation_point) - placeOf(b.observation_point));
    table.update(rows.map((row) => ({ ...row, rate: row.requests / span.seconds })),
      'No calls in this time range.');
    between.textContent = difference(rows);
    const at = (point) => points.filter((row) => row.observation_point === point);
    const one = at(bestPoint(points, (row) => row.requests, 'client'));
    const seen = [...new Set(points.map((row) => row.observation_point))]
      .sort((a, b) => placeOf(a) - placeOf(b));
    const perSecond = (column) =>
      filled(one, span, column).map(([time, value]) => [time, value / span.step]);
    draw[0]([{ name: 'calls', points: perSecond('requests'), tone: 'accent' }]);
    draw[1]([{ name: 'errors', points: perSecond('errors'), tone: 'bad' }]);
    draw[2](seen.map((point, index) => ({ name: pointName(point), tone: tones[index % tones.length],
      points: filled(at(point), span, 'mean', null) })));
  }
  await refresh();
  return refresh;
}

/** What the client waited beyond the server's own time, where a protocol was timed on the way. */
function difference(rows) {
  const ends = [...Map.groupBy(rows, (row) => row.protocol)].flatMap(([protocol, both]) => {
    const [here, there] = [both[0], both.at(-1)].map((row) => row.mean);
    const hasBoth = both.at(-1).observation_point.startsWith('s') && here && there;
    return hasBoth && both.length > 1
      ? [`${protocol}: ${duration(Math.max(0, here - there))} of ${duration(here)}`] : [];
  });
  return ends.length ? `On the way and in queues, on average: ${ends.join('; ')}.` : '';
}

/** The drawer of one service of the map, with everything around it. */
export async function nodeDrawer(body, name) {
  const callers = peers('Called by', (row) => openDrawer('edge', row.peer, name));
  const callees = peers('Calls', (row) => openDrawer('edge', name, row.peer));
  const served = make('p');
  const instances = make('div');
  body.append(make('h1', {}, name), served,
    make('p', {}, make('a', { href: link('calls', { service: name }) }, 'All its calls'), ' · ',
      make('a', { href: link('map', { filter: name }) }, 'Only it on the map')),
    make('h2', {}, 'Called by'), callers.element, make('h2', {}, 'Calls'), callees.element,
    make('h2', {}, 'Processes'), instances);

  async function refresh() {
    const span = timeWindow();
    const [incoming, outgoing, processes] = await Promise.all([
      neighbours(span, 'auto_service_0', 'auto_service_1', name, 'server'),
      neighbours(span, 'auto_service_1', 'auto_service_0', name, 'client'),
      processesOf(span, name),
    ]);
    const protocols = [...new Set(incoming.map((row) => row.protocol))];
    served.replaceChildren(...protocols.flatMap((protocol) =>
      [make('button', { onclick: () => openDrawer('service', name, protocol) },
        `${protocol} figures`), ' ']));
    callers.update(incoming, 'Nobody, in this time range.');
    callees.update(outgoing, 'Nobody, in this time range.');
    instances.replaceChildren(...processes.map((process) => fields([
      ['Instance', process.instance], ['Host', process.host], ['User', process.user],
      ['Container', process.container], ['Calls', count(Number(process.calls))],
    ])));
  }
  await refresh();
  return refresh;
}

/** The other ends of a service's calls, as seen nearest to `end`. */
async function neighbours(span, other, mine, name, end) {
  const rows = await query(`SELECT ${other} AS peer, Enum(l7_protocol) AS protocol,
    observation_point, ${sums} FROM application_map.${span.interval} WHERE ${during(span)}
    AND ${mine} = ${literal(name)} GROUP BY peer, l7_protocol, observation_point
    ORDER BY requests DESC LIMIT 500`, 'flow_metrics');
  return [...Map.groupBy(rows, (row) => `${row.peer}\n${row.protocol}`).values()].map((seen) => {
    const point = bestPoint(seen, (row) => row.requests, end);
    const row = seen.find((one) => one.observation_point === point);
    return { ...row, rate: row.requests / span.seconds };
  });
}

async function processesOf(span, name) {
  const side = (number) => query(`SELECT auto_instance_${number} AS instance,
    Any(host_${number}) AS host, Any(os_user_${number}) AS user,
    Any(container_${number}) AS container, Count(row) AS calls FROM l7_flow_log
    WHERE ${during(span)} AND auto_service_${number} = ${literal(name)}
    GROUP BY instance ORDER BY calls DESC LIMIT 20`, 'flow_log');
  const [asServer, asClient] = await Promise.all([side(1), side(0)]);
  const seen = new Set(asServer.map((row) => row.instance));
  return [...asServer, ...asClient.filter((row) => !seen.has(row.instance))];
}

function peers(label, open) {
  return dataTable([
    { id: 'peer', title: 'Service', value: (row) => row.peer },
    protocolColumn, ...figures,
  ], { label, open, key: (row) => `${row.peer} ${row.protocol}`,
    order: { id: 'rate', descending: true } });
}
