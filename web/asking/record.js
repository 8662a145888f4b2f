// SPDX-License-Identifier: Apache-2.0

import { query, QueryFailure } from './api.js';

/** By log: columns that the server lists as metrics, or in no list. */
const figures = {
  l7_flow_log: ['response_duration', 'request_length', 'response_length', 'sql_affected_rows',
    'request_messages', 'response_messages', 'captured_request_byte', 'captured_response_byte',
    'direction_score', 'attribute_names', 'attribute_values'],
  l4_flow_log: ['direction_score', 'duration',
    ...['packet', 'byte', 'l3_byte', 'l4_byte', 'total_packet', 'total_byte', 'retrans',
      'zero_win', 'ooo'].flatMap((name) => [`${name}_tx`, `${name}_rx`]),
    'rtt', 'rtt_client', 'rtt_server',
    ...['srt', 'art', 'rrt', 'cit'].flatMap((name) => [`${name}_sum`, `${name}_count`,
      `${name}_max`]),
    'syn_count', 'synack_count', 'retrans_syn', 'retrans_synack', 'fin_count', 'l7_request',
    'l7_response', 'l7_parse_failed', 'l7_client_error', 'l7_server_error', 'l7_server_timeout'],
};

const tags = new Map();

/**
 * One row of a log: {values, names, about} by column. `names` has the words of enumerations,
 * `about` what the server says of a column. Null when the row is no longer stored.
 * @param {'l7_flow_log'|'l4_flow_log'} log
 * @param {string} id `_id` of the row, in decimal
 * @param {number} time its `time`, which spares the store the search
 */
export async function readRow(log, id, time) {
  // Both stand in the address, which anyone may have written, and go into statements.
  if (!/^\d+$/.test(id) || !/^\d+$/.test(time)) return null;
  if (!tags.has(log)) tags.set(log, await query(`SHOW tags FROM ${log}`, 'flow_log'));
  const known = tags.get(log);
  const where = `time = ${time} AND _id = ${id}`;
  const about = new Map(known.flatMap((tag) =>
    columnsOf(tag).map((name) => [name, `${tag.display_name}. ${tag.description}`])));
  // Command lines come separately: naming one may cost the store all that were ever seen.
  const columns = [...about.keys()].filter((name) => !name.startsWith('command_line'));
  const enums = known.filter((tag) => tag.type === 'int_enum').flatMap(columnsOf);
  const named = enums.map((name) => `Enum(${name}) AS enum_${name}`);
  const [[row], [commands]] = await Promise.all([
    query(`SELECT ${[...new Set([...columns, ...figures[log], ...named])].join(', ')}
      FROM ${log} WHERE ${where} LIMIT 1`, 'flow_log'),
    query(`SELECT command_line_0, command_line_1 FROM ${log} WHERE ${where} LIMIT 1`,
      'flow_log').catch(unnamed),
  ]);
  if (!row) return null;
  const names = new Map(enums.map((name) => [name, row[`enum_${name}`]]));
  const values = Object.fromEntries(Object.entries({ ...row, ...commands })
    .filter(([name]) => !name.startsWith('enum_')));
  return { values, names, about, sql: `SELECT * FROM flow_log.${log} WHERE ${where}` };
}

function columnsOf(tag) {
  return [...new Set([tag.client_name || tag.name, tag.server_name || tag.name])];
}

function unnamed(failure) {
  if (!(failure instanceof QueryFailure)) throw failure;
  return [{ command_line_0: '(the store could not say)', command_line_1: '' }];
}
