// SPDX-License-Identifier: Apache-2.0

import { agents, query } from './api.js';
import { change } from './address.js';
import { trend } from './charts.js';
import { keepOrder, orderOf } from './controls.js';
import { make, sparkline } from './dom.js';
import { openDrawer } from './drawer.js';
import { clock, count, duration, errorBadge, errorShare, percent, rate } from './format.js';
import { latestCalls } from './percentiles.js';
import { bestPoint, pointName } from './points.js';
import { isOwn, ownToggle, showsOwn } from './state.js';
import { dataTable } from './table.js';
import { during, timeWindow } from './time.js';

export const services = { title: 'Services', load, mount };

/** Calls that P95 is read from, at most. */
const mostCalls = 1e6;

async function load() {
  const span = timeWindow();
  const edges = `application_map.${span.interval}`;
  const by = 'auto_service_1, l7_protocol, observation_point';
  const tags = 'auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point';
  const [totals, points, [part, slowest]] = await Promise.all([
    query(`SELECT ${tags}, Sum(request) AS requests, Sum(response) AS responses,
      Sum(error) AS errors, Sum(timeout) AS timeouts, Avg(rrt) AS mean, Max(rrt) AS longest
      FROM ${edges} WHERE ${during(span)} GROUP BY ${by} LIMIT 5000`, 'flow_metrics'),
    query(`SELECT ${tags}, time(time, ${span.trendStep}) AS t, Sum(request) AS requests
      FROM ${edges} WHERE ${during(span)} GROUP BY ${by}, t LIMIT 100000`, 'flow_metrics'),
    percentiles(span, tags, by),
  ]);
  const rows = fromBestPoint(totals, points, slowest, span);
  return { span, part, rows, agents: rows.length ? null : await agents().catch(() => []) };
}

/** P95 by service: of its calls, or else of its averages by second, which know no single call. */
async function percentiles(span, tags, by) {
  const part = await latestCalls(span, mostCalls);
  const [exact, coarse] = await Promise.all([
    query(`SELECT ${tags}, Percentile(response_duration, 95) AS p95 FROM l7_flow_log
      WHERE ${during(part)} GROUP BY ${by} LIMIT 5000`, 'flow_log'),
    part.isWhole ? [] : query(`SELECT ${tags}, Percentile(rrt, 95) AS p95
      FROM application_map.${span.interval} WHERE ${during(span)} GROUP BY ${by} LIMIT 5000`,
    'flow_metrics'),
  ]);
  return [part, [...coarse.map((row) => ({ ...row, isCoarse: true })), ...exact]];
}

/**
 * One row a service and protocol. A call may have been counted at several observation points, so
 * only one speaks for a service: the nearest to it.
 */
function fromBestPoint(totals, points, slowest, span) {
  const name = (row) => `${row.service}\n${row.protocol}`;
  const best = new Map([...Map.groupBy(totals, name)].map(([key, rows]) => {
    const point = bestPoint(rows, (row) => row.requests, 'server');
    return [key, rows.find((row) => row.observation_point === point)];
  }));
  const isBest = (row) => best.get(name(row))?.observation_point === row.observation_point;
  const series = Map.groupBy(points.filter(isBest), name);
  const p95 = new Map(slowest.filter(isBest).map((row) => [name(row), row]));
  return [...best].map(([key, row]) => ({
    ...row,
    rate: row.requests / span.seconds,
    errorShare: errorShare(row),
    p95: p95.get(key)?.p95 ?? null,
    isCoarse: p95.get(key)?.isCoarse,
    spark: trend(series.get(key) ?? [], span, 'requests'),
  }));
}

const columns = [
  { id: 'service', title: 'Service', value: (row) => row.service,
    show: (row) => make('strong', {}, row.service || '(unknown)') },
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
    about: '95 of 100 calls were faster. Of the latest million calls where there were more; ~ '
      + 'where none of those was the service’s: of its averages by second',
    show: (row) => row.isCoarse ? `~ ${duration(row.p95)}` : duration(row.p95) },
  { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
    show: (row) => duration(row.longest) },
  { id: 'requests', title: 'Calls', number: true, value: (row) => Number(row.requests),
    show: (row) => count(Number(row.requests)) },
  { id: 'seen', title: 'Seen at', value: (row) => row.observation_point,
    about: 'Latency at the server leaves the network out; at the client it is in',
    show: (row) => pointName(row.observation_point) },
];

function mount(page, { parameters, reload }) {
  let shown = null;
  const list = dataTable(columns, {
    label: 'Services', key: (row) => `${row.service}\n${row.protocol}`,
    order: orderOf(parameters, 'rate-'),
    sorted: keepOrder,
    open: (row) => openDrawer('service', row.service, row.protocol),
  });
  const search = make('input', {
    type: 'search', placeholder: 'Filter by service or protocol ( / )', 'data-first': true,
    'aria-label': 'Filter', value: parameters.get('filter'), oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const hint = make('span.hint');
  const figures = Object.fromEntries(['Services', 'Calls', 'Error ratio', 'Mean latency']
    .map((label) => [label, make('div.figure', {}, '–')]));
  page.replaceChildren(
    make('div.tiles', {}, ...Object.entries(figures).map(([label, figure]) =>
      make('div.tile', {}, make('div.label', {}, label), figure))),
    make('div.bar', {}, search, ownToggle(reload), hint), make('div.panel', {}, list.element));

  function update(data) {
    shown = data;
    if (!data) return;
    const rows = data.rows.filter((row) => showsOwn() || !isOwn(row.service));
    const needle = search.value.trim().toLowerCase();
    hint.textContent = data.part.isWhole ? ''
      : `P95 of the latest million calls, since ${clock(data.part.from, 's')}`;
    const matching = rows.filter((row) =>
      `${row.service} ${row.protocol}`.toLowerCase().includes(needle));
    const sum = (value) => matching.reduce((total, row) => total + Number(value(row)), 0);
    const responses = sum((row) => row.responses);
    figures.Services.textContent = count(new Set(matching.map((row) => row.service)).size);
    figures.Calls.textContent = rate(sum((row) => row.rate));
    figures['Error ratio'].textContent =
      percent(responses ? sum((row) => row.errors) / responses * 100 : 0);
    figures['Mean latency'].textContent =
      duration(responses ? sum((row) => (row.mean ?? 0) * row.responses) / responses : null);
    list.update(matching, rows.length ? 'No service matches the filter.' : nothing(data.agents));
  }
  return update;
}

/** What to do when there is nothing to see. */
function nothing(known) {
  if (known && !known.some((agent) => agent.connected)) {
    return make('div', {}, make('p', {}, 'No agent is connected, so nothing is watched.'),
      make('p', {}, 'Start one as root on each host that is to be seen:'),
      make('pre.mono', {}, `metaflow-agent run --server ${location.hostname}:20033`));
  }
  return 'No calls in this time range. Make one (curl a local service, say), or choose a longer '
    + 'range: a call shows within 3 seconds.';
}
