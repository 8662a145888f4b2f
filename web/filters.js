// SPDX-License-Identifier: Apache-2.0

import { literal } from './api.js';
import { failedTypes } from './failures.js';
import { pointChoices } from './points.js';
import { isOwn, ownParts } from './state.js';

export const statuses = [['', 'Any status'], ['error', 'Any error'], ['Success', 'Success'],
  ['Client Error', 'Client Error'], ['Server Error', 'Server Error'], ['Timeout', 'Timeout'],
  ['Unknown', 'Unknown']];

/** Where a record was made: each call or flow once, all records, or at one observation point. */
export const sides = (thing) => [['', `Each ${thing} once`], ['both', 'Every record'],
  ...pointChoices];

/** One connection, as a parameter: "10.0.0.1 40000 10.0.0.2 80". */
export function connectionOf(row) {
  return [row.ip_0, row.client_port, row.ip_1, row.server_port].join(' ');
}

/** The filters of the address that calls are asked for with, by the names that the server has. */
export function callFilter(parameters) {
  const found = {};
  for (const name of ['service', 'client', 'server', 'protocol', 'status', 'resource', 'endpoint',
    'trace', 'port', 'connection', 'attribute', 'own']) {
    found[name] = parameters.get(name)?.trim();
  }
  const slower = parameters.get('slower')?.trim();
  if (slower) found.slower = microseconds(slower);
  const side = parameters.get('side');
  if (side) found.point = side === 'both' ? 'all' : side;
  return found;
}

/**
 * The conditions on flows that the parameters of the address stand for.
 * @param {URLSearchParams} parameters
 */
export function flowConditions(parameters) {
  const found = [];
  const given = (name, make) => {
    const text = parameters.get(name)?.trim();
    if (text) found.push(make(text));
  };
  given('service', (text) =>
    `(auto_service_0 = ${literal(text)} OR auto_service_1 = ${literal(text)})`);
  given('client', (text) => `auto_service_0 = ${literal(text)}`);
  given('server', (text) => `auto_service_1 = ${literal(text)}`);
  given('port', (text) => `server_port = ${Number.parseInt(text, 10) || 0}`);
  given('connection', connectionCondition);
  if (parameters.get('side') !== 'both') {
    given('side', (text) => `observation_point = ${literal(text)}`);
  }
  given('address', (text) => `(ip_0 = ${literal(text)} OR ip_1 = ${literal(text)})`);
  given('transport', (text) => `Enum(protocol) = ${literal(text)}`);
  given('end', (text) => text === 'failed'
    ? `close_type IN (${failedTypes}) AND Enum(protocol) = 'TCP'`
    : `close_type = ${Number.parseInt(text, 10) || 0}`);
  given('slower', (text) => `rtt >= ${microseconds(text)}`);
  given('flow', (text) => `flow_id = ${/^\d+$/.test(text) ? text : 0}`);
  const named = ['service', 'client', 'server'].some((name) => isOwn(parameters.get(name) ?? ''));
  if (parameters.get('own') !== '1' && !named && !parameters.get('connection')) {
    found.push(`auto_service_1 NOT IN (${ownParts.map(literal).join(', ')})`);
  }
  return found;
}

function connectionCondition(text) {
  const [client, clientPort, server, serverPort] = text.split(/\s+/);
  return `ip_0 = ${literal(client)} AND client_port = ${Number.parseInt(clientPort, 10) || 0}`
    + ` AND ip_1 = ${literal(server ?? '')}`
    + ` AND server_port = ${Number.parseInt(serverPort, 10) || 0}`;
}

/** "250", "250ms", "1.5 s" or "80us" in microseconds; a bare number is milliseconds. */
export function microseconds(text) {
  const match = text.match(/^([\d.]+)\s*(us|µs|ms|s)?$/i);
  const unit = { us: 1, µs: 1, ms: 1e3, s: 1e6 }[match?.[2]?.toLowerCase() ?? 'ms'];
  return Math.round((Number(match?.[1]) || 0) * unit);
}
