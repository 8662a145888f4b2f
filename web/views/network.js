// SPDX-License-Identifier: Apache-2.0

import { literal } from '../asking/api.js';
import { change, go, navigate } from '../frame/address.js';
import { trend } from '../parts/charts.js';
import { chosenColumns, columnChoice, keepOrder, orderOf } from '../parts/controls.js';
import { watchedWindow } from '../asking/coverage.js';
import { make, sparkline } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { failureKinds, failuresInWords, failuresOf } from '../parts/failures.js';
import { byteRate, count, duration, percent, rate } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { command, nothing } from '../parts/nothing.js';
import { pointLabel } from '../parts/points.js';
import { isOwn, ownToggle, showsOwn } from '../frame/state.js';
import { dataTable } from '../parts/table.js';
import { unwatched } from '../asking/watched.js';

export const network = { path: 'network', title: 'Network', load, mount };

/** Rows that are asked for: the busiest. */
const most = 3000;

/** Of them, those that have a trend. */
const mostTrends = 300;

/** What a row of the table is, by the parameter `by`. */
const groupings = {
  service: { title: 'Services', tags: { server: 'auto_service_1', transport: 'protocol' } },
  path: { title: 'Paths', tags: { client: 'auto_service_0', server: 'auto_service_1',
    transport: 'protocol', port: 'server_port' } },
};

function groupingOf(parameters) {
  return groupings[parameters.get('by')] ? parameters.get('by') : 'service';
}

/** Figures as columns of `figures`; the ratio of retransmissions is made of its parts. */
export const networkSums = [['bytes', 'Sum(byte)', 'sum'], ['sent', 'Sum(byte_tx)', 'sum'],
  ['received', 'Sum(byte_rx)', 'sum'], ['packets', 'Sum(packet)', 'sum'],
  ['rtt_mean', 'Avg(rtt)', 'opened'], ['rtt_longest', 'Max(rtt)', 'max'],
  ['rtt_to_client', 'Avg(rtt_client)', 'opened'], ['rtt_to_server', 'Avg(rtt_server)', 'opened'],
  ['repeated', 'Sum(retrans)', 'sum'], ['zero_windows', 'Sum(zero_win)', 'sum'],
  ['opened', 'Sum(new_flow)', 'sum'], ['closed', 'Sum(closed_flow)', 'sum'],
  ...failureKinds.map(({ metric }) => [metric, `Sum(${metric})`, 'sum'])];

async function load(parameters) {
  const span = await watchedWindow();
  const { tags } = groupings[groupingOf(parameters)];
  const keys = [...Object.entries(tags).map(([name, tag]) =>
    [name, tag === 'protocol' ? 'Enum(protocol)' : tag, 'key']),
  ['observation_point', 'observation_point', 'key']];
  const by = `${Object.values(tags).join(', ')}, observation_point`;
  const speaker = { end: 'server', weight: 'bytes', of: Object.keys(tags) };
  // A gauge is counted up second by second, so it is asked for at the end of the range only.
  const latest = { from: span.settled - 5, to: span.settled };
  const [totals, gauges, spoken] = await Promise.all([
    figures(span, 'network_map', [...keys, ...networkSums], by,
      { order: 'bytes DESC', limit: most, speaker }),
    figures(latest, 'network_map', [...keys, ['open', 'Max(flow_load)', 'max']], by,
      { limit: 100000 }),
    figures(span, 'application_map', [...keys, ['calls', 'Sum(request)', 'sum']], by,
      { where: "observation_point IN ('c-p', 's-p')", order: 'calls DESC', limit: most }),
  ]);
  const busiest = Object.entries(tags).filter(([, tag]) => tag.startsWith('auto_service'))
    .map(([name, tag]) => `${tag} IN (${[...new Set(totals.slice(0, mostTrends)
      .map((row) => row[name]))].map(literal).join(', ')})`);
  const points = totals.length ? await figures(span, 'network_map', [...keys,
    ['t', `time(time, ${span.trendStep})`, 'key'], ['bytes', 'Sum(byte)', 'sum']], `${by}, t`,
  { where: busiest.join(' AND '), limit: 100000, speaker }) : [];
  const key = (row) => Object.keys(tags).map((name) => row[name]).join('\n');
  const open = new Map(gauges.map((row) => [`${key(row)}\n${row.observation_point}`, row.open]));
  const rows = withTrend(totals, points, key, span).map((row) =>
    ({ ...row, open: Number(open.get(`${row.key}\n${row.observation_point}`) ?? 0) }));
  return { span, rows: [...rows, ...unseen(spoken, rows, key)], isFull: totals.length === most };
}

