// SPDX-License-Identifier: Apache-2.0

import { literal } from '../asking/api.js';
import { link } from '../frame/address.js';
import { filled, perSecond, timeChart } from '../parts/charts.js';
import { watchedWindow } from '../asking/coverage.js';
import { make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { failureKinds, failuresOf } from '../parts/failures.js';
import { byteRate, count, duration, percent, rate } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { networkSums, share } from '../views/network.js';
import { nothing } from '../parts/nothing.js';
import { pointLabel, pointName } from '../parts/points.js';
import { dataTable } from '../parts/table.js';
import { unwatched } from '../asking/watched.js';

/**
 * The drawer of the network figures of a service, or of one path to it where `client` and `port`
 * are given.
 */
export async function networkDrawer(body, server, transport, client, port) {
  const isPath = client !== undefined;
  const charts = chartList();
  const peers = isPath ? null : pathTable(server, transport);
  const kinds = kindTable(logLink({ server, transport, client, port }));
  const points = pointTable();
  const hint = make('span.quiet');
  const why = make('div.empty', { hidden: true });
  body.append(
    make('h1', {}, isPath ? `${client} → ${server}` : server,
      isPath && Number(port) ? `:${port}` : ''),
    make('span.badge', {}, transport), ' ', hint,
    why,
    make('div.figures', {}, make('p', {}, ...links({ server, transport, client, port })),
      ...charts.flatMap(({ title, about, place }) =>
        [make('h2', { title: about }, title), place]),
      make('h2', {}, 'What the failures mean'), kinds.element,
      ...peers ? [make('h2', {}, 'Paths to it'), peers.element] : [],
      make('h2', {}, 'By observation point'), points.element));
  for (const chart of charts) chart.draw = timeChart(chart.place, chart.show);

  async function refresh() {
    const span = await watchedWindow();
    const mine = [`auto_service_1 = ${literal(server)}`, `Enum(protocol) = ${literal(transport)}`,
      ...isPath ? [`auto_service_0 = ${literal(client)}`,
        `server_port = ${Number(port) || 0}`] : [],
    ].join(' AND ');
    const ask = (columns, by, where, limit = 10000) =>
      figures(span, 'network_map', columns, by, { where, limit, order: by === 't' ? null : order });
    const order = 'bytes DESC';
    const bucket = ['t', `time(time, ${span.step})`, 'key'];
    const where = [['observation_point', 'observation_point', 'key'], ...networkSums];
    const [seen, [speaking]] = await Promise.all([ask(where, 'observation_point', mine),
      figures(span, 'network_map', where, 'observation_point', { where: mine, limit: 100,
        speaker: { end: 'server', weight: 'bytes', of: [] } })]);
    const point = speaking?.observation_point ?? 'rest';
    const here = `${mine} AND observation_point = ${literal(point)}`;
    const [rows, gauges, paths] = await Promise.all([
      ask([bucket, ...['retrans', 'packet'].flatMap((name) => ['tx', 'rx'].map((way) =>
        [`${name === 'packet' ? 'packets' : 'repeated'}_${way}`, `Sum(${name}_${way})`, 'sum'])),
      ...networkSums], 't', here),
      ask([bucket, ['open', 'Max(flow_load)', 'max']], 't', here),
      isPath ? [] : ask([['client', 'auto_service_0', 'key'], ['port', 'server_port', 'key'],
        ...networkSums], 'auto_service_0, server_port', here, 200),
    ]);
    await tellWhyEmpty(why, seen.length, span, server);
    hint.textContent = seen.length ? `seen at the ${pointName(point)}` : '';
    const open = new Map(gauges.map((row) => [row.t, row.open]));
    const all = rows.map((row) => ({ ...row, open: open.get(row.t) ?? 0 }));
    for (const chart of charts) chart.draw(chart.series(all, span));
    kinds.update(kindRows(seen.find((row) => row.observation_point === point)),
      'No connection failed in this time range.');
    peers?.update(paths.map((row) => ({ ...row, byteRate: row.bytes / span.watched,
      repeatedShare: share(row.repeated, row.packets), failed: failuresOf(row).total })),
    'No packets in this time range.');
    points.update(seen.map((row) => ({ ...row, byteRate: row.bytes / span.watched,
      repeatedShare: share(row.repeated, row.packets), failed: failuresOf(row).total })),
    'No packets in this time range.');
  }
  await refresh();
  return refresh;
}

/** Packets that nobody sees are not none: then there are no figures, no charts and no links. */
async function tellWhyEmpty(why, isSeen, span, server) {
  why.hidden = Boolean(isSeen);
  why.nextSibling.hidden = !isSeen;
  if (isSeen) return;
  const calls = await figures(span, 'application_map', [['calls', 'Sum(request)', 'sum']],
    'auto_service_1', { where: `auto_service_1 = ${literal(server)}`, limit: 1 });
  why.replaceChildren(calls.length ? make('div', {},
    make('p', {}, make('strong', {}, 'Not watched. '), unwatched),
    make('p', {}, make('a', { href: link('calls', { server }) }, 'Its calls')))
    : nothing(span, 'No packet of it in this time range.'));
}

/** A percentage of a chart's axis, where parts of a percent matter. */
function fine(value) {
  return `${Number(value.toPrecision(3))} %`;
}

/** A link to the flow log, filtered to the flows behind the drawer. */
function logLink({ server, transport, client, port }) {
  return (more = {}) => link('flows', { server, transport, client,
    port: Number(port) ? port : null, ...more });
}

function links(about) {
  const flows = logLink(about);
  return [make('a', { href: flows() }, 'Its flows'), ' · ',
    make('a', { href: flows({ end: 'failed' }) }, 'Failed ones only'), ' · ',
    make('a', { href: link('calls', { server: about.server, client: about.client }) },
      'Its calls')];
}

function chartList() {
  const line = (name, tone, points) => ({ name, tone, points });
  const ratio = (rows, span, part, whole) =>
    filled(rows.map((row) => ({ t: row.t, share: share(row[part], row[whole]) })), span, 'share',
      null);
  return [
    { title: 'Throughput', show: byteRate, about: 'Bytes per second on the link',
      series: (rows, span) => [
        line('client to server', 'accent', perSecond(rows, span, 'sent')),
        line('server to client', 'good', perSecond(rows, span, 'received'))] },
    { title: 'Packets', show: rate, series: (rows, span) => [
      line('client to server', 'accent', perSecond(rows, span, 'packets_tx')),
      line('server to client', 'good', perSecond(rows, span, 'packets_rx'))] },
    { title: 'Round trip of TCP handshakes', show: duration,
      about: 'Its parts: from where it was seen to the client and back, and to the server and back',
      series: (rows, span) => [
        line('mean', 'accent', filled(rows, span, 'rtt_mean', null)),
        line('to the client', 'good', filled(rows, span, 'rtt_to_client', null)),
        line('to the server', 'warn', filled(rows, span, 'rtt_to_server', null)),
        { ...line('max', 'quiet', filled(rows, span, 'rtt_longest', null)), plain: true }] },
    { title: 'Packets sent again', show: fine, about: 'Share of the packets of a direction',
      series: (rows, span) => [
        line('client to server', 'accent', ratio(rows, span, 'repeated_tx', 'packets_tx')),
        line('server to client', 'good', ratio(rows, span, 'repeated_rx', 'packets_rx'))] },
    { title: 'Failed connections by kind', show: count, series: (rows, span) => {
      const kinds = failureKinds.filter(({ metric }) => rows.some((row) => Number(row[metric])));
      return (kinds.length ? kinds : [{ title: 'none', metric: 'none', colour: 'quiet' }])
        .map(({ metric, title, colour }) => ({ name: title, tone: colour, bars: true, legend: true,
          points: filled(rows, span, metric) }));
    } },
    { title: 'Flows', show: count, series: (rows, span) => [
      line(`new in ${span.step} s`, 'accent', filled(rows, span, 'opened')),
      line('open', 'good', filled(rows, span, 'open'))] },
  ].map((chart) => ({ ...chart, place: make('div.chart') }));
}

function kindRows(row) {
  const kinds = failureKinds.map((kind) => ({ ...kind, count: Number(row?.[kind.metric] ?? 0) }));
  return kinds.filter((kind) => kind.count).sort((a, b) => b.count - a.count);
}

function kindTable(flows) {
  return dataTable([
    { id: 'kind', title: 'Kind', value: (row) => row.title, show: (row) => make('div.wrap.wide', {},
      make('strong.key', {}, make('i', { style: `color: ${row.colour}` }), row.title),
      make('span.quiet', {}, row.phase === 'establish' ? ' while connecting' : ' when connected'),
      make('p.quiet', {}, row.about)) },
    { id: 'count', title: 'Flows', number: true, value: (row) => row.count,
      show: (row) => make('strong', {}, count(row.count)) },
  ], { label: 'Failed connections', key: (row) => row.metric,
    open: (row) => { location.hash = flows({ end: row.type }); } });
}

const shownFigures = [
  { id: 'bytes', title: 'Throughput', number: true, value: (row) => row.byteRate,
    show: (row) => byteRate(row.byteRate) },
  { id: 'rtt', title: 'RTT', number: true, value: (row) => row.rtt_mean,
    show: (row) => duration(row.rtt_mean) },
  { id: 'retrans', title: 'Retrans', number: true, value: (row) => row.repeatedShare,
    show: (row) => percent(row.repeatedShare) },
  { id: 'failed', title: 'Failed', number: true, value: (row) => row.failed,
    show: (row) => make(row.failed ? 'span.bad' : 'span.quiet', {}, count(row.failed)) },
  { id: 'opened', title: 'New', number: true, value: (row) => Number(row.opened),
    show: (row) => count(Number(row.opened)) },
];

function pathTable(server, transport) {
  return dataTable([
    { id: 'client', title: 'Client', value: (row) => row.client },
    { id: 'port', title: 'Port', number: true, value: (row) => Number(row.port),
      show: (row) => Number(row.port) ? String(row.port) : '–' },
    ...shownFigures,
  ], { label: 'Paths', key: (row) => `${row.client} ${row.port}`,
    order: { id: 'bytes', descending: true },
    open: (row) => openDrawer('network', server, transport, row.client, String(row.port)) });
}

function pointTable() {
  return dataTable([
    { id: 'point', title: 'Seen at', value: (row) => row.observation_point,
      show: (row) => pointLabel(row.observation_point) },
    ...shownFigures,
  ], { label: 'Observation points', key: (row) => row.observation_point });
}
