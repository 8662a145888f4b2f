// SPDX-License-Identifier: Apache-2.0

import { literal } from './api.js';
import { failedTypes } from './failures.js';
import { pointChoices } from './points.js';
import { isOwn } from './state.js';

export const statuses = [['', 'Any status'], ['error', 'Any error'], ['Success', 'Success'],
  ['Client Error', 'Client Error'], ['Server Error', 'Server Error'], ['Timeout', 'Timeout'],
  ['Unknown', 'Unknown']];

/** Where a record was made: once each, all of them, or at one observation point. */
export const sides = [['', 'Each once'], ['both', 'Every record'], ...pointChoices];

const ownParts = ['metaflow', 'metaflow-server', 'metaflow-agent', 'metaflow-engine'];

/**
 * The conditions that both logs know: who, between which addresses, and seen where.
 * @param {URLSearchParams} parameters
 */
export function sharedConditions(parameters) {
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
  const named = ['service', 'client', 'server'].some((name) => isOwn(parameters.get(name) ?? ''));
  if (parameters.get('own') !== '1' && !named && !parameters.get('connection')) {
    found.push(`auto_service_1 NOT IN (${ownParts.map(literal).join(', ')})`);
  }
  return found;
}

/** One connection, as a parameter: "10.0.0.1 40000 10.0.0.2 80". */
export function connectionOf(row) {
  return [row.ip_0, row.client_port, row.ip_1, row.server_port].join(' ');
}

function connectionCondition(text) {
  const [client, clientPort, server, serverPort] = text.split(/\s+/);
  return `ip_0 = ${literal(client)} AND client_port = ${Number.parseInt(clientPort, 10) || 0}`
    + ` AND ip_1 = ${literal(server ?? '')}`
    + ` AND server_port = ${Number.parseInt(serverPort, 10) || 0}`;
}

/**
 * The conditions on calls that the parameters of the address stand for.
 * @param {URLSearchParams} parameters
 */
export function conditions(parameters) {
  const found = sharedConditions(parameters);
  const given = (name, make) => {
    const text = parameters.get(name)?.trim();
    if (text) found.push(make(text));
  };
  given('resource', (text) => `(request_resource LIKE ${literal(`*${text}*`)}`
    + ` OR request_domain LIKE ${literal(`*${text}*`)})`);
  given('endpoint', (text) => `endpoint = ${literal(text)}`);
  given('protocol', (text) => `Enum(l7_protocol) = ${literal(text)}`);
  given('status', (text) => text === 'error' ? "response_status IN ('Server Error', 'Client Error')"
    : `response_status = ${literal(text)}`);
  given('slower', (text) => `response_duration >= ${microseconds(text)}`);
  given('trace', (text) => `trace_id = ${literal(text)}`);
  return found;
}

/**
 * The conditions on flows that the parameters of the address stand for.
 * @param {URLSearchParams} parameters
 */
export function flowConditions(parameters) {
  const found = sharedConditions(parameters);
  const given = (name, make) => {
    const text = parameters.get(name)?.trim();
    if (text) found.push(make(text));
  };
  given('address', (text) => `(ip_0 = ${literal(text)} OR ip_1 = ${literal(text)})`);
  given('transport', (text) => `Enum(protocol) = ${literal(text)}`);
  given('end', (text) => text === 'failed'
    ? `close_type IN (${failedTypes}) AND Enum(protocol) = 'TCP'`
    : `close_type = ${Number.parseInt(text, 10) || 0}`);
  given('slower', (text) => `rtt >= ${microseconds(text)}`);
  given('flow', (text) => `flow_id = ${/^\d+$/.test(text) ? text : 0}`);
  return found;
}

/** "250", "250ms", "1.5 s" or "80us" in microseconds; a bare number is milliseconds. */
export function microseconds(text) {
  const match = text.match(/^([\d.]+)\s*(us|µs|ms|s)?$/i);
  const unit = { us: 1, µs: 1, ms: 1e3, s: 1e6 }[match?.[2]?.toLowerCase() ?? 'ms'];
  return Math.round((Number(match?.[1]) || 0) * unit);
}
