// SPDX-License-Identifier: Apache-2.0

import { pointChoices } from '../parts/points.js';

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

/** What an address says of `names`, "slower than" and the side to look from, as the server has it. */
function filterOf(parameters, names) {
  const found = {};
  for (const name of names) found[name] = parameters.get(name)?.trim();
  const slower = parameters.get('slower')?.trim();
  if (slower) found.slower = microseconds(slower);
  const side = parameters.get('side');
  if (side) found.point = side === 'both' ? 'all' : side;
  return found;
}

/** The filters of the address that calls are asked for with, by the names that the server has. */
export function callFilter(parameters) {
  return filterOf(parameters, ['service', 'client', 'server', 'protocol', 'status', 'resource',
    'endpoint', 'trace', 'port', 'connection', 'attribute', 'own']);
}

/** The filters of the address that flows are asked for with, by the names that the server has. */
export function flowFilter(parameters) {
  return filterOf(parameters, ['service', 'client', 'server', 'port', 'connection', 'address',
    'transport', 'end', 'flow', 'own']);
}

/** "250", "250ms", "1.5 s" or "80us" in microseconds; a bare number is milliseconds. */
export function microseconds(text) {
  const match = text.match(/^([\d.]+)\s*(us|µs|ms|s)?$/i);
  const unit = { us: 1, µs: 1, ms: 1e3, s: 1e6 }[match?.[2]?.toLowerCase() ?? 'ms'];
  return Math.round((Number(match?.[1]) || 0) * unit);
}
