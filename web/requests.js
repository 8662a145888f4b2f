// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { make, table } from './dom.js';
import { clock, duration } from './format.js';
import { during, timeWindow } from './state.js';

const order = { column: 0, descending: true };
const filters = { service: '', endpoint: '', protocol: '', status: '', point: '' };
const choices = { protocol: [], status: ['Success', 'Client Error', 'Server Error', 'Timeout'] };
const limit = 300;

export const requests = { title: 'Requests', load, show };

async function load(parameters) {
  if (parameters.has('service')) filters.service = parameters.get('service');
  const span = timeWindow();
  const where = [during(span)];
  if (filters.service) {
    const text = literal(filters.service);
    where.push(`(auto_service_0 = ${text} OR auto_service_1 = ${text})`);
  }
  if (filters.endpoint) where.push(`request_resource LIKE ${literal(`*${filters.endpoint}*`)}`);
  if (filters.protocol) where.push(`Enum(l7_protocol) = ${literal(filters.protocol)}`);
  if (filters.status) where.push(`Enum(response_status) = ${literal(filters.status)}`);
  if (filters.point) where.push(`observation_point = ${literal(filters.point)}`);
  const [rows, protocols] = await Promise.all([
    query(`SELECT toString(_id) AS id, start_time, auto_service_0 AS client,
      auto_service_1 AS server, Enum(l7_protocol) AS protocol, request_type, request_resource,
      request_domain, Enum(response_status) AS status, response_code, response_duration,
      observation_point FROM l7_flow_log WHERE ${where.join(' AND ')}
      ORDER BY start_time DESC LIMIT ${limit}`, 'flow_log'),
    choices.protocol.length ? null
      : query('SHOW tag l7_protocol values FROM l7_flow_log', 'flow_log'),
  ]);
  if (protocols) choices.protocol = protocols.map((row) => row.display_name);
  return { rows };
}

const columns = [
  { title: 'Time', value: (row) => row.start_time,
    show: (row) => make('span.mono', {}, clock(row.start_time)) },
  { title: 'Client', value: (row) => row.client },
  { title: 'Server', value: (row) => row.server },
  { title: 'Protocol', value: (row) => row.protocol,
    show: (row) => make('span.badge', {}, row.protocol) },
  { title: 'Method', value: (row) => row.request_type },
  { title: 'Resource', value: (row) => row.request_resource || row.request_domain,
    show: (row) => make('span.mono', { title: row.request_resource },
      row.request_resource || row.request_domain) },
  { title: 'Status', value: (row) => row.status, show: statusBadge },
  { title: 'Duration', number: true, value: (row) => Number(row.response_duration),
    show: (row) => duration(Number(row.response_duration)) },
  { title: 'Seen at', value: (row) => row.observation_point },
];

function statusBadge(row) {
  const tone = row.status === 'Success' ? 'good' : row.status === 'Client Error' ? 'warn' : 'bad';
  const code = row.response_code === null ? '' : ` ${row.response_code}`;
  return make(`span.badge.${tone}`, {}, row.status + code);
}

function show(page, { rows }, { openDrawer, reload }) {
  const entry = (key, placeholder) => make('input', {
    type: 'search', placeholder, value: filters[key], 'aria-label': placeholder,
    onchange: (event) => {
      filters[key] = event.target.value.trim();
      reload();
    },
  });
  const choice = (key, title, values) => {
    const select = make('select', {
      'aria-label': title,
      onchange: (event) => {
        filters[key] = event.target.value;
        reload();
      },
    }, make('option', { value: '' }, title), ...values.map((value) =>
      make('option', { value, selected: filters[key] === value }, value)));
    return select;
  };
  page.replaceChildren(
    make('div.bar', {}, entry('service', 'Service is…'), entry('endpoint', 'Resource contains…'),
      choice('protocol', 'Any protocol', choices.protocol),
      choice('status', 'Any status', choices.status),
      choice('point', 'Both sides', ['c-p', 's-p']),
      make('span.hint', {}, rows.length === limit ? `the latest ${limit}` : `${rows.length} calls`)),
    make('div.panel', {}, table(columns, {
      rows, order, open: (row) => openDrawer((body) => detail(body, row)),
      empty: 'No call matches in this time range.',
    })));
}

/** One call with every field that is not empty, and its other side where that was seen too. */
async function detail(body, row) {
  const [call] = await query(`SELECT * FROM l7_flow_log WHERE _id = ${row.id} LIMIT 1`, 'flow_log');
  body.append(make('h1', {}, `${row.request_type} ${row.request_resource || row.request_domain}`),
    statusBadge(row), ' ', make('span.badge', {}, row.protocol), ' ',
    make('span.badge', {}, duration(Number(row.response_duration))));
  if (!call) {
    body.append(make('p', {}, 'The call is no longer stored.'));
    return;
  }
  const present = Object.entries(call).filter(([, value]) =>
    value !== null && value !== '' && !(Array.isArray(value) && !value.length));
  body.append(make('h3', {}, 'All fields'), make('dl.fields', {}, ...present.flatMap(
    ([key, value]) => [make('dt.mono', {}, key), make('dd.mono', {}, String(value))])));
}