/** Who makes calls that processes saw, and no interface: nothing is known of their packets. */
function unseen(spoken, rows, key) {
  const seen = new Set(rows.map((row) => row.key));
  return [...new Map(spoken.map((row) => [key(row), row])).entries()]
    .filter(([name]) => !seen.has(name))
    .map(([name, row]) => ({ ...row, key: name, isUnwatched: true, spark: [] }));
}

/** One row a group, with its trend at the point that speaks for it. */
function withTrend(totals, points, key, span) {
  const name = (row) => `${key(row)}\n${row.observation_point}`;
  const series = Map.groupBy(points, name);
  return totals.map((row) => ({ ...row, key: key(row), byteRate: row.bytes / span.watched,
    packetRate: row.packets / span.watched, failures: failuresOf(row),
    repeatedShare: share(row.repeated, row.packets),
    spark: trend(series.get(name(row)) ?? [], span, 'bytes') }));
}

/** A part in percent; null where there was nothing to be a part of. */
export function share(part, whole) {
  return Number(whole) ? Math.min(100, part / whole * 100) : null;
}

const strong = (value) => make('strong', { title: value }, value || '(unknown)');
const latency = (id, title, column, about) => ({ id, title, number: true, about,
  value: (row) => row[column], show: (row) => duration(row[column]) });
const failure = (id, title, part, about, kinds) => ({ id, title, number: true, about,
  value: (row) => row.failures[part],
  show: (row) => alarm(row.failures[part], count(row.failures[part]),
    failuresInWords(row, kinds)) });

/** A figure, and a lesser one below it. */
function over(figure, lesser) {
  return make('div', {}, figure, make('div.lesser', {}, lesser));
}

/** A figure that is 0 when all is well. */
function alarm(value, text, about) {
  return make(Number(value) ? 'span.bad' : 'span.quiet', { title: about || null }, text);
}

