// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';
import { endingOf } from './failures.js';
import { byteRate, bytes, count, duration, stamp } from './format.js';
import { seenAt } from './points.js';

/** How a flow ended; hovering says what that means. */
export function endingBadge(flow) {
  const { name, tone, about } = endingOf(flow);
  return make(`span.badge.${tone}`, { title: about }, name);
}

const text = (id, title, value = (row) => row[id]) => ({ id, title, value });
const mono = (id, title, value) => ({ id, title, value,
  show: (row) => make('span.mono', { title: value(row) }, value(row)) });
const number = (id, title, show = count, about = null) => ({ id, title, number: true, about,
  value: (row) => Number(row[id]), show: (row) => show(Number(row[id])) });
/** 0 means that it was not measured. */
const latency = (id, title, about) => ({ id, title, number: true, about,
  value: (row) => Number(row[id]) || null, show: (row) => duration(Number(row[id]) || null) });
const fault = (id, title, about) => ({ ...number(id, title, count, about), show: (row) =>
  make(Number(row[id]) ? 'span.bad' : 'span.quiet', {}, count(Number(row[id]))) });

/** An address with its port, as one writes it. */
export function endpoint(address, port) {
  if (!Number(port)) return String(address);
  return String(address).includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What the server sorts a column by, where that is not the column's own name; null: by nothing. */
const sortedBy = { time: 'time', start: 'start_time', close: 'close_type',
  from: null, to: null, rate: null, answer: null, seen: null };

/** Every column that the flow log can show, in order; `sort` is what the server sorts by. */
export const knownFlowColumns = [
  { ...text('time', 'Time', (row) => Number(row.end_time)),
    about: 'Last packet of the report', show: (row) => stamp(row.end_time) },
  { ...text('start', 'Start', (row) => Number(row.start_time)),
    about: 'First packet of the report', show: (row) => stamp(row.start_time) },
  text('client', 'Client'),
  { ...text('server', 'Server'), show: (row) => make('span', {}, row.server,
    Number(row.server_port) ? make('span.quiet', {}, ` :${row.server_port}`) : null) },
  mono('from', 'Client address', (row) => endpoint(row.ip_0, row.client_port)),
  mono('to', 'Server address', (row) => endpoint(row.ip_1, row.server_port)),
  { ...text('transport', 'Transport'), show: (row) => make('span.badge', {}, row.transport) },
  { ...text('application', 'Protocol'), about: 'Application protocol, where it was recognised',
    show: (row) => /^(N\/A|Unknown|0)?$/i.test(row.application ?? '') ? make('span.quiet', {}, '–')
      : make('span.badge', {}, row.application) },
  text('request_domain', 'Domain'),
  { ...text('close', 'How it ended', (row) => endingOf(row).name), show: endingBadge },
  number('duration', 'Duration', duration, 'Since the first packet of the flow'),
  number('byte_tx', 'Sent', bytes, 'Bytes on the link, by the client, in this report'),
  number('byte_rx', 'Received', bytes, 'Bytes on the link, by the server, in this report'),
  { id: 'rate', title: 'Throughput', number: true, about: 'Bytes per second of this report',
    value: flowRate, show: (row) => byteRate(flowRate(row)) },
  number('packet_tx', 'Packets sent'),
  number('packet_rx', 'Packets received'),
  latency('rtt', 'RTT', 'Round trip of the TCP handshake'),
  latency('rtt_client', 'To client', 'The part of RTT on the client’s side'),
  latency('rtt_server', 'To server', 'The part of RTT on the server’s side'),
  { ...latency('answer', 'Answer', 'From the client’s data to the server’s first data, on average') },
  fault('retrans', 'Retrans', 'Packets that were sent again'),
  fault('zero_win', 'Zero win', 'Times that a receiver said it has no room'),
  fault('ooo', 'Out of order', 'Packets that came out of order'),
  { ...text('seen', 'Seen at', (row) => row.points.join(' ')), show: (row) => seenAt(row.points) },
  text('capture_nic_name', 'Interface'),
].map((column) => ({ ...column, sort: column.id in sortedBy ? sortedBy[column.id] : column.id }));

export const usualFlowColumns = ['time', 'client', 'server', 'transport', 'application',
  'close', 'duration', 'byte_tx', 'byte_rx', 'rtt', 'retrans', 'seen'];

function flowRate(row) {
  const seconds = (Number(row.end_time) - Number(row.start_time)) / 1e6;
  return seconds > 0.001 ? (Number(row.byte_tx) + Number(row.byte_rx)) / seconds : null;
}
