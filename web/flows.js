// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { timeChart } from './charts.js';
import { chips, chosenColumns, columnChoice, filterFields, keepOrder,
  orderOf } from './controls.js';
import { make } from './dom.js';
import { watchedWindow } from './coverage.js';
import { openDrawer } from './drawer.js';
import { folded } from './exchanges.js';
import { endingChoices, hasFailed } from './failures.js';
import { flowConditions, sides } from './filters.js';
import { knownFlowColumns, usualFlowColumns } from './flowcolumns.js';
import { count } from './format.js';
import { nothing } from './nothing.js';
import { bestPoint } from './points.js';
import { ownToggle } from './state.js';
import { dataTable } from './table.js';
import { during, lookAt } from './time.js';
import { unwatched } from './watched.js';

export const flows = { title: 'Flows', load, mount };

const limit = 300;

/** Records that are asked for to show `limit` flows: each may have been seen at several points. */
const recordsAskedFor = limit * 4;

/** Filters that links set, and that have no field to type in. */
const withoutField = ['client', 'server', 'connection', 'flow'];

const transports = [['', 'Any transport'], ['TCP', 'TCP'], ['UDP', 'UDP'], ['ICMP', 'ICMP'],
  ['ICMPv6', 'ICMPv6']];
const ends = [['', 'Ended anyhow'], ['failed', 'Any failure'],
  ...endingChoices];

async function load(parameters) {
  const span = await watchedWindow();
  const where = [during(span), ...flowConditions(parameters)].join(' AND ');
  const once = !parameters.get('side');
  const asked = once ? recordsAskedFor : limit;
  const order = orderOf(parameters, 'time-');
  // The address may have been written by anyone.
  const by = knownFlowColumns.find(({ sort }) => sort === order.id)?.sort ?? 'time';
  const way = order.descending ? 'DESC' : 'ASC';
  const [rows, bars] = await Promise.all([
    query(`SELECT toString(_id) AS id, time, start_time, end_time, toString(flow_id) AS flow,
      auto_service_0 AS client, auto_service_1 AS server, ip_0, ip_1, client_port, server_port,
      Enum(protocol) AS transport, Enum(l7_protocol) AS application, request_domain, close_type,
      duration, byte_tx, byte_rx, packet_tx, packet_rx, rtt, rtt_client, rtt_server,
      art_sum / art_count AS answer, retrans, zero_win, ooo, syn_seq, observation_point,
      capture_nic_name
      FROM l4_flow_log WHERE ${where} ORDER BY ${by} ${way}${by === 'time' ? '' : ', time DESC'}
      LIMIT ${asked}`, 'flow_log'),
    query(`SELECT time(time, ${span.step}) AS t, close_type, Enum(protocol) AS transport,
      observation_point, Count(row) AS flows FROM l4_flow_log WHERE ${where}
      GROUP BY t, close_type, protocol, observation_point LIMIT 50000`, 'flow_log'),
  ]);
  const found = once ? joined(rows, await partners(rows)) : folded(rows, () => null);
  return { rows: found.slice(0, limit), bars, span, once, order,
    isFull: rows.length === asked || found.length > limit };
}

/** Every record of the flows that `rows` are of, whether it passes the filters or not. */
async function partners(rows) {
  const sequences = new Set(rows.map((row) => Number(row.syn_seq)).filter(Boolean));
  if (!sequences.size) return [];
  const times = rows.map((row) => Number(row.time));
  const found = await query(`SELECT toString(_id) AS id, time, start_time, ip_0, ip_1, client_port,
    server_port, Enum(protocol) AS transport, close_type, syn_seq, observation_point
    FROM l4_flow_log WHERE time >= ${Math.min(...times) - 60} AND time <= ${Math.max(...times) + 60}
    AND syn_seq IN (${[...sequences].join(', ')}) LIMIT 50000`, 'flow_log');
  return found;
}

/**
 * One row a flow: filters are put to its record nearest to the client, which `rows` passed, in their
 * order; `others` are the records of other points.
 */
export function joined(rows, others) {
  const known = new Map(rows.map((row) => [row.id, row]));
  const all = [...rows, ...others.filter((row) => !known.has(row.id))];
  const first = new Map(folded(all, flowKey).map((flow) => [flow.id, flow]));
  return rows.filter((row) => first.has(row.id)).map((row) => ({ ...first.get(row.id), ...row }));
}

/** What the records of one flow, of the same minute, have in common. */
function flowKey(row) {
  const minute = Number(row.close_type) === 5 ? Math.floor(row.time / 60) : row.close_type;
  return [row.ip_0, row.client_port, row.ip_1, row.server_port, row.transport, row.syn_seq,
    Number(row.syn_seq) ? '' : Math.round(row.start_time / 1e6), minute].join(' ');
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

/** How many flows ended how, over time; flows seen at several points count once. */
function stacks({ bars, span, once }) {
  const most = bestPoint(bars, (row) => row.flows, 'client');
  const counted = bars.filter((row) => !once || row.observation_point === most);
  const kindOf = (row) => hasFailed(row) ? 'failed'
    : Number(row.close_type) === 5 ? 'still open' : 'ended';
  const sums = new Map();
  for (const row of counted) {
    const key = `${kindOf(row)} ${row.t}`;
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
