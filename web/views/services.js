// SPDX-License-Identifier: Apache-2.0

import { change, go, navigate } from '../frame/address.js';
import { trend } from '../parts/charts.js';
import { watchedWindow } from '../asking/coverage.js';
import { keepOrder, lateChoice, orderOf } from '../parts/controls.js';
import { choice, make, sparkline } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { clock, count, duration, errorBadge, errorShare, percent, rate } from '../parts/format.js';
import { figures } from '../asking/metrics.js';
import { nothing } from '../parts/nothing.js';
import { pointLabel } from '../parts/points.js';
import { isOwn, ownToggle, showsOwn } from '../frame/state.js';
import { dataTable } from '../parts/table.js';

export const services = { path: 'services', title: 'Services', load, mount };

/** What calls are added up by: the tag, what one of its values is, and what it is called in the choice. */
const groupings = [['auto_service', 'Service', 'By service'], ['pod_group', 'Workload', 'By workload'],
  ['pod_ns', 'Namespace', 'By namespace'], ['pod_node', 'Node', 'By node'], ['pod', 'Pod', 'By pod'],
  ['pod_cluster', 'Cluster', 'By cluster'], ['host', 'Host', 'By host']];
const groupingOf = (parameters) =>
  groupings.find(([tag]) => tag === parameters.get('by')) ?? groupings[0];

/** Figures of a service as columns of `figures`. */
const sums = [['requests', 'Sum(request)', 'sum'], ['responses', 'Sum(response)', 'sum'],
  ['errors', 'Sum(error)', 'sum'], ['timeouts', 'Sum(timeout)', 'sum'],
  ['mean', 'Avg(rrt)', 'responses'], ['longest', 'Max(rrt)', 'max']];
const where = [['protocol', 'Enum(l7_protocol)', 'key'],
  ['observation_point', 'observation_point', 'key']];

async function load(parameters) {
  const span = await watchedWindow();
  const [tag] = groupingOf(parameters);
  const tags = [['service', `${tag}_1`, 'key'], ...where];
  const by = `${tag}_1, l7_protocol, observation_point`;
  const speaker = { end: 'server', weight: 'requests', of: ['service', 'protocol'] };
  const [totals, points, edges] = await Promise.all([
    figures(span, 'application_map', [...tags, ...sums], by,
      { limit: 5000, speaker, percentiles: [95] }),
    figures(span, 'application_map', [...tags, ['t', `time(time, ${span.trendStep})`, 'key'],
      ['requests', 'Sum(request)', 'sum']], `${by}, t`,
    { order: 't DESC', limit: 100000, speaker }),
    figures(span, 'application_map', [['client', `${tag}_0`, 'key'],
      ['client_kind', 'Enum(auto_service_type_0)', 'key'], ['server', `${tag}_1`, 'key'],
      ...where, ...sums], `${tag}_0, auto_service_type_0, ${by}`,
    { order: 'requests DESC', limit: 20000, echoes: false }),
  ]);
  return { span, from: totals.percentilesFrom, rows: withTrend(totals, points, span), edges };
}

/** One row a service and protocol, with its trend at the point that speaks for it. */
function withTrend(totals, points, span) {
  const name = (row) => `${row.service}\n${row.protocol}\n${row.observation_point}`;
  const series = Map.groupBy(points, name);
  return totals.map((row) => ({
    ...row,
    rate: row.requests / span.watched,
    errorShare: errorShare(row),
    isCoarse: Boolean(Number(row.is_coarse)),
    spark: trend(series.get(name(row)) ?? [], span, 'requests'),
  }));
}

const columns = [
  { id: 'service', title: 'Service', value: (row) => row.service,
    show: (row) => make('strong', {}, row.service || '(none)') },
  { id: 'protocol', title: 'Protocol', value: (row) => row.protocol,
    show: (row) => make('span.badge', {}, row.protocol) },
  { id: 'rate', title: 'Calls/s', number: true, value: (row) => row.rate,
    show: (row) => rate(row.rate) },
  { id: 'trend', title: 'Trend', value: (row) => row.rate, show: (row) => sparkline(row.spark) },
  { id: 'errors', title: 'Errors', number: true, value: (row) => row.errorShare,
    about: 'Share of responses that were an error', show: (row) => errorBadge(row.errorShare) },
  { id: 'timeouts', title: 'Timeouts', number: true, value: (row) => Number(row.timeouts),
    show: (row) => make(Number(row.timeouts) ? 'span.bad' : 'span.quiet', {},
      count(Number(row.timeouts))) },
  { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
    show: (row) => duration(row.mean) },
  { id: 'p95', title: 'P95', number: true, value: (row) => row.p95,
    about: '95 of 100 calls were faster. Of the latest calls where there were very many; ~ where '
      + 'none of those was the service’s: of its averages by second',
    show: (row) => row.isCoarse ? `~ ${duration(row.p95)}` : duration(row.p95) },
  { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
    show: (row) => duration(row.longest) },
  { id: 'requests', title: 'Calls', number: true, value: (row) => Number(row.requests),
    show: (row) => count(Number(row.requests)) },
  { id: 'seen', title: 'Seen at', value: (row) => row.observation_point,
    about: 'Latency at the server leaves the network out; at the client it is in',
    show: (row) => pointLabel(row.observation_point) },
];

