// SPDX-License-Identifier: Apache-2.0

import { literal } from './api.js';
import { isOwn } from './state.js';

export const statuses = [['', 'Any status'], ['error', 'Any error'], ['Success', 'Success'],
  ['Client Error', 'Client Error'], ['Server Error', 'Server Error'], ['Timeout', 'Timeout'],
  ['Unknown', 'Unknown']];

export const sides = [['', 'Each call once'], ['c-p', 'Seen at the client'],
  ['s-p', 'Seen at the server'], ['both', 'Both sides']];

const ownParts = ['metaflow', 'metaflow-server', 'metaflow-agent', 'metaflow-engine'];

/**
 * The conditions that the parameters of the address stand for.
 * @param {URLSearchParams} parameters
 */
export function conditions(parameters) {
  const found = [];
  const given = (name, make) => {
    const text = parameters.get(name)?.trim();
    if (text) found.push(make(text));
  };
  given('service', (text) =>
    `(auto_service_0 = ${literal(text)} OR auto_service_1 = ${literal(text)})`);
  given('client', (text) => `auto_service_0 = ${literal(text)}`);
  given('server', (text) => `auto_service_1 = ${literal(text)}`);
  given('resource', (text) => `(request_resource LIKE ${literal(`*${text}*`)}`
    + ` OR request_domain LIKE ${literal(`*${text}*`)})`);
  given('endpoint', (text) => `endpoint = ${literal(text)}`);
  given('protocol', (text) => `Enum(l7_protocol) = ${literal(text)}`);
  given('status', (text) => text === 'error' ? "response_status IN ('Server Error', 'Client Error')"
    : `response_status = ${literal(text)}`);
  if (parameters.get('side') !== 'both') {
    given('side', (text) => `observation_point = ${literal(text)}`);
  }
  given('slower', (text) => `response_duration >= ${microseconds(text)}`);
  given('trace', (text) => `trace_id = ${literal(text)}`);
  const named = ['service', 'client', 'server'].some((name) => isOwn(parameters.get(name) ?? ''));
  if (parameters.get('own') !== '1' && !named) {
    found.push(`auto_service_1 NOT IN (${ownParts.map(literal).join(', ')})`);
  }
  return found;
}

/** "250", "250ms", "1.5 s" or "80us" in microseconds; a bare number is milliseconds. */
export function microseconds(text) {
  const match = text.match(/^([\d.]+)\s*(us|µs|ms|s)?$/i);
  const unit = { us: 1, µs: 1, ms: 1e3, s: 1e6 }[match?.[2]?.toLowerCase() ?? 'ms'];
  return Math.round((Number(match?.[1]) || 0) * unit);
}
