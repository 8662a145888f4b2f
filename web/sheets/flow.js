// SPDX-License-Identifier: Apache-2.0

import { literal, query } from '../asking/api.js';
import { link } from '../frame/address.js';
import { compared, copyButton, fields, make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { endingOf } from '../parts/failures.js';
import { connectionOf } from '../asking/filters.js';
import { endingBadge, endpoint } from '../parts/flowcolumns.js';
import { byteRate, bytes, count, duration, percent, stamp } from '../parts/format.js';
import { placeOf, pointAbout, pointLabel, pointName } from '../parts/points.js';
import { readRow } from '../asking/record.js';
import { dataTable } from '../parts/table.js';

/** The drawer of one flow: what it was, how it fared and how it ended. */
export async function flowDrawer(body, id, time) {
  const record = await readRow('l4_flow_log', id, time);
  if (!record) {
    body.append(make('h1', {}, 'This flow is no longer stored'),
      make('p', {}, 'The log keeps flows for as long as the server’s retention says.'));
    return;
  }
  const { values: flow, names } = record;
  const shown = new Set();
  // What a group shows is left out of the list of everything else.
  const seen = new Proxy(flow, { get: (values, name) => {
    shown.add(name);
    return values[name];
  } });
  const ended = { close_type: seen.close_type, transport: names.get('protocol') };
  const groups = [
    ['Both ends', ends(seen)], ['Traffic', traffic(seen)], ['TCP health', health(seen)],
    ['Latency', latencies(seen)], ['Tunnel', tunnel(seen, names)], ['Calls', calls(seen, names)],
    ['Time', times(seen)],
  ];
  body.append(
    make('h1', {}, `${flow.auto_service_0} → ${flow.auto_service_1}`,
      Number(flow.server_port) ? `:${flow.server_port}` : ''),
    endingBadge(ended), ' ', make('span.badge', {}, names.get('protocol')), ' ',
    make('span.badge', { title: pointAbout(flow.observation_point) },
      `seen at the ${pointName(seen.observation_point)}`), ' ',
    stamp(flow.end_time),
    make('p', {}, endingOf(ended).about), make('p.bar', {}, ...actions(flow, record.sql)),
    ...groups.filter(([, content]) => content).flatMap(([title, content]) =>
      [make('h2', {}, title), content]),
    make('h2', {}, 'At other observation points'), await elsewhere(flow),
    make('h2', {}, 'Everything else'), rest(record, shown));
}

function actions(flow, sql) {
  const around = Number(flow.time);
  const connection = connectionOf(flow);
  return [
    make('a', { href: link('calls', { connection }) }, 'Calls on this connection'),
    make('a', { href: link('flows', { connection, side: 'both' }) }, 'All its records'),
    make('a', { href: link('flows', { client: flow.auto_service_0, server: flow.auto_service_1,
      port: flow.server_port }) }, 'Flows like this'),
    make('a', { title: 'Every flow of the seconds around it, whatever was filtered',
      href: link('flows', { from: around - 5, to: around + 5, last: null }) }, '± 5 s'),
    copyButton('Copy as JSON', () => JSON.stringify(flow, null, 2)),
    copyButton('Copy as SQL', () => sql),
  ];
}

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'];

/** The address, or nothing where it is not known. */
function known(address) {
  return /^(::|0\.0\.0\.0|(00:)+00)$/.test(address) ? null : address;
}

function flags(bits) {
  const set = flagNames.filter((_, bit) => Number(bits) >> bit & 1);
  return set.length ? set.join(' ') : '–';
}

const yes = (value) => Number(value) ? 'yes' : 'no';

function ends(flow) {
  return compared(['', 'Client', 'Server'], [
    ['Service', flow.auto_service_0, flow.auto_service_1],
    ['Instance', flow.auto_instance_0, flow.auto_instance_1],
    ['Host', flow.host_0, flow.host_1],
    ['Address', endpoint(flow.ip_0, flow.client_port), endpoint(flow.ip_1, flow.server_port)],
    ['Link address', known(flow.mac_0), known(flow.mac_1)],
    ['Before NAT', beforeNAT(flow, 0), beforeNAT(flow, 1)],
    ['TCP flags sent', flags(flow.tcp_flags_bit_0), flags(flow.tcp_flags_bit_1)],
    ['On this link', yes(flow.l2_end_0), yes(flow.l2_end_1)],
    ['On this host', yes(flow.l3_end_0), yes(flow.l3_end_1)],
  ]);
}

function beforeNAT(flow, side) {
  const address = known(flow[`nat_real_ip_${side}`]);
  return address && endpoint(address, flow[`nat_real_port_${side}`]);
}

function traffic(flow) {
  const seconds = (Number(flow.end_time) - Number(flow.start_time)) / 1e6;
  const perSecond = (value) => byteRate(seconds > 0.001 ? Number(value) / seconds : null);
  return compared(['In this report', 'Client sent', 'Server sent'], [
    ['Packets', count(Number(flow.packet_tx)), count(Number(flow.packet_rx))],
    ['Bytes on the link', bytes(flow.byte_tx), bytes(flow.byte_rx)],
    ['Throughput', perSecond(flow.byte_tx), perSecond(flow.byte_rx)],
    ['Bytes of IP packets', bytes(flow.l3_byte_tx), bytes(flow.l3_byte_rx)],
    ['Bytes of payload', bytes(flow.l4_byte_tx), bytes(flow.l4_byte_rx)],
    ['Packets since it began', count(Number(flow.total_packet_tx)),
      count(Number(flow.total_packet_rx))],
    ['Bytes since it began', bytes(flow.total_byte_tx), bytes(flow.total_byte_rx)],
  ], { numbers: true });
}

function health(flow) {
  if (Number(flow.protocol) !== 6) return null;
  const fault = (value) => make(Number(value) ? 'span.bad' : 'span.quiet', {},
    count(Number(value)));
  const shareOf = (part, whole) => Number(whole) && Number(part)
    ? ` (${percent(part / whole * 100)})` : '';
  return make('div', {}, compared(['In this report', 'Client', 'Server'], [
    ['Packets sent again', make('span', {}, fault(flow.retrans_tx),
      shareOf(flow.retrans_tx, flow.packet_tx)), make('span', {}, fault(flow.retrans_rx),
      shareOf(flow.retrans_rx, flow.packet_rx))],
    ['Zero windows', fault(flow.zero_win_tx), fault(flow.zero_win_rx)],
    ['Out of order', fault(flow.ooo_tx), fault(flow.ooo_rx)],
    ['SYN, SYN/ACK', count(Number(flow.syn_count)), count(Number(flow.synack_count))],
    ['of them repeated', fault(flow.retrans_syn), fault(flow.retrans_synack)],
  ], { numbers: true }), make('p.quiet', {}, `FIN packets in both directions: ${flow.fin_count}`));
}

function latencies(flow) {
  const once = (name, value, about) => ({ name, mean: Number(value) || null, about });
  const sums = (name, id, about) => {
    const samples = Number(flow[`${id}_count`]);
    const total = Number(flow[`${id}_sum`]);
    const longest = Number(flow[`${id}_max`]) || null;
    return { name, mean: samples ? total / samples : null, longest, samples, about };
  };
  const rows = [
    once('Handshake', flow.rtt, 'RTT: from the client’s SYN to its last handshake packet'),
    once('… to the client', flow.rtt_client, 'from here to the client and back'),
    once('… to the server', flow.rtt_server, 'from here to the server and back'),
    sums('Server’s system', 'srt', 'until the server’s kernel acknowledged data'),
    sums('First answer', 'art', 'from the client’s data to the server’s first data'),
    sums('Call', 'rrt', 'from request to response'),
    sums('Client idle', 'cit', 'until the client sent its next request'),
  ].filter(({ mean }) => mean !== null);
  if (!rows.length) return make('p.quiet', {}, 'Nothing was measured in this report.');
  const list = dataTable([
    { id: 'name', title: 'What', value: (row) => row.name },
    { id: 'mean', title: 'Mean', number: true, value: (row) => row.mean,
      show: (row) => duration(row.mean) },
    { id: 'max', title: 'Max', number: true, value: (row) => row.longest,
      show: (row) => duration(row.longest) },
    { id: 'samples', title: 'Samples', number: true, value: (row) => row.samples,
      show: (row) => row.samples === undefined ? '1' : count(row.samples) },
    { id: 'about', title: 'Measured', value: (row) => row.about,
      show: (row) => make('span.wrap.quiet', {}, row.about) },
  ], { label: 'Latency', key: (row) => row.name });
  list.update(rows);
  return list.element;
}

function tunnel(flow, names) {
  if (!Number(flow.tunnel_type)) return null;
  const way = (from, to) => known(from) ? `${from} → ${to}` : null;
  return fields([
    ['Kind', `${names.get('tunnel_type') ?? flow.tunnel_type}, ${flow.tunnel_tier} `
      + `${Number(flow.tunnel_tier) === 1 ? 'layer' : 'layers'}`],
    ['Client’s packets', way(flow.tunnel_tx_ip_0, flow.tunnel_tx_ip_1)],
    ['Client’s id (VNI, key)', flow.tunnel_tx_id],
    ['Server’s packets', way(flow.tunnel_rx_ip_0, flow.tunnel_rx_ip_1)],
    ['Server’s id (VNI, key)', flow.tunnel_rx_id],
  ]);
}

function calls(flow, names) {
  if (!Number(flow.l7_request) && !Number(flow.l7_response)) return null;
  const some = (value) => Number(value) ? count(Number(value)) : null;
  return fields([
    ['Protocol', Number(flow.l7_protocol) ? names.get('l7_protocol') : null], ['Domain', flow.request_domain],
    ['Requests', count(Number(flow.l7_request))], ['Responses', count(Number(flow.l7_response))],
    ['Client errors', some(flow.l7_client_error)], ['Server errors', some(flow.l7_server_error)],
    ['Timeouts', some(flow.l7_server_timeout)], ['Not parsed', some(flow.l7_parse_failed)],
  ]);
}

function times(flow) {
  return fields([
    ['First packet of this report', stamp(flow.start_time)],
    ['Last packet of this report', stamp(flow.end_time)],
    ['Since the flow began', duration(Number(flow.duration))],
    ['First report of the flow', yes(flow.is_new_flow)],
  ]);
}

/** The same flow where others saw it. */
async function elsewhere(flow) {
  const around = Number(flow.time);
  const rows = await query(`SELECT toString(_id) AS id, time, observation_point, capture_nic_name,
    close_type, Enum(protocol) AS transport, byte_tx, byte_rx, rtt, retrans
    FROM l4_flow_log WHERE ip_0 = ${literal(flow.ip_0)} AND ip_1 = ${literal(flow.ip_1)}
    AND client_port = ${flow.client_port} AND server_port = ${flow.server_port}
    AND syn_seq = ${Number(flow.syn_seq)} AND _id != ${flow._id}
    AND time >= ${around - 90} AND time <= ${around + 90} ORDER BY time LIMIT 50`, 'flow_log');
  rows.sort((a, b) => placeOf(a.observation_point) - placeOf(b.observation_point));
  const list = dataTable([
    { id: 'point', title: 'Seen at', value: (row) => row.observation_point,
      show: (row) => pointLabel(row.observation_point) },
    { id: 'nic', title: 'Interface', value: (row) => row.capture_nic_name },
    { id: 'time', title: 'Time', value: (row) => Number(row.time), show: (row) =>
      stamp(row.time, 's') },
    { id: 'close', title: 'How it ended', value: (row) => endingOf(row).name,
      show: endingBadge },
    { id: 'bytes', title: 'Bytes', number: true,
      value: (row) => Number(row.byte_tx) + Number(row.byte_rx),
      show: (row) => bytes(Number(row.byte_tx) + Number(row.byte_rx)) },
    { id: 'rtt', title: 'RTT', number: true, value: (row) => Number(row.rtt) || null,
      show: (row) => duration(Number(row.rtt) || null) },
    { id: 'retrans', title: 'Retrans', number: true, value: (row) => Number(row.retrans),
      show: (row) => count(Number(row.retrans)) },
  ], { label: 'Other records of the flow', key: (row) => row.id,
    open: (row) => openDrawer('flow', row.id, String(row.time)) });
  list.update(rows, 'No other record of it within 90 seconds.');
  return list.element;
}

function rest({ values, names, about }, shown) {
  const isEmpty = (value) => value === null || value === '' || value.length === 0;
  const left = Object.entries(values).filter(([name]) => !shown.has(name));
  const pairs = left.filter(([, value]) => !isEmpty(value));
  return make('div', {}, make('dl.fields', {}, ...pairs.flatMap(([name, value]) => {
    const word = names.get(name);
    return [make('dt', { title: about.get(name) }, name),
      make('dd.mono', {}, name === 'time' ? stamp(value)
        : word !== undefined && String(word) !== String(value) ? `${value} (${word})`
          : String(value))];
  })), make('p.quiet.mono', {}, 'Empty: ',
    left.filter(([, value]) => isEmpty(value)).map(([name]) => name).join(', ') || 'none'));
}
