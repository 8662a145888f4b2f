// SPDX-License-Identifier: Apache-2.0

import { literal, query } from '../asking/api.js';
import { link } from '../frame/address.js';
import { filled, perSecond, timeChart } from '../parts/charts.js';
import { watchedWindow } from '../asking/coverage.js';
import { fields, make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { count, duration, errorBadge, errorShare, rate } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { nothing } from '../parts/nothing.js';
import { placeOf, pointLabel, pointName } from '../parts/points.js';
import { dataTable } from '../parts/table.js';
import { during } from '../frame/time.js';
import { hasPackets, unwatched } from '../asking/watched.js';

/** Figures as columns of `figures`. */
const sums = [['requests', 'Sum(request)', 'sum'], ['responses', 'Sum(response)', 'sum'],
  ['errors', 'Sum(error)', 'sum'], ['mean', 'Avg(rrt)', 'responses'],
  ['longest', 'Max(rrt)', 'max']];

const shownFigures = [
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
    ...shownFigures,
  ], { label: 'Protocols', key: (row) => `${row.protocol} ${row.observation_point}` });
  const between = make('p.quiet');
  const flows = make('span');
  body.append(make('h1', {}, `${client} → ${server}`), make('p', {},
    make('a', { href: link('calls', { client, server }) }, 'All calls'), ' · ',
    make('a', { href: link('calls', { client, server, status: 'error' }) }, 'Errors only'), ' · ',
    flows),
  table.element, between, ...charts.flatMap(({ title, place }) => [make('h2', {}, title), place]));
  const draw = charts.map(({ place, show }) => timeChart(place, show));

  async function refresh() {
    const span = await watchedWindow();
    const where = `auto_service_0 = ${literal(client)} AND auto_service_1 = ${literal(server)}`;
    const point = ['observation_point', 'observation_point', 'key'];
    const speaker = { end: 'client', weight: 'requests', of: [] };
    const [rows, points, one, isSeen] = await Promise.all([
      figures(span, 'application_map', [['protocol', 'Enum(l7_protocol)', 'key'], point, ...sums],
        'l7_protocol, observation_point', { where, limit: 1000 }),
      figures(span, 'application_map', [['t', `time(time, ${span.step})`, 'key'], point, ...sums],
        't, observation_point', { where, limit: 20000 }),
      figures(span, 'application_map', [['t', `time(time, ${span.step})`, 'key'], point, ...sums],
        't, observation_point', { where, limit: 20000, speaker }),
      hasPackets(server, span),
    ]);
    flows.replaceChildren(isSeen ? make('a', { href: link('flows', { client, server }) }, 'Its flows')
      : make('span.quiet', { title: unwatched }, 'flows: not watched'));
    rows.sort((a, b) => a.protocol.localeCompare(b.protocol)
      || placeOf(a.observation_point) - placeOf(b.observation_point));
    table.update(rows.map((row) => ({ ...row, rate: row.requests / span.watched })),
      nothing(span, 'Choose a longer range.'));
    between.textContent = difference(rows);
    const at = (point) => points.filter((row) => row.observation_point === point);
    const seen = [...new Set(points.map((row) => row.observation_point))]
      .sort((a, b) => placeOf(a) - placeOf(b));
    draw[0]([{ name: 'calls', points: perSecond(one, span, 'requests'), tone: 'accent' }]);
    draw[1]([{ name: 'errors', points: perSecond(one, span, 'errors'), tone: 'bad' }]);
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
    const span = await watchedWindow();
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
  const rows = await figures(span, 'application_map', [['peer', other, 'key'],
    ['server', 'auto_service_1', 'key'], ['protocol', 'Enum(l7_protocol)', 'key'],
    ['client_kind', 'Enum(auto_service_type_0)', 'key'],
    ['observation_point', 'observation_point', 'key'], ...sums],
  `${other}, ${other === 'auto_service_1' ? '' : 'auto_service_1, '}l7_protocol, auto_service_type_0,
    observation_point`,
  { where: `${mine} = ${literal(name)}`, order: 'requests DESC', limit: 2000,
    echoes: end !== 'server', speaker: { end, weight: 'requests', of: ['peer', 'protocol'] } });
  return rows.map((row) => ({ ...row, rate: row.requests / span.watched }));
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
    protocolColumn, ...shownFigures,
  ], { label, open, key: (row) => `${row.peer} ${row.protocol}`,
    order: { id: 'rate', descending: true } });
}
