// SPDX-License-Identifier: Apache-2.0

/** A refusal by the server, in its own words. */
export class QueryFailure extends Error {}

/**
 * Runs one SQL statement and gives its rows as objects keyed by column.
 * @param {string} sql
 * @param {string} [db] where tables are that are named without one; else in any database
 */
export async function query(sql, db) {
  return objects(await queryTable(sql, db));
}

/**
 * Runs one SQL statement; metrics tables without an interval are those that fit its range.
 * @param {{from?: number, to?: number, own?: number}} [bounds] the range of a statement without a time
 *   of its own; 0 to leave MetaFlow's own programs out of one that says nothing of services
 * @returns {{columns, values, schemas, losses, added}} losses is what was dropped in the time range of
 *   the statement, null where that is not known; added says which bounds applied
 */
export async function queryTable(sql, db, bounds = {}) {
  const answer = await ask('/v1/query/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ db, sql, data_precision: 'auto', ...bounds }),
  });
  return { ...answer.result, losses: answer.losses_unknown ? null : answer.losses ?? [],
    added: answer.added };
}

/**
 * Calls, one row each: filtered, sorted and cut by the server.
 * @param {object} parameters of `GET /v1/calls`; empty ones are left out
 * @returns {Promise<{rows: Array<object>, bars: Array<object>, isCut: boolean}>}
 */
export const calls = (parameters) => list('/v1/calls', parameters);

/** Flows, likewise. */
export const flows = (parameters) => list('/v1/flows', parameters);

async function list(path, parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '');
  const answer = await ask(`${path}?${new URLSearchParams(given)}`);
  return { rows: objects(answer.result), bars: answer.bars ?? [], isCut: answer.is_cut };
}

/**
 * What the server of a call made while it served it; null where its process was not watched.
 * @param {string} id `_id` of any record of the call, in decimal
 */
export async function callsMeanwhile(id) {
  const answer = await ask(`/v1/calls/${encodeURIComponent(id)}/meanwhile`);
  return answer.is_seen ? { rows: objects(answer.result), service: answer.service,
    start: answer.start_time, isCut: answer.is_cut } : null;
}

/** What the agents see of their hosts, and what they do not: {rows, left_out}. */
export const coverage = () => ask('/v1/coverage');

/**
 * Figures, as `POST /v1/figures` has them.
 * @returns {Promise<{rows: Array<object>, percentilesFrom: ?number}>}
 */
export async function askFigures(request) {
  const answer = await ask('/v1/figures', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  return { rows: objects(answer.result), percentilesFrom: answer.percentiles_from ?? null };
}

/** Seconds of the intervals that figures of a range come in: 1 or 60. */
export async function intervalOf({ from, to }) {
  return (await ask(`/v1/interval?${new URLSearchParams({ from, to })}`)).seconds;
}

export async function agents() {
  return (await ask('/v1/agents')).agents;
}

let ingest = null;

/** Where this server takes agents: {host, port, isLoopback, isAny}. */
export async function ingestAddress() {
  if (ingest) return ingest;
  const { ingest: { host, port } } = await ask('/v1/status');
  ingest = { host, port, isLoopback: /^(localhost|127\.|::1$)/.test(host),
    isAny: /^(0\.0\.0\.0|::)$/.test(host) };
  return ingest;
}

/**
 * A call at every observation point, in the order of the way from client to server.
 * @param {string} id `_id` of any of its rows, in decimal
 */
export async function callHops(id) {
  return (await ask(`/v1/calls/${encodeURIComponent(id)}/hops`)).hops;
}

/** Whether a refusal says that there is no such thing. */
export class NotFound extends QueryFailure {}

/**
 * A trace, as `GET /v1/traces/{id}` has it.
 * @param {string} id number of a call, trace id or X-Request-ID
 * @param {object} parameters of that path; empty ones are left out
 */
export async function askTrace(id, parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '');
  return ask(`/v1/traces/${encodeURIComponent(id)}?${new URLSearchParams(given)}`);
}

/**
 * Traces, as `GET /v1/traces` has them.
 * @param {object} parameters of that path; empty ones are left out
 */
export async function askTraces(parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '');
  return ask(`/v1/traces?${new URLSearchParams(given)}`);
}

/** What causes what in many traces, as `GET /v1/tracemap` has it; likewise. */
export async function askTraceMap(parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '');
  return ask(`/v1/tracemap?${new URLSearchParams(given)}`);
}

/** Calls that stand for intervals, as `GET /v1/exemplars` has them; likewise. */
export async function askExemplars(parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '');
  return (await ask(`/v1/exemplars?${new URLSearchParams(given)}`)).points;
}

/** Times that a server which is busy with other queries is asked again. */
const patience = 5;

/** Asks the server; every way of not answering is a `QueryFailure`. */
async function ask(path, request, tries = 0) {
  let response;
  try {
    response = await fetch(path, request);
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
  if (answer.OPT_STATUS === 'TOO_MANY_QUERIES' && tries < patience) {
    await new Promise((done) => { setTimeout(done, 150 * 2 ** tries * (1 + Math.random())); });
    return ask(path, request, tries + 1);
  }
  if (!response.ok) {
    const Failure = response.status === 404 ? NotFound : QueryFailure;
    throw new Failure(answer.DESCRIPTION || `status ${response.status}`);
  }
  return answer;
}

function objects({ columns, values }) {
  return values.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column, row[index]])));
}

/** Numbers that JavaScript cannot hold (ids have 64 bits) stay what was written, as text. */
function exact(key, value, context) {
  return typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value)
    && /^-?\d+$/.test(context?.source ?? '') ? context.source : value;
}

/** A string literal of the SQL dialect. */
export function literal(text) {
  return "'" + String(text).replaceAll('\\', '\\\\').replaceAll("'", "\\'") + "'";
}
