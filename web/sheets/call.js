// SPDX-License-Identifier: Apache-2.0

import { callHops, QueryFailure } from '../asking/api.js';
import { link } from '../frame/address.js';
import { said, statusBadge } from '../parts/columns.js';
import { copyButton, fields, make } from '../parts/dom.js';
import { codeName, factGroups } from '../parts/facts.js';
import { connectionOf } from '../asking/filters.js';
import { traceOf } from '../asking/traces.js';
import { bytes, duration, stamp } from '../parts/format.js';
import { ladder } from './hops.js';
import { meanwhile } from './meanwhile.js';
import { isProcess, pointLabel } from '../parts/points.js';
import { readRow } from '../asking/record.js';
import { hasFlow, unwatched } from '../asking/watched.js';
import { waterfall } from '../parts/waterfall.js';

/** The fields of a call by the question that they answer; the first pattern that fits has it. */
const groups = [
  ['Trace', /^(trace_id|span_id|parent_span|x_request|syscall_|re(q|sp)_tcp|request_id$|_id$)/],
  ['Timing', /^(time|start_time|end_time|response_duration)$/],
  ['Who', /^(auto_|gprocess|process_|os_user|command_line|tag_|container|app_|pod|az_|region|subnet)/],
  ['Where', new RegExp('^(ip_|is_ipv4|protocol$|client_port|server_port|host_|netns|agent_id'
    + '|observation|signal|flow_id|direction|http_proxy)')],
  ['What', /./],
];
const shownOrder = ['What', 'Who', 'Where', 'Timing', 'Trace'];

/** The drawer of one call: where its time went, what was called meanwhile, and all of its fields. */
export async function callDrawer(body, id, time) {
  const record = await readRow('l7_flow_log', id, time);
  if (!record) {
    body.append(make('h1', {}, 'This call is no longer stored'),
      make('p', {}, 'The log keeps calls for as long as the server’s retention says.'));
    return;
  }
  const { values: call, names } = record;
  body.append(
    make('h1.mono', {}, said(call)),
    statusBadge({ status: names.get('response_status'), response_code: call.response_code,
      protocol: names.get('l7_protocol') }), ' ',
    make('span.badge', {}, names.get('l7_protocol')), ' ',
    make('span.badge', {}, duration(Number(call.response_duration))), ' ', stamp(call.start_time));
  if (call.response_exception) body.append(make('p.bad.mono', {}, call.response_exception));
  const [[way, points], cause, path] = await Promise.all([hops(id), meanwhile(id), trace(id)]);
  const failed = names.get('response_status') !== 'Success';
  const hopByHop = [make('h2', {}, 'Hop by hop'), way];
  body.append(make('p.bar', {}, ...actions(call, record.sql), await flowLink(call, points)),
    // The cause of an error is what one came for.
    ...path, ...failed ? [...cause, ...hopByHop] : [...hopByHop, ...cause],
    make('h2', {}, 'The call'), plain(call, names), ...facts(call),
    make('details', {}, make('summary', {}, 'All columns of its record'), ...grouped(record)));
}

/** In place of an IP protocol: no addresses, no ports. */
const unixSocket = 255;

/** What it was, in words. */
function plain(call, names) {
  const end = (side) => [call[`auto_service_${side}`], call[`host_${side}`]
    && call[`host_${side}`] !== call[`auto_service_${side}`] ? ` on ${call[`host_${side}`]}` : '',
  Number(call.protocol) === unixSocket ? ' (UNIX socket)'
    : ` (${call[`ip_${side}`]}:${side ? call.server_port : call.client_port})`].join('');
  const size = (value) => value === null ? null : bytes(Number(value));
  return fields([
    ['Client', end(0)], ['Server', end(1)], ['Endpoint', call.endpoint],
    ['Domain', call.request_domain], ['Request', size(call.request_length)],
    ['Response', size(call.response_length)],
    ['Rows', call.sql_affected_rows === null ? null : String(call.sql_affected_rows)],
    ['Messages', streamed(call)],
    ['Carried by', Number(call.carrier_protocol) ? names.get('carrier_protocol') : null],
    ['Code', codeName(names.get('l7_protocol'), call.response_code)],
    ['This record', make('span', {}, 'seen at the ', pointLabel(call.observation_point))],
  ]);
}

