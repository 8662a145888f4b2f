// SPDX-License-Identifier: Apache-2.0

import { literal, query, QueryFailure } from './api.js';

/** Columns that the server lists as metrics, or in no list. */
const figures = ['response_duration', 'request_length', 'response_length', 'sql_affected_rows',
  'captured_request_byte', 'captured_response_byte', 'direction_score', 'attribute_names',
  'attribute_values'];

let tags = null;

/**
 * One call: {values, names, about} by column. `names` has the words of enumerations, `about` what
 * the server says of a column. Null when the call is no longer stored.
 * @param {string} id `_id` of the row, in decimal
 * @param {number} time its `time`, which spares the store the search
 */
export async function readCall(id, time) {
  tags ??= await query('SHOW tags FROM l7_flow_log', 'flow_log');
  const where = `time = ${time} AND _id = ${id}`;
  const about = new Map(tags.flatMap((tag) =>
    columnsOf(tag).map((name) => [name, `${tag.display_name}. ${tag.description}`])));
  // Command lines come separately: naming one may cost the store all that were ever seen.
  const columns = [...about.keys()].filter((name) => !name.startsWith('command_line'));
  const enums = tags.filter((tag) => tag.type === 'int_enum').flatMap(columnsOf);
  const named = enums.map((name) => `Enum(${name}) AS enum_${name}`);
  const [[row], [commands]] = await Promise.all([
    query(`SELECT ${[...columns, ...figures, ...named].join(', ')}
      FROM l7_flow_log WHERE ${where} LIMIT 1`, 'flow_log'),
    query(`SELECT command_line_0, command_line_1 FROM l7_flow_log WHERE ${where} LIMIT 1`,
      'flow_log').catch(unnamed),
  ]);
  if (!row) return null;
  const names = new Map(enums.map((name) => [name, row[`enum_${name}`]]));
  const values = Object.fromEntries(Object.entries({ ...row, ...commands })
    .filter(([name]) => !name.startsWith('enum_')));
  return { values, names, about, sql: `SELECT * FROM flow_log.l7_flow_log WHERE ${where}` };
}

function columnsOf(tag) {
  return [...new Set([tag.client_name || tag.name, tag.server_name || tag.name])];
}

function unnamed(failure) {
  if (!(failure instanceof QueryFailure)) throw failure;
  return [{ command_line_0: '(the store could not say)', command_line_1: '' }];
}

/** The same exchange as the other end saw it: same addresses, same first byte, or same id. */
export async function otherSide(call) {
  const same = Number(call.req_tcp_seq) ? `req_tcp_seq = ${call.req_tcp_seq}`
    : call.request_id === null ? 'req_tcp_seq = 0' : `request_id = ${call.request_id}`;
  const [other] = await query(`SELECT toString(_id) AS id, time, observation_point, start_time,
    response_duration FROM l7_flow_log
    WHERE ip_0 = ${literal(call.ip_0)} AND ip_1 = ${literal(call.ip_1)}
    AND client_port = ${call.client_port} AND server_port = ${call.server_port} AND ${same}
    AND observation_point != ${literal(call.observation_point)}
    AND time >= ${Number(call.time) - 60} AND time <= ${Number(call.time) + 60}
    ORDER BY time LIMIT 1`, 'flow_log');
  return other ?? null;
}
