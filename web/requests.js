// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { knownColumns, usualColumns } from './columns.js';
import { timeChart } from './charts.js';
import { chips, chosenColumns, columnChoice, filterFields } from './controls.js';
import { make } from './dom.js';
import { openDrawer } from './drawer.js';
import { callKey, folded } from './exchanges.js';
import { conditions, sides, statuses } from './filters.js';
import { count } from './format.js';
import { bestPoint } from './points.js';
import { ownToggle } from './state.js';
import { dataTable } from './table.js';
import { during, lookAt, timeWindow } from './time.js';

export const requests = { title: 'Requests', load, mount };

const limit = 300;

/** Records that are asked for to show `limit` calls: each may have been seen at several points. */
const recordsAskedFor = limit * 4;

/** Filters that links set, and that have no field to type in. */
const withoutField = ['client', 'server', 'endpoint', 'trace', 'port', 'connection'];

let protocols = null;

async function load(parameters) {
  const span = timeWindow();
  const where = [during(span), ...conditions(parameters)].join(' AND ');
  const once = !parameters.get('side');
  const [rows, bars, names] = await Promise.all([
    query(`SELECT toString(_id) AS id, time, start_time, auto_service_0 AS client,
      auto_service_1 AS server, Enum(l7_protocol) AS protocol, request_type, request_resource,
      request_domain, endpoint, Enum(response_status) AS status, response_code,
      response_exception, response_duration, observation_point, trace_id, ip_0, ip_1, client_port,
      server_port, req_tcp_seq, request_id, host_0, host_1, request_length, response_length,
      process_id_0, process_id_1 FROM l7_flow_log WHERE ${where}
      ORDER BY time DESC LIMIT ${once ? recordsAskedFor : limit}`, 'flow_log'),
    query(`SELECT time(time, ${span.step}) AS t, Enum(response_status) AS status,
      observation_point, Count(row) AS calls FROM l7_flow_log WHERE ${where}
      GROUP BY t, response_status, observation_point LIMIT 50000`, 'flow_log'),
    protocols ?? query('SHOW tag l7_protocol values FROM l7_flow_log', 'flow_log'),
  ]);
  protocols = names;
  const calls = folded(rows, once ? callKey : () => null).map(withServerTime);
  const isFull = rows.length === (once ? recordsAskedFor : limit) || calls.length > limit;
  return { rows: calls.slice(0, limit), bars, span, once, isFull };
}

/** What the server took of a call, as the point nearest to it saw it. */
function withServerTime(call) {
  const last = call.records.at(-1);
  return call.records.length > 1 && last.observation_point.startsWith('s')
    ? { ...call, atServer: Number(last.response_duration) } : call;
}

function mount(page, { parameters, reload }) {
  const { entry, chosen } = filterFields(parameters, reload);
  const protocol = make('span');
  const known = make('datalist', { id: 'seen' });
  const hint = make('span.hint', { role: 'status' });
  const bars = make('div.chart.bars');
  const older = make('button', { hidden: true }, 'Older calls');
  let list = null;
  const panel = make('div.panel.log');
  const shape = () => {
    list = tableOf();
    panel.replaceChildren(list.element, older);
  };
  shape();
  page.replaceChildren(
    make('div.bar', {}, entry('resource', 'Resource contains… ( / )', { 'data-first': true }),
      entry('service', 'Service is…', { class: 'short', list: 'seen' }), known, protocol,
      chosen('status', 'Status', statuses), chosen('side', 'Side', sides),
      entry('slower', 'Slower than ms', { class: 'tiny', title: '250, 250us, 1.5 s' }),
      columnChoice('calls', knownColumns, usualColumns, () => {
        shape();
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
    hint.textContent = data.isFull ? `the latest ${data.rows.length}` : `${data.rows.length} calls`;
    older.hidden = !data.isFull;
    older.onclick = () => lookAt(data.span.from,
      Math.min(data.rows.at(-1).time, data.span.to - 1));
    list.update(data.rows, make('div', {}, make('p', {}, 'No call matches in this time range.'),
      make('p', {}, 'Loosen a filter, choose a longer range, or make a call: it shows within '
        + '3 seconds.')));
  }
  return update;
}

function tableOf() {
  return dataTable(chosenColumns('calls', knownColumns, usualColumns), {
    label: 'Calls', key: (row) => row.id, order: { id: 'time', descending: true },
    open: (row) => openDrawer('call', row.id, String(row.time)),
  });
}

/** How many calls ended how, over time; calls seen at several points count once. */
function stacks({ bars, span, once }) {
  const most = bestPoint(bars, (row) => row.calls, 'client');
  const counted = bars.filter((row) => !once || row.observation_point === most);
  const tones = { Success: 'good', 'Client Error': 'warn', 'Server Error': 'bad' };
  return ['Success', 'Client Error', 'Server Error', 'other'].map((name) => {
    const sums = new Map();
    for (const row of counted) {
      if ((tones[row.status] ? row.status : 'other') !== name) continue;
      sums.set(Number(row.t), (sums.get(Number(row.t)) ?? 0) + Number(row.calls));
    }
    const series = [];
    for (let at = Math.ceil(span.from / span.step) * span.step; at <= span.to; at += span.step) {
      series.push([at * 1000, sums.get(at) ?? 0]);
    }
    return { name, points: series, tone: tones[name] ?? 'quiet', bars: true };
  });
}
