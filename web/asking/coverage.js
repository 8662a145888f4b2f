// SPDX-License-Identifier: Apache-2.0

import { intervalOf, query } from './api.js';
import { during, timeWindow } from '../frame/time.js';

/** Seconds without an entry of the ledger that do not mean that nobody watched: hosts are quiet. */
const quiet = 60;

/** Buckets that a range is looked at in, at most. */
const most = 720;

/**
 * When agents watched, from the starts of buckets that they accounted for: stretches [from, to] in
 * seconds, without gaps that are shorter than a quiet host makes.
 * @param {number[]} starts ascending
 */
export function stretches(starts, step, { from, to }) {
  const found = [];
  for (const start of starts) {
    const end = Math.min(to, start + step);
    const last = found.at(-1);
    if (last && start - last[1] <= quiet) last[1] = end;
    else found.push([Math.max(from, start), end]);
  }
  // What is on its way yet is no gap.
  const last = found.at(-1);
  if (last && to - last[1] <= quiet) last[1] = to;
  return found;
}

/**
 * The chosen range with what is known of who watched: `watched` seconds of it, `since` when, and
 * `isWatched(at)` for the interval of `step` that begins at a second. Agents account for each second
 * that they watch, a capture file only at its end: where it has calls or packets, it was watched too.
 */
export async function watchedWindow() {
  const chosen = timeWindow();
  const interval = await intervalOf(chosen);
  // Clocks go on meanwhile; the range stays.
  const { step: bar, trendStep } = timeWindow(interval);
  const span = { ...chosen, step: bar, trendStep };
  const step = Math.max(interval, 5, Math.ceil(span.seconds / most));
  const ledger = `${during(span)} AND agent_id > 0`;
  const starts = (what, from, where, database) => query(`SELECT time(time, ${step}) AS t, ${what}
    FROM ${from} WHERE ${where} GROUP BY t LIMIT ${most + 2}`, database);
  const [accounts, calls, packets, [first]] = await Promise.all([
    starts('Count(row) AS entries', 'loss_ledger', ledger, 'metaflow_system'),
    starts('Sum(request) AS some', 'application_map', during(span),
      'flow_metrics'),
    starts('Sum(packet) AS some', 'network_map', during(span), 'flow_metrics'),
    query(`SELECT time FROM loss_ledger WHERE ${ledger} ORDER BY time LIMIT 1`,
      'metaflow_system'),
  ]);
  const times = [accounts, calls, packets].map((rows) => rows.map((row) => Number(row.t)));
  const parts = stretches([...new Set(times.flat())].sort((a, b) => a - b), step, span);
  // A bucket may have begun before the first agent did.
  if (parts.length && first && Math.min(...times.flat()) === Math.min(...times[0])) {
    parts[0][0] = Math.max(parts[0][0], Math.min(Number(first.time), parts[0][1]));
  }
  if (parts.length && parts[0][0] - span.from <= quiet && span.seconds > 4 * quiet) {
    parts[0][0] = span.from;
  }
  const seconds = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  return {
    ...span, parts, watched: Math.max(1, seconds), isUnwatched: !parts.length,
    since: parts[0]?.[0] ?? null, isWhole: seconds >= span.seconds - quiet,
    isWatched: (at) => parts.some(([from, to]) => at + span.step > from && at < to),
  };
}