/** What its protocol tells besides, by what it is about. */
function facts(call) {
  return factGroups(call).flatMap(([title, list]) => [make('h2', {}, title),
    fields(list.map(([name, label, value]) =>
      [make('span', { title: name }, label), attribute(name, value)]))]);
}

/** Leads to the calls that have it, too. */
function attribute(name, value) {
  return make('a.mono', { href: link('calls', { attribute: `${name}=${value}`, side: 'both' }) },
    value);
}

/** What went to and fro in a call that is a stream. */
function streamed({ request_messages: sent, response_messages: received }) {
  return Number(sent) || Number(received) ? `${sent} sent, ${received} received` : null;
}

/** Where the call's time went; a call can be read without it. */
async function hops(id) {
  try {
    const found = await callHops(id);
    return [ladder(found, id), found.map((hop) => hop.observation_point)];
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    return [make('p.bad', {}, failure.message), []];
  }
}

/** The whole path of the request that the call is part of. */
async function trace(id) {
  const heading = make('h2', {}, 'Trace');
  try {
    const found = await traceOf(id, { by: 'record' });
    if (!found) return [];
    if (found.calls.length === 1) {
      return [heading, make('p.quiet', {}, 'No call is known that caused it, or that it caused. ',
        found.calls[0].without_parent ?? '')];
    }
    return [heading, waterfall(found, { current: id, lines: 40 }),
      make('p', {}, make('a', { href: link('trace', { id }) }, 'This trace as a page'))];
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    return [heading, make('p.bad', {}, failure.message)];
  }
}

function actions(call, sql) {
  const around = Number(call.time);
  return [
    copyButton('Copy as JSON', () => JSON.stringify(call, null, 2)),
    copyButton('Copy as SQL', () => sql),
    call.trace_id ? make('a', { href: link('calls', { trace: call.trace_id, side: 'both' }) },
      'Only this trace_id') : null,
    make('a', { href: link('calls', { server: call.auto_service_1, endpoint: call.endpoint }) },
      'Calls like this'),
    make('a', { title: 'Every call of the seconds around it, whatever was filtered',
      href: around5(around) }, '± 5 s'),
  ];
}

/** A link to the call's flow, where its packets were seen. */
async function flowLink(call, points) {
  const isSeen = points.some((point) => !isProcess(point)) || await hasFlow(call);
  return isSeen ? make('a', { href: link('flows', { connection: connectionOf(call) }) }, 'Its flow')
    : make('span.quiet', { title: unwatched }, 'flow: not watched');
}

/** All calls within 5 seconds of `time`: no filter of the page stands in the way. */
function around5(time) {
  return link('calls', { from: time - 5, to: time + 5, last: null });
}

function grouped({ values, names, about }) {
  const found = Map.groupBy(Object.entries(values), ([key]) =>
    groups.find(([, pattern]) => pattern.test(key))[0]);
  const isEmpty = ([, value]) => value === null || value === '' || value.length === 0;
  const empty = Object.entries(values).filter(isEmpty).map(([key]) => key);
  return [
    ...shownOrder.flatMap((title) => [make('h2', {}, title), make('dl.fields', {},
      ...(found.get(title) ?? []).filter((entry) => !isEmpty(entry)).flatMap(([key, value]) =>
        [make('dt', { title: about.get(key) }, key),
          make('dd.mono', {}, shown(key, value, names.get(key)))]))]),
    make('h2', {}, 'Empty'), make('p.quiet.mono', {}, empty.join(', ') || 'none'),
  ];
}

function shown(key, value, name) {
  if (/^(time|start_time|end_time)$/.test(key)) return stamp(value);
  if (key === 'response_duration') return `${value} µs (${duration(Number(value))})`;
  if (name && String(name) !== String(value)) return `${value} (${name})`;
  return Array.isArray(value) ? value.join(', ') : String(value);
}
