// SPDX-License-Identifier: Apache-2.0

import { flows as askFlows } from '../asking/api.js';
import { timeChart } from '../parts/charts.js';
import { chips, chosenColumns, columnChoice, filterFields, keepOrder,
  orderOf } from '../parts/controls.js';
import { make } from '../parts/dom.js';
import { watchedWindow } from '../asking/coverage.js';
import { openDrawer } from '../frame/drawer.js';
import { endingChoices, hasFailed } from '../parts/failures.js';
import { flowFilter, sides } from '../asking/filters.js';
import { knownFlowColumns, usualFlowColumns } from '../parts/flowcolumns.js';
import { count } from '../parts/format.js';
import { nothing } from '../parts/nothing.js';
import { ownToggle } from '../frame/state.js';
import { dataTable } from '../parts/table.js';
import { lookAt } from '../frame/time.js';
import { unwatched } from '../asking/watched.js';

export const flows = { path: 'flows', title: 'Flows', load, mount };

const limit = 300;

/** Filters that links set, and that have no field to type in. */
const withoutField = ['client', 'server', 'connection', 'flow'];

const transports = [['', 'Any transport'], ['TCP', 'TCP'], ['UDP', 'UDP'], ['ICMP', 'ICMP'],
  ['ICMPv6', 'ICMPv6']];
const ends = [['', 'Ended anyhow'], ['failed', 'Any failure'],
  ...endingChoices];

async function load(parameters) {
  const span = await watchedWindow();
  const once = !parameters.get('side');
  const order = orderOf(parameters, 'time-');
  // The address may have been written by anyone.
  const sort = knownFlowColumns.find((column) => column.sort === order.id)?.sort ?? 'time';
  const { rows, bars, isCut } = await askFlows({ from: span.from, to: span.to,
    ...flowFilter(parameters), sort, order: order.descending ? 'desc' : 'asc', limit,
    step: span.step });
  return { rows, bars, span, once, order, isFull: isCut };
}

function mount(page, { parameters, reload }) {
  const { entry, chosen } = filterFields(parameters, reload);
  const known = make('datalist', { id: 'seen' });
  const hint = make('span.hint', { role: 'status' });
  const bars = make('div.chart.bars');
  const older = make('button', { hidden: true }, 'Older flows');
  const panel = make('div.panel.log.dense');
  const order = orderOf(parameters, 'time-');
  let list = null;
  let shown = null;
  const shape = () => {
    list = tableOf(order, reload);
    panel.replaceChildren(list.element, older);
  };
  shape();
  page.replaceChildren(
    make('div.bar', {}, entry('service', 'Service is… ( / )', { 'data-first': true, class: 'wide',
      list: 'seen' }), known, entry('address', 'Address is…', { class: 'short' }),
    entry('port', 'Server port', { class: 'tiny' }),
    chosen('transport', 'Transport', transports), chosen('end', 'How it ended', ends),
    chosen('side', 'Seen at', sides('flow')),
    entry('slower', 'RTT over ms', { class: 'tiny', title: '250, 250us, 1.5 s' }),
    columnChoice('flows', knownFlowColumns, usualFlowColumns, () => {
      shape();
      update(shown);
    }), ownToggle(reload), hint),
    chips(parameters, withoutField), bars, panel);
  const draw = timeChart(bars, count);

  function update(data) {
    shown = data;
    if (!data) return;
    const names = new Set(data.rows.flatMap((row) => [row.client, row.server]));
    known.replaceChildren(...[...names].sort().map((value) => make('option', { value })));
    draw(stacks(data));
    hint.textContent = told(data);
    older.hidden = !data.isFull || data.order.id !== 'time' || !data.order.descending;
    older.onclick = () => lookAt(data.span.from,
      Math.min(data.rows.at(-1).time, data.span.to - 1));
    list.update(data.rows, make('div', {}, nothing(data.span, 'No flow matches in this time range. '
      + 'Loosen a filter or choose a longer range. A flow shows when it has ended, and every minute '
      + 'while it goes on.'), make('p', {}, make('strong', {}, 'Not watched'), ` may be the reason: `
      + 'packets are seen only on the interfaces that an agent captures. ', unwatched)));
  }
  return update;
}

function tableOf(order, reload) {
  return dataTable(chosenColumns('flows', knownFlowColumns, usualFlowColumns), {
    label: 'Flows', key: (row) => row.id, order, isSorted: true,
    open: (row) => openDrawer('flow', row.id, String(row.time)),
    sorted: (to) => {
      keepOrder(to);
      reload();
    },
  });
}

/** How many are shown, and which, where there are more. */
function told({ rows, isFull, order }) {
  if (!isFull) return rows.length === 1 ? '1 flow' : `${rows.length} flows`;
  if (order.id === 'time') return `the ${order.descending ? 'latest' : 'first'} ${rows.length}`;
  const title = knownFlowColumns.find(({ sort }) => sort === order.id)?.title ?? order.id;
  return `the first ${rows.length} by ${title}`;
}

/** How many flows ended how, over time. */
function stacks({ bars, span }) {
  const kindOf = (row) => hasFailed(row) ? 'failed'
    : Number(row.close_type) === 5 ? 'still open' : 'ended';
  const sums = new Map();
  for (const row of bars) {
    const key = `${kindOf(row)} ${row.time}`;
    sums.set(key, (sums.get(key) ?? 0) + Number(row.flows));
  }
  return [['ended', 'good'], ['still open', 'quiet'], ['failed', 'bad']].map(([name, tone]) => {
    const points = [];
    for (let at = Math.ceil(span.from / span.step) * span.step; at <= span.to; at += span.step) {
      points.push([at * 1000, sums.get(`${name} ${at}`) ?? 0]);
    }
    return { name, points, tone, bars: true };
  });
}
