// SPDX-License-Identifier: Apache-2.0

import { literal, query } from './api.js';
import { during } from '../frame/time.js';

/** Why there are calls and no packets. */
export const unwatched = 'No interface that an agent captures carries these packets. What processes '
  + 'of one host say to each other goes over the loopback interface, which an agent that sees the '
  + 'processes does not capture unless capture.packets has loopback: true in its agent.yaml.';

/** Whether packets of a service, as server or client, were seen in the range. */
export async function hasPackets(service, span) {
  const name = literal(service);
  const rows = await query(`SELECT Count(row) AS found FROM network_map
    WHERE ${during(span)} AND (auto_service_0 = ${name} OR auto_service_1 = ${name})`,
  'flow_metrics');
  return Number(rows[0]?.found ?? 0) > 0;
}

/** Whether packets of one connection were seen around a second. */
export async function hasFlow(call) {
  const time = Number(call.time);
  const rows = await query(`SELECT Count(row) AS found FROM l4_flow_log
    WHERE time >= ${time - 3600} AND time <= ${time + 3600} AND ip_0 = ${literal(call.ip_0)}
    AND client_port = ${Number(call.client_port)} AND ip_1 = ${literal(call.ip_1)}
    AND server_port = ${Number(call.server_port)}`, 'flow_log');
  return Number(rows[0]?.found ?? 0) > 0;
}
