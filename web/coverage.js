// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { during, timeWindow } from './time.js';

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
 * `isWatched(at)` for the interval of `step` that begins at a second. A store that does not say
 * counts as watched all the time.
 */
export async function watchedWindow() {
  const span = timeWindow();
  const step = Math.max(5, Math.ceil(span.seconds / most));
  const where = `${during(span)} AND agent_id > 0`;
  const [rows, [first]] = await Promise.all([
    query(`SELECT time(time, ${step}) AS t, Count(row) AS entries FROM loss_ledger WHERE ${where}
      GROUP BY t ORDER BY t LIMIT ${most + 2}`, 'metaflow_system'),
    query(`SELECT time FROM loss_ledger WHERE ${where} ORDER BY time LIMIT 1`, 'metaflow_system'),
  ]);
  const parts = stretches(rows.map((row) => Number(row.t)), step, span);
  // A bucket may have begun before the first agent.
  if (first && parts.length) parts[0][0] = Math.max(parts[0][0], Number(first.time));
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
