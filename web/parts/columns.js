// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';
import { codeName, factsInShort } from './facts.js';
import { duration, stamp } from './format.js';
import { seenAt } from './points.js';

/** How a call ended, with the protocol's own code. */
export function statusBadge(row) {
  const tone = { Success: 'good', 'Client Error': 'warn', Unknown: 'quiet' }[row.status] ?? 'bad';
  const code = codeName(row.protocol, row.response_code);
  return make(`span.badge.${tone}`, {}, [row.status, code].filter(Boolean).join(' '));
}

/** The method is left out where the resource begins with it, as SQL does. */
export function said({ request_type: type, request_resource: resource, request_domain: domain }) {
  const what = resource || domain || '';
  return what.toLowerCase().startsWith(String(type).toLowerCase())
    || /^(simple query|COM_QUERY)$/.test(type) ? what : `${type} ${what}`;
}

const text = (id, title, value = (row) => row[id]) => ({ id, title, value, sort: id });
const mono = (id, title, value = (row) => row[id]) => ({ id, title, value, sort: id,
  show: (row) => make('span.mono', { title: value(row) }, value(row)) });
const number = (id, title, show = String) => ({ id, title, number: true, sort: id,
  value: (row) => row[id] === null || row[id] === undefined ? null : Number(row[id]),
  show: (row) => row[id] === null || row[id] === undefined ? '–' : show(Number(row[id])) });
/** The server does not sort by these. */
const unsorted = (column) => ({ ...column, sort: null });

/** Every column that the call log can show, in order; `sort` is what the server sorts by. */
export const knownColumns = [
  { ...text('time', 'Time', (row) => Number(row.start_time)),
    show: (row) => stamp(row.start_time) },
  text('client', 'Client'),
  text('server', 'Server'),
  { ...text('protocol', 'Protocol'), show: (row) => make('span.badge', {}, row.protocol) },
  text('request_type', 'Method'),
  { ...mono('resource', 'Resource', (row) => row.request_resource || row.request_domain),
    sort: 'request_resource' },
  unsorted({ ...mono('facts', 'Details', factsInShort),
    about: 'What its protocol tells: offsets, tokens, messages of a stream, a certificate’s end' }),
  text('request_domain', 'Domain'),
  text('endpoint', 'Endpoint'),
  { ...text('status', 'Status'), show: statusBadge },
  unsorted(text('response_exception', 'Error text')),
  { ...number('response_duration', 'Duration'), about: 'From request to response',
    show: (row) => duration(row.status === 'Unknown' ? Number(row.response_duration) || null
      : Number(row.response_duration)) },
  unsorted({ ...number('server_duration', 'At the server', duration),
    about: 'What the server took of it, where it was seen there too' }),
  number('request_length', 'Request bytes'),
  number('response_length', 'Response bytes'),
  unsorted(mono('from', 'Client address', (row) => `${row.ip_0}:${row.client_port}`)),
  unsorted(mono('to', 'Server address', (row) => `${row.ip_1}:${row.server_port}`)),
  unsorted(text('host_0', 'Client host')),
  unsorted(text('host_1', 'Server host')),
  unsorted(number('process_id_0', 'Client pid')),
  unsorted(number('process_id_1', 'Server pid')),
  unsorted(mono('trace_id', 'Trace')),
  unsorted({ id: 'seen', title: 'Seen at', value: (row) => row.points.join(' '),
    about: 'The observation points that saw it, in the order of the way',
    show: (row) => seenAt(row.points) }),
];

export const usualColumns = ['time', 'client', 'server', 'protocol', 'request_type', 'resource',
  'facts', 'status', 'response_duration', 'server_duration', 'seen'];
