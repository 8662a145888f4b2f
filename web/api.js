// SPDX-License-Identifier: Apache-2.0

/** A refusal by the server, in its own words. */
export class QueryFailure extends Error {}

/**
 * Runs one SQL statement and gives its rows as objects keyed by column.
 * @param {string} sql
 * @param {string} [db] where tables are that are named without one; else in any database
 */
export async function query(sql, db) {
  const result = await queryTable(sql, db);
  return result.values.map((row) =>
    Object.fromEntries(result.columns.map((column, index) => [column, row[index]])));
}

/** Runs one SQL statement and gives {columns, values, schemas, losses}: losses is what was
 * dropped in the time range of the statement. */
export async function queryTable(sql, db) {
  let response;
  try {
    response = await fetch('/v1/query/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ db, sql }),
    });
  } catch {
    throw new QueryFailure('The server does not answer. Is metaflow-server still running?');
  }
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text, exact);
  } catch {
    throw new QueryFailure(`The server answered with status ${response.status} and no JSON.`);
  }
  if (!response.ok) throw new QueryFailure(answer.DESCRIPTION || `status ${response.status}`);
  return { ...answer.result, losses: answer.losses ?? [] };
}

/** Numbers that JavaScript cannot hold (ids have 64 bits) stay what was written, as text. */
function exact(key, value, context) {
  return typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value)
    && /^-?\d+$/.test(context?.source ?? '') ? context.source : value;
}

export async function agents() {
  return (await get('/v1/agents', 'The server does not say which agents it knows.')).agents;
}

/**
 * A call at every observation point, in the order of the way from client to server.
 * @param {string} id `_id` of any of its rows, in decimal
 */
export async function callHops(id) {
  return (await get(`/v1/calls/${encodeURIComponent(id)}/hops`,
    'The server does not say where else the call was seen.')).hops;
}

async function get(path, failure) {
  try {
    const response = await fetch(path);
    if (response.ok) return JSON.parse(await response.text(), exact);
  } catch {
    // Told below, like every other answer that is none.
  }
  throw new QueryFailure(failure);
}

/** A string literal of the SQL dialect. */
export function literal(text) {
  return "'" + String(text).replaceAll('\\', '\\\\').replaceAll("'", "\\'") + "'";
}
