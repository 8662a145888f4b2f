// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';

/**
 * The latest part of `span` that holds about `most` calls of the log: percentiles are read from
 * the calls themselves, and a busy store has more of them than a glance is worth.
 * @returns {Promise<{from: number, to: number, isWhole: boolean}>} in seconds
 */
export async function latestCalls(span, most) {
  const rows = await query(`SELECT time(time, ${span.step}) AS t, Sum(request) AS calls
    FROM application_map.${span.interval} WHERE time >= ${span.from} AND time <= ${span.to}
    GROUP BY t ORDER BY t DESC LIMIT 1000`, 'flow_metrics');
  let room = most;
  for (const { t, calls } of rows) {
    if (calls > room) {
      const end = Math.min(span.to, t + span.step);
      const from = Math.floor(end - (end - t) * (room / calls));
      return { from: Math.max(span.from, Math.min(from, span.to - 1)), to: span.to,
        isWhole: false };
    }
    room -= calls;
  }
  return { from: span.from, to: span.to, isWhole: true };
}