/** What a figure says of packets that nobody sees: that, and not 0. */
const figureColumns = [
  { id: 'client', title: 'Client', value: (row) => row.client, show: (row) => strong(row.client) },
  { id: 'server', title: 'Server', value: (row) => row.server, show: (row) => strong(row.server) },
  { id: 'port', title: 'Port', number: true, value: (row) => Number(row.port),
    show: (row) => Number(row.port) ? String(row.port) : '–' },
  { id: 'transport', title: 'Proto', value: (row) => row.transport,
    show: (row) => make('span.badge', {}, row.transport) },
  { id: 'bytes', title: 'Throughput', number: true, value: (row) => row.byteRate,
    about: 'Bytes on the link, both directions', show: (row) =>
      over(byteRate(row.byteRate), `${rate(row.packetRate).replace('/s', '')} pkt/s`) },
  { id: 'trend', title: 'Trend', value: (row) => row.byteRate,
    show: (row) => sparkline(row.spark, { width: 90 }) },
  { id: 'packets', title: 'Packets/s', number: true, value: (row) => row.packetRate,
    show: (row) => rate(row.packetRate).replace('/s', '') },
  { ...latency('rtt', 'RTT', 'rtt_mean', 'Round trip of the TCP handshake: mean, and the longest'),
    show: (row) => row.rtt_mean === null ? '–'
      : over(duration(row.rtt_mean), `max ${duration(row.rtt_longest)}`) },
  latency('rttmax', 'RTT max', 'rtt_longest', 'The longest round trip of a handshake'),
  latency('rttclient', 'To client', 'rtt_to_client',
    'The part of RTT between the observation point and the client'),
  latency('rttserver', 'To server', 'rtt_to_server',
    'The part of RTT between the observation point and the server'),
  { id: 'retrans', title: 'Retrans', number: true, value: (row) => row.repeatedShare,
    about: 'Share of packets that were sent again', show: (row) => repeats(row) },
  { id: 'zero', title: 'Zero win', number: true, value: (row) => Number(row.zero_windows),
    about: 'Times that a receiver said it has no room: its program reads too slowly',
    show: (row) => alarm(row.zero_windows, count(Number(row.zero_windows))) },
  { id: 'failed', title: 'Failed', number: true, value: (row) => row.failures.total,
    about: 'Connections that could not be established (est), were reset (rst) or went silent (t/o)',
    show: (row) => {
      const { total, establish, resets, silent } = row.failures;
      const kinds = [[establish, 'est'], [resets, 'rst'], [silent, 't/o']]
        .filter(([number]) => number).map(([number, kind]) => `${count(number)} ${kind}`);
      const figure = alarm(total, count(total), failuresInWords(row));
      return total ? over(figure, kinds.join(' · ')) : figure;
    } },
  failure('establish', 'Not est.', 'establish', 'Connections that could not be established',
    ({ phase }) => phase === 'establish'),
  failure('resets', 'Resets', 'resets', 'Connections that were reset after they were established',
    ({ metric }) => /_rst_flow$/.test(metric)),
  failure('silent', 'Timeouts', 'silent',
    'Connections that went silent, or that the server’s accept queue had no room for',
    ({ metric }) => metric === 'tcp_timeout' || metric === 'server_queue_lack'),
  { id: 'opened', title: 'New', number: true, value: (row) => Number(row.opened),
    about: 'Flows that began in the range', show: (row) => count(Number(row.opened)) },
  { id: 'open', title: 'Open', number: true, value: (row) => row.open,
    about: 'Flows open at the end of the range', show: (row) => count(row.open) },
  { id: 'seen', title: 'Seen at', value: (row) => row.observation_point,
    show: (row) => pointLabel(row.observation_point) },
];

/** The columns that say who it is about. */
const names = ['client', 'server', 'port', 'transport'];

const columns = figureColumns.map((column) => names.includes(column.id) ? column : {
  ...column, value: (row) => row.isUnwatched ? null : column.value(row),
  show: (row) => !row.isUnwatched ? column.show(row)
    : make('span.quiet', { title: unwatched }, column.id === 'bytes' ? 'not watched' : '–'),
});

const usual = ['client', 'server', 'port', 'transport', 'bytes', 'trend', 'rtt', 'rttclient',
  'rttserver', 'retrans', 'zero', 'failed', 'opened', 'open', 'seen'];

function repeats({ repeatedShare, repeated }) {
  const tone = repeatedShare >= 1 ? 'bad' : repeatedShare > 0.1 ? 'warn' : 'quiet';
  return make(`span.${tone}`, { title: `${count(Number(repeated))} packets` },
    percent(repeatedShare));
}

