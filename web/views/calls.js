// SPDX-License-Identifier: Apache-2.0

import { calls as askForCalls, query } from '../asking/api.js';
import { knownColumns, usualColumns } from '../parts/columns.js';
import { timeChart } from '../parts/charts.js';
import { chips, chosenColumns, columnChoice, filterFields, keepOrder,
  orderOf } from '../parts/controls.js';
import { watchedWindow } from '../asking/coverage.js';
import { make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { factColumns, factsInShort } from '../parts/facts.js';
import { callFilter, sides, statuses } from '../asking/filters.js';
import { count } from '../parts/format.js';
import { nothing } from '../parts/nothing.js';
import { ownToggle } from '../frame/state.js';
import { dataTable } from '../parts/table.js';
import { lookAt } from '../frame/time.js';

export const calls = { path: 'calls', title: 'Calls', load, mount };

const limit = 300;

/** Filters that links set, and that have no field to type in. */
const withoutField = ['client', 'server', 'endpoint', 'trace', 'port', 'connection', 'attribute'];

let protocols = null;

async function load(parameters) {
  const span = await watchedWindow();
  const { id, descending } = orderOf(parameters, 'time-');
  const [found, names] = await Promise.all([
    askForCalls({ from: span.from, to: span.to, ...callFilter(parameters), sort: id,
      order: descending ? 'desc' : 'asc', limit, step: span.step }),
    protocols ?? query('SHOW tag l7_protocol values FROM l7_flow_log', 'flow_log'),
  ]);
  protocols = names;
  return { ...found, span, order: { id, descending } };
}

function mount(page, { parameters, reload }) {
  const { entry, chosen } = filterFields(parameters, reload);
  const protocol = make('span');
  const known = make('datalist', { id: 'seen' });
  const hint = make('span.hint', { role: 'status' });
  const bars = make('div.chart.bars');
  const older = make('button', { hidden: true }, 'Older calls');
  const order = orderOf(parameters, 'time-');
  let list = null;
  const panel = make('div.panel.log');
  /** The columns, with those of the protocol that is looked at in place of its facts in short. */
  const columnsOf = (rows) => {
    const usual = chosenColumns('calls', knownColumns, usualColumns);
    const own = factColumns(parameters.get('protocol'), rows);
    const place = usual.findIndex((column) => column.id === 'facts');
    const hasNone = rows.length && !rows.some((row) => factsInShort(row));
    return place < 0 || (!own.length && !hasNone) ? usual
      : [...usual.slice(0, place), ...own, ...usual.slice(place + 1)];
  };
  let shape = '';
  const build = (rows) => {
    const columns = columnsOf(rows);
    const wanted = columns.map(({ id }) => id).join();
    if (wanted === shape) return;
    shape = wanted;
    list = dataTable(columns, {
      label: 'Calls', key: (row) => row.id, order, isSorted: true,
      open: (row) => openDrawer('call', row.id, String(row.time)),
      sorted: (to) => {
        keepOrder(to);
        reload();
      },
    });
    panel.replaceChildren(list.element, older);
  };
  build([]);
  page.replaceChildren(
    make('div.bar', {}, entry('resource', 'Resource contains… ( / )', { 'data-first': true }),
      entry('service', 'Service is…', { class: 'short', list: 'seen' }), known, protocol,
      chosen('status', 'Status', statuses), chosen('side', 'Seen at', sides('call')),
      entry('slower', 'Slower than ms', { class: 'tiny', title: '250, 250us, 1.5 s' }),
      columnChoice('calls', knownColumns, usualColumns, () => {
        build(shown?.rows ?? []);
        update(shown);
      }), ownToggle(reload), hint),
    chips(parameters, withoutField), bars, panel);
  const draw = timeChart(bars, count);
  let shown = null;

  function update(data) {
    shown = data;
    if (!data) return;
    if (!protocol.firstChild) {
      protocol.append(chosen('protocol', 'Protocol', [['', 'Any protocol'],
        ...protocols.map((row) => [row.display_name, row.display_name])]));
    }
    const names = new Set(data.rows.flatMap((row) => [row.client, row.server]));
    known.replaceChildren(...[...names].sort().map((value) => make('option', { value })));
    draw(stacks(data));
    hint.textContent = told(data);
    older.hidden = !data.isCut || data.order.id !== 'time' || !data.order.descending;
    older.onclick = () => lookAt(data.span.from,
      Math.min(data.rows.at(-1).time, data.span.to - 1));
    build(data.rows);
    list.update(data.rows, nothing(data.span, 'No call matches in this time range. Loosen a filter, '
      + 'choose a longer range, or make a call: it shows within 3 seconds.'));
  }
  return update;
}

/** How many are shown, and which, where there are more. */
function told({ rows, isCut, order, bars }) {
  if (!isCut) return rows.length === 1 ? '1 call' : `${rows.length} calls`;
  const all = bars.reduce((sum, bar) => sum + bar.calls, 0);
  const of = all > rows.length ? ` of ${count(all)}` : '';
  if (order.id === 'time') {
    return `the ${order.descending ? 'latest' : 'first'} ${rows.length}${of}`;
  }
  const title = knownColumns.find((column) => (column.sort ?? column.id) === order.id)?.title;
  return `the first ${rows.length}${of} by ${title ?? order.id}`;
}

/** How many calls ended how, over time. */
function stacks({ bars, span }) {
  const tones = { Success: 'good', 'Client Error': 'warn', 'Server Error': 'bad' };
  return ['Success', 'Client Error', 'Server Error', 'other'].map((name) => {
    const sums = new Map();
    for (const bar of bars) {
      if ((tones[bar.status] ? bar.status : 'other') !== name) continue;
      sums.set(bar.time, (sums.get(bar.time) ?? 0) + bar.calls);
    }
    const points = [];
    for (let at = Math.ceil(span.from / span.step) * span.step; at <= span.to; at += span.step) {
      points.push([at * 1000, sums.get(at) ?? 0]);
    }
    return { name, points, tone: tones[name] ?? 'quiet', bars: true };
  });
}