function mount(page, { parameters, reload }) {
  let shown = null;
  const [tag, title] = groupingOf(parameters);
  const [first, ...rest] = columns;
  const list = dataTable([{ ...first, title }, ...rest], {
    label: 'Services', key: (row) => `${row.service}\n${row.protocol}`,
    order: orderOf(parameters, 'rate-'),
    sorted: keepOrder,
    open: tag === 'auto_service'
      ? (row) => openDrawer('service', row.service, row.protocol) : undefined,
  });
  const grouping = choice('Group by', groupings.map(([name, , label]) => [name, label]), tag,
    (by) => navigate({ by: by === groupings[0][0] ? null : by }));
  const search = make('input', {
    type: 'search', placeholder: `Filter by ${title.toLowerCase()} or protocol ( / )`, 'data-first': true,
    'aria-label': 'Filter', value: parameters.get('filter'), oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const hint = make('span.hint');
  let chosen = parameters.get('protocol') ?? '';
  const protocols = lateChoice('Protocol', (value) => {
    chosen = value;
    go({ protocol: value });
    update(shown);
  });
  const tiles = Object.fromEntries(['Services', 'Calls that come in', 'Of them errors', 'Mean latency']
    .map((label) => [label, make('div.figure', {}, '–')]));
  page.replaceChildren(
    make('div.tiles', {}, ...Object.entries(tiles).map(([label, figure]) =>
      make('div.tile', {}, make('div.label', {}, label), figure, make('div.lesser', {})))),
    make('div.bar', {}, grouping, search, protocols.element, ownToggle(reload), hint),
    make('div.panel', {}, list.element));

  /** The protocols that services speak, each with how many do. */
  function showProtocols(rows) {
    const counts = new Map([...Map.groupBy(rows, (row) => row.protocol)].sort());
    if (chosen && !counts.has(chosen)) counts.set(chosen, []);
    protocols.update([['', 'Any protocol'],
      ...[...counts].map(([name, all]) => [name, `${name} (${all.length})`])], chosen);
  }

  function update(data) {
    shown = data;
    if (!data) return;
    const rows = data.rows.filter((row) => showsOwn() || !isOwn(row.service));
    showProtocols(rows);
    const needle = search.value.trim().toLowerCase();
    hint.textContent = [
      data.span.isWhole || data.span.isUnwatched ? ''
        : `Rates over the time that was watched: since ${clock(data.span.since, 's')}`,
      data.from ? `P95 of the latest calls, since ${clock(data.from, 's')}` : '',
    ].filter(Boolean).join('. ');
    const matching = rows.filter((row) => (!chosen || row.protocol === chosen)
      && `${row.service} ${row.protocol}`.toLowerCase().includes(needle));
    showTiles(tiles, matching, data);
    list.update(matching, rows.length ? 'No service matches the filter.'
      : nothing(data.span, 'Make a call (curl a local service, say), or choose a longer range: it '
        + 'shows within 3 seconds.'));
  }
  return update;
}

/** What comes in from users, and which service is in the most trouble. */
function showTiles(tiles, rows, { span, edges }) {
  const put = (label, text, about = '') => {
    tiles[label].textContent = text;
    tiles[label].nextSibling.textContent = about;
    tiles[label].nextSibling.title = about;
  };
  const unknown = span.isUnwatched ? 'not watched' : 'none yet';
  const entries = incoming(rows, edges);
  const sum = (value) => entries.reduce((total, row) => total + Number(value(row) ?? 0), 0);
  const responses = sum((row) => row.responses);
  // Names that do not exist are no service's trouble.
  const worst = rows.filter((row) => Number(row.responses) >= 5 && row.protocol !== 'DNS')
    .sort((a, b) => b.errorShare - a.errorShare)[0];
  put('Services', rows.length ? count(new Set(rows.map((row) => row.service)).size) : unknown,
    worst?.errorShare ? `most errors: ${worst.service}, ${percent(worst.errorShare)}` : '');
  put('Calls that come in', entries.length ? rate(sum((row) => row.requests) / span.watched) : unknown,
    entries.length ? `to ${[...new Set(entries.map((row) => row.service))].join(', ')}` : '');
  put('Of them errors', responses ? percent(sum((row) => row.errors) / responses * 100) : unknown);
  put('Mean latency', responses
    ? duration(sum((row) => (row.mean ?? 0) * row.responses) / responses) : unknown);
}

/**
 * The calls of those whom no call reaches: what users and jobs see. A sum over all layers would
 * count each of their calls many times. Each service's are told by the point that speaks for it.
 */
export function incoming(rows, edges) {
  const served = new Set(rows.map((row) => row.service));
  const points = new Map(rows.map((row) =>
    [`${row.service}\n${row.protocol}`, row.observation_point]));
  return edges.map((edge) => ({ ...edge, service: edge.server }))
    .filter((edge) => !served.has(edge.client) && edge.protocol !== 'DNS'
      && points.get(`${edge.service}\n${edge.protocol}`) === edge.observation_point);
}