function mount(page, { parameters, reload }) {
  const grouping = groupingOf(parameters);
  const order = orderOf(parameters, 'bytes-');
  let shown = null;
  let list = null;
  const panel = make('div.panel.dense');
  const known = columns.filter((column) => !['client', 'port'].includes(column.id)
    || groupings[grouping].tags[column.id]);
  const shape = () => {
    list = dataTable(chosenColumns('network', known, usual), {
      label: groupings[grouping].title, key: (row) => row.key, order,
      sorted: keepOrder,
      open: (row) => openDrawer('network', ...grouping === 'path'
        ? [row.server, row.transport, row.client, String(row.port)] : [row.server, row.transport]),
    });
    panel.replaceChildren(list.element);
  };
  shape();
  const search = make('input', {
    type: 'search', placeholder: 'Filter by name or port ( / )', 'data-first': true,
    'aria-label': 'Filter', value: parameters.get('filter'), oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const troubled = make('input', { type: 'checkbox', checked: parameters.get('trouble') === '1',
    onchange: () => {
      go({ trouble: troubled.checked ? '1' : null });
      update(shown);
    } });
  const hint = make('span.hint', { role: 'status' });
  const tiles = Object.fromEntries(['Throughput', 'Packets', 'New flows', 'Retransmitted',
    'Failed connections'].map((label) => [label, make('div.figure', {}, '–')]));
  page.replaceChildren(
    make('div.tiles', {}, ...Object.entries(tiles).map(([label, figure]) =>
      make('div.tile', {}, make('div.label', {}, label), figure))),
    make('div.bar', {}, tabs(grouping), search, make('label.control', {
      title: 'Only rows with failures, zero windows or more than 0.1 % retransmissions',
    }, troubled, 'Only trouble'), columnChoice('network', known, usual, () => {
      shape();
      update(shown);
    }), ownToggle(reload), hint), panel);

  function update(data) {
    shown = data;
    if (!data) return;
    const rows = data.rows.filter((row) => showsOwn() || !isOwn(row.server));
    const needle = search.value.trim().toLowerCase();
    const matching = rows.filter((row) => `${row.client ?? ''} ${row.server} ${row.transport} `
      .concat(row.port ?? '').toLowerCase().includes(needle)
      && (!troubled.checked || hasTrouble(row)));
    tell(tiles, matching, data.span);
    const unseenRows = matching.filter((row) => row.isUnwatched).length;
    hint.textContent = [data.isFull ? `The busiest ${most} are shown.` : '',
      unseenRows ? `${unseenRows} of ${matching.length} not watched` : ''].filter(Boolean).join(' ');
    hint.title = unseenRows ? unwatched : '';
    list.update(matching, rows.length ? 'Nothing matches the filter.' : empty(data.span));
  }
  return update;
}

/** An empty page: why, and how packets come in. */
function empty(span) {
  const place = nothing(span, 'No packets in this time range. Agents that watch interfaces send what '
    + 'they see every second.');
  command('replay', ' --times now FILE').then((line) =>
    place.append(make('p', {}, 'A capture file comes in with'), line), () => {});
  return place;
}

function hasTrouble(row) {
  return !row.isUnwatched && (row.failures.total > 0 || Number(row.zero_windows) > 0
    || row.repeatedShare > 0.1);
}

function tell(tiles, rows, span) {
  const seen = rows.filter((row) => !row.isUnwatched);
  const sum = (value) => seen.reduce((total, row) => total + Number(value(row)), 0);
  const packets = sum((row) => row.packets);
  const texts = {
    Throughput: byteRate(sum((row) => row.bytes) / span.watched),
    Packets: rate(packets / span.watched),
    'New flows': rate(sum((row) => row.opened) / span.watched),
    Retransmitted: percent(share(sum((row) => row.repeated), packets)),
    'Failed connections': count(sum((row) => row.failures.total)),
  };
  const none = span.isUnwatched || rows.length ? 'not watched' : 'none yet';
  for (const [label, text] of Object.entries(texts)) {
    tiles[label].textContent = seen.length ? text : none;
  }
}

/** Services or paths: a choice that stands in the address. */
function tabs(grouping) {
  return make('div.tabs', { role: 'group', 'aria-label': 'A row is' },
    ...Object.entries(groupings).map(([name, { title }]) => make('button', {
      'aria-pressed': String(name === grouping), onclick: () => {
        navigate({ by: name === 'service' ? null : name });
      },
    }, title)));
}
