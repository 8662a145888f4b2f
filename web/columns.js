// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';
import { duration, stamp } from './format.js';
import { pointName } from './points.js';

/** How a call ended, with the protocol's own code. */
export function statusBadge(row) {
  const tone = { Success: 'good', 'Client Error': 'warn', Unknown: 'quiet' }[row.status] ?? 'bad';
  const code = row.response_code === null ? '' : ` ${row.response_code}`;
  return make(`span.badge.${tone}`, {}, row.status + code);
}

const text = (id, title, value = (row) => row[id]) => ({ id, title, value });
const mono = (id, title, value = (row) => row[id]) => ({ id, title, value,
  show: (row) => make('span.mono', { title: value(row) }, value(row)) });
const number = (id, title, show = String) => ({ id, title, number: true,
  value: (row) => row[id] === null || row[id] === undefined ? null : Number(row[id]),
  show: (row) => row[id] === null || row[id] === undefined ? '–' : show(Number(row[id])) });

/** Every column that the request log can show, in order. */
export const knownColumns = [
  { ...text('time', 'Time', (row) => Number(row.start_time)),
    show: (row) => stamp(row.start_time) },
  text('client', 'Client'),
  text('server', 'Server'),
  { ...text('protocol', 'Protocol'), show: (row) => make('span.badge', {}, row.protocol) },
  text('request_type', 'Method'),
  mono('resource', 'Resource', (row) => row.request_resource || row.request_domain),
  text('request_domain', 'Domain'),
  text('endpoint', 'Endpoint'),
  { ...text('status', 'Status'), show: statusBadge },
  text('response_exception', 'Error text'),
  { ...number('response_duration', 'Duration'), about: 'From request to response',
    show: (row) => duration(row.status === 'Unknown' ? Number(row.response_duration) || null
      : Number(row.response_duration)) },
  { ...number('atServer', 'At the server', duration),
    about: 'What the server took of it, where it was seen there too' },
  number('request_length', 'Request bytes'),
  number('response_length', 'Response bytes'),
  mono('from', 'Client address', (row) => `${row.ip_0}:${row.client_port}`),
  mono('to', 'Server address', (row) => `${row.ip_1}:${row.server_port}`),
  text('host_0', 'Client host'),
  text('host_1', 'Server host'),
  number('process_id_0', 'Client pid'),
  number('process_id_1', 'Server pid'),
  mono('trace_id', 'Trace'),
  { ...text('seen', 'Seen at', (row) => row.points.join(' ')), about: 'Observation points, in '
    + 'the order of the way: c-p client process, c client interface, s server interface, …',
  show: (row) => make('span.mono', { title: row.points.map(pointName).join(', ') },
    row.points.join(' ')) },
];

export const usualColumns = ['time', 'client', 'server', 'protocol', 'request_type', 'resource',
  'status', 'response_duration', 'atServer', 'seen'];
