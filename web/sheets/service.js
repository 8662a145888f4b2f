// SPDX-License-Identifier: Apache-2.0

import { askExemplars, literal, query } from '../asking/api.js';
import { link } from '../frame/address.js';
import { filled, perSecond, timeChart } from '../parts/charts.js';
import { watchedWindow } from '../asking/coverage.js';
import { make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { byTemplate } from '../asking/endpoints.js';
import { count, duration, errorBadge, errorShare, rate, stamp } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { nothing } from '../parts/nothing.js';
import { pointName } from '../parts/points.js';
import { dataTable } from '../parts/table.js';
import { said } from '../parts/columns.js';
import { hasPackets, unwatched } from '../asking/watched.js';

/** Intervals that have an example. */
const mostExamples = 10;

/** Endpoints that are asked for: the busiest. */
const mostEndpoints = 5000;

/** The drawer of one service and protocol: RED over time, endpoints, and its neighbours. */
export async function serviceDrawer(body, service, protocol) {
  const charts = [['Calls per second', rate], ['Errors per second', rate], ['Latency', duration]]
    .map(([title, show]) => ({ title, show, place: make('div.chart') }));
  const endpoints = endpointTable(service);
  const examples = exampleTable();
  const [callers, callees] = ['Called by', 'Calls'].map(peerTable);
  const hint = make('span.quiet');
  const note = make('div.empty', { hidden: true });
  const network = make('span');
  const endpointHead = make('h2', {}, 'Endpoints');
  const all = make('div', {},
    make('p', {}, make('a', { href: link('calls', { server: service, protocol }) }, 'All calls'),
      ' · ', make('a', {
        href: link('calls', { server: service, protocol, status: 'error' }),
      }, 'Errors only'), ' · ', network),
    ...charts.flatMap(({ title, place }) => [make('h2', {}, title), place]),
    make('h2', {}, 'Examples'), examples.element,
    endpointHead, endpoints.element,
    make('h2', {}, 'Called by'), callers.element, make('h2', {}, 'Calls'), callees.element);
  body.append(make('h1', {}, service), make('span.badge', {}, protocol), ' ', hint, note, all);
  const draw = charts.map(({ place, show }) => timeChart(place, show));

  async function refresh() {
    const span = await watchedWindow();
    const mine = `auto_service_1 = ${literal(service)}`
      + ` AND Enum(l7_protocol) = ${literal(protocol)}`;
    const point = await pointOf(span, mine);
    note.hidden = Boolean(point);
    all.hidden = !point && !await tellWhyEmpty(note, span, service, protocol);
    if (all.hidden) return;
    const watched = `${mine} AND observation_point = ${literal(point ?? 's-p')}`;
    const ask = (columns, by, rest) => figures(span, 'application_map', [...columns, ...sums], by,
      { where: watched, ...rest });
    const [points, [whole], rows, peers, named] = await Promise.all([
      ask([['t', `time(time, ${span.step})`, 'key']], 't', { limit: 10000, percentiles: [50, 95] }),
      ask([], '', { limit: 1, percentiles: [50, 95, 99] }),
      ask([['endpoint', 'endpoint', 'key']], 'endpoint',
        { order: 'requests DESC', limit: mostEndpoints, percentiles: [95] }),
      peersOf(service, span, mine),
      askExemplars({ from: span.from, to: span.to, server: service, protocol,
        step: Math.max(span.step, Math.ceil((span.to - span.from) / mostExamples)) }),
    ]);
    hint.textContent = !point ? '' : [`timed at the ${pointName(point)}`,
      ...[50, 95, 99].filter((percent) => whole?.[`p${percent}`])
        .map((percent) => `P${percent} ${duration(whole[`p${percent}`])}`)].join(' · ');
    draw[0]([{ name: 'calls', points: perSecond(points, span, 'requests'), tone: 'accent' }]);
    draw[1]([{ name: 'errors', points: perSecond(points, span, 'errors'), tone: 'bad' }]);
    draw[2]([
      { name: 'mean', points: filled(points, span, 'mean', null), tone: 'accent' },
      { name: 'P50', points: filled(exact(points), span, 'p50', null), tone: 'good' },
      { name: 'P95', points: filled(exact(points), span, 'p95', null), tone: 'warn' },
    ]);
    examples.update(named, 'No call in this time range took any time.');
    const kinds = byTemplate(rows);
    endpointHead.textContent = kinds.length < rows.length
      ? `Endpoints: ${rows.length === mostEndpoints ? 'the busiest ' : ''}${count(rows.length)}, `
        + 'by kind'
      : 'Endpoints';
    endpoints.update(kinds, 'No calls in this time range.');
    callers.update(peers.callers, 'Nobody called it in this time range.');
    callees.update(peers.callees, 'It called nobody that was seen in this time range.');
    await tellNetwork(network, service, span);
  }
  await refresh();
  return refresh;
}

/** Of each interval the slowest call, and the slowest that failed, with their traces. */
function exampleTable() {
  const show = (call) => call && make('a', { href: link('trace', { id: call.trace_id }),
    title: said(call) }, duration(call.duration));
  return dataTable([
    { id: 'time', title: 'From', value: (row) => row.time, show: (row) => stamp(row.time, 's') },
    { id: 'slowest', title: 'Slowest', number: true, about: 'Opens its trace',
      value: (row) => row.slowest.duration, show: (row) => show(row.slowest) },
    { id: 'call', title: 'Call', value: (row) => said(row.slowest),
      show: (row) => make('span.mono', {}, said(row.slowest)) },
    { id: 'failed', title: 'Slowest failed', number: true, about: 'Opens its trace',
      value: (row) => row.failed?.duration ?? null, show: (row) => show(row.failed) ?? '–' },
  ], { label: 'Examples', key: (row) => row.time, order: { id: 'time', descending: true } });
}

/** Rows whose percentiles are of single calls. */
const exact = (rows) => rows.filter((row) => !Number(row.is_coarse));

/** The observation point nearest to the server; null where the service had no call. */
async function pointOf(span, mine) {
  const rows = await figures(span, 'application_map',
    [['observation_point', 'observation_point', 'key'], ['requests', 'Sum(request)', 'sum']],
    'observation_point', { where: mine, limit: 100,
      speaker: { end: 'server', weight: 'requests', of: [] } });
  return rows[0]?.observation_point ?? null;
}

/** A service that is quiet is not one that does not exist; says whether it does. */
async function tellWhyEmpty(place, span, service, protocol) {
  const known = await query('SHOW tag auto_service values FROM application_map WHERE display_name = '
    + `${literal(service)} LIMIT 1`, 'flow_metrics');
  place.replaceChildren(known.length
    ? nothing(span, `${service} had no ${protocol} call in this range: choose a longer one.`)
    : make('p', {}, make('strong', {}, `No service “${service}” is known. `),
      'Its name may have changed, or it was never seen. ',
      make('a', { href: link('services') }, 'All services')));
  return known.length > 0;
}

/** Whether its packets are seen decides whether there is anything to go to. */
async function tellNetwork(place, service, span) {
  const isWatched = await hasPackets(service, span);
  place.replaceChildren(isWatched
    ? make('a', { href: link('network', { filter: service }) }, 'Its network figures')
    : make('span.quiet', { title: unwatched }, 'network: not watched'));
}

/** Who calls it, and whom it calls, each once. */
async function peersOf(service, span, mine) {
  const [incoming, outgoing] = await Promise.all([
    figures(span, 'application_map', [['client', 'auto_service_0', 'key'],
      ['client_kind', 'Enum(auto_service_type_0)', 'key'], ['server', 'auto_service_1', 'key'],
      ['protocol', 'Enum(l7_protocol)', 'key'], ['observation_point', 'observation_point', 'key'],
      ...sums],
    'auto_service_0, auto_service_type_0, auto_service_1, l7_protocol, observation_point',
    { where: mine, limit: 2000, echoes: false,
      speaker: { end: 'server', weight: 'requests', of: ['client'] } }),
    figures(span, 'application_map', [['name', 'auto_service_1', 'key'],
      ['protocol', 'Enum(l7_protocol)', 'key'], ['observation_point', 'observation_point', 'key'],
      ...sums], 'auto_service_1, l7_protocol, observation_point',
    { where: `auto_service_0 = ${literal(service)}`, limit: 2000,
      speaker: { end: 'client', weight: 'requests', of: ['name', 'protocol'] } }),
  ]);
  const busiest = (rows) => rows.map((row) => ({ ...row, rate: row.requests / span.watched }))
    .sort((a, b) => b.rate - a.rate).slice(0, 100);
  return { callers: busiest(incoming.map((row) =>
    ({ ...row, name: row.client, protocol: undefined }))), callees: busiest(outgoing) };
}

/** Figures as columns of `figures`. */
const sums = [['requests', 'Sum(request)', 'sum'], ['responses', 'Sum(response)', 'sum'],
  ['errors', 'Sum(error)', 'sum'], ['mean', 'Avg(rrt)', 'responses'],
  ['longest', 'Max(rrt)', 'max']];

const shownFigures = [
  { id: 'errors', title: 'Errors', number: true, value: errorShare,
    show: (row) => errorBadge(errorShare(row)) },
  { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
    show: (row) => duration(row.mean) },
];

function endpointTable(service) {
  return dataTable([
    { id: 'endpoint', title: 'Endpoint', value: (row) => row.endpoint || '(none)',
      show: (row) => make('span', {}, row.endpoint || '(none)', row.merged > 1
        ? make('span.quiet', {}, ` ${count(row.merged)} of them`) : null) },
    { id: 'requests', title: 'Calls', number: true, value: (row) => Number(row.requests),
      show: (row) => count(Number(row.requests)) },
    ...shownFigures,
    { id: 'p95', title: 'P95', number: true, value: (row) => row.p95,
      about: '95 of 100 calls were faster; of several endpoints, the slowest one’s',
      show: (row) => duration(row.p95) },
    { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
      show: (row) => duration(row.longest) },
  ], { label: 'Endpoints', key: (row) => row.endpoint, order: { id: 'requests', descending: true },
    most: 50, open: (row) => {
      location.hash = link('calls', row.merged > 1
        ? { server: service, resource: row.endpoint.slice(0, row.endpoint.indexOf('{')) }
        : { server: service, endpoint: row.first });
    } });
}

function peerTable(label) {
  return dataTable([
    { id: 'name', title: 'Service', value: (row) => row.name },
    { id: 'protocol', title: 'Protocol', value: (row) => row.protocol ?? '' },
    { id: 'rate', title: 'Calls/s', number: true, value: (row) => row.rate,
      show: (row) => rate(row.rate) },
    ...shownFigures,
  ].filter(({ id }) => id !== 'protocol' || label === 'Calls'), {
    label, key: (row) => `${row.name} ${row.protocol}`,
    open: (row) => row.protocol ? openDrawer('service', row.name, row.protocol)
      : openDrawer('node', row.name),
  });
}
