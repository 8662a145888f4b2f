// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { link } from './address.js';
import { statusBadge } from './columns.js';
import { copyButton, draw, fields, make } from './dom.js';
import { openDrawer } from './drawer.js';
import { duration, stamp } from './format.js';
import { lookAt } from './time.js';

/** The fields of a call by the question that they answer; what is in no group comes last. */
const groups = [
  ['What', /^(l7_protocol|version|type|is_tls|is_async|is_reversed|request_|response_(status|code|ex|re|le)|endpoint|sql_|app_|attribute_|captured_)/],
  ['Timing', /^(time|start_time|end_time|response_duration)$/],
  ['Who', /^(auto_|gprocess|process_|os_user|command_line|syscall_thread|syscall_coroutine|tag_set|container)/],
  ['Where', /^(ip_|is_ipv4|protocol$|client_port|server_port|host_|netns|agent_id|observation|signal|flow_id|direction|http_proxy)/],
  ['Trace', /^(trace_id|span_id|parent_span|x_request|syscall_|req_tcp|resp_tcp|_id$)/],
];

/** The drawer of one call: all of its fields, and its other side where that was seen too. */
export async function callDrawer(body, id) {
  if (!/^\d+$/.test(id)) return;
  const sql = `SELECT *, Enum(response_status) AS status, Enum(l7_protocol) AS protocol_name
FROM l7_flow_log WHERE _id = ${id}`;
  const [found] = await query(`${sql} LIMIT 1`, 'flow_log');
  if (!found) {
    body.append(make('h1', {}, 'This call is no longer stored'),
      make('p', {}, 'The log keeps calls for as long as the server’s retention says.'));
    return;
  }
  const { status, protocol_name: protocol, ...call } = found;
  const other = await otherSide(call);
  body.append(
    make('h1.mono', {}, `${call.request_type} ${call.request_resource || call.request_domain}`),
    statusBadge({ status, response_code: call.response_code }), ' ',
    make('span.badge', {}, protocol), ' ',
    make('span.badge', {}, duration(Number(call.response_duration))), ' ', stamp(call.start_time),
    call.response_exception ? make('p.bad.mono', {}, call.response_exception) : null,
    make('p.bar', {}, ...actions(call, sql)),
    make('h2', {}, 'Both ends'), ends(call, other));
  for (const [title, entries] of grouped(call)) {
    body.append(make('h2', {}, title), fields(entries.map(([key, value]) => [key,
      make('span.mono', {}, shown(key, value))])));
  }
}

function actions(call, sql) {
  const around = Number(call.time);
  return [
    copyButton('Copy as JSON', () => JSON.stringify(call, null, 2)),
    copyButton('Copy as SQL', () => sql),
    call.trace_id ? make('a', { href: link('requests', { trace: call.trace_id, side: 'both' }) },
      'Only this trace_id') : null,
    make('a', { href: link('requests', { server: call.auto_service_1, endpoint: call.endpoint }) },
      'Calls like this'),
    make('button', { onclick: () => lookAt(around - 5, around + 5) }, '± 5 s'),
  ];
}

/** The same exchange as the other end saw it: same addresses, same first byte, or same id. */
async function otherSide(call) {
  const same = Number(call.req_tcp_seq) ? `req_tcp_seq = ${call.req_tcp_seq}`
    : call.request_id === null ? 'req_tcp_seq = 0' : `request_id = ${call.request_id}`;
  const [other] = await query(`SELECT toString(_id) AS id, observation_point, start_time, end_time,
    response_duration, auto_instance_0, auto_instance_1 FROM l7_flow_log
    WHERE ip_0 = ${literal(call.ip_0)} AND ip_1 = ${literal(call.ip_1)}
    AND client_port = ${call.client_port} AND server_port = ${call.server_port} AND ${same}
    AND observation_point != ${literal(call.observation_point)}
    AND time >= ${Number(call.time) - 60} AND time <= ${Number(call.time) + 60}
    ORDER BY time LIMIT 1`, 'flow_log');
  return other ?? null;
}

function ends(call, other) {
  if (!other) {
    return make('p.quiet', {}, 'Only this end of the call was seen: no agent watched the process at '
      + 'the other one, or its record is still on the way.');
  }
  const [client, server] = call.observation_point === 'c-p' ? [call, other] : [other, call];
  const [waited, worked] = [client, server].map((end) => Number(end.response_duration));
  const total = Math.max(waited, worked, 1);
  // Clocks of two hosts differ by more than a call takes, so the server's bar may not fit.
  const lead = Number(server.start_time) - Number(client.start_time);
  const begin = lead >= 0 && lead + worked <= total ? lead : (total - worked) / 2;
  const bar = (style, from, length) => draw('svg.span', { viewBox: '0 0 100 10',
    preserveAspectRatio: 'none', 'aria-hidden': 'true' }, draw(`rect.${style}`, {
    x: from / total * 100, width: Math.max(length / total * 100, 0.6), y: 1, height: 8, rx: 0.6 }));
  return make('div', {}, make('div.ends', {},
    make('span', {}, 'client'), bar('client', 0, waited), make('span', {}, duration(waited)),
    make('span', {}, 'server'), bar('server', begin, worked), make('span', {}, duration(worked))),
  make('p', {}, make('strong', {}, duration(Math.max(0, waited - worked))),
    ' between them: network, queues and the kernel. ',
    make('button', { onclick: () => openDrawer('call', other.id) },
      `The ${other.observation_point === 's-p' ? 'server' : 'client'}’s record`)));
}

function grouped(call) {
  const found = new Map([...groups.map(([title]) => [title, []]), ['Other', []]]);
  for (const [key, value] of Object.entries(call)) {
    if (value === null || value === '' || (Array.isArray(value) && !value.length)) continue;
    const group = groups.find(([, pattern]) => pattern.test(key));
    found.get(group?.[0] ?? 'Other').push([key, value]);
  }
  return [...found].filter(([, entries]) => entries.length);
}

function shown(key, value) {
  if (/^(time|start_time|end_time)$/.test(key)) return stamp(value);
  if (key === 'response_duration') return `${value} (${duration(Number(value))})`;
  return Array.isArray(value) ? value.join(', ') : String(value);
}
