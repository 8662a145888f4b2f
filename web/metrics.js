// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { during } from './time.js';

/** Seconds after a minute's end at which its rows are there for certain. */
const late = 120;

/**
 * Figures of a table of metrics over a range. A long one is read from the rows of minutes, and its
 * last minutes, which have no such rows yet, from those of seconds: else "last 24 h" would have less
 * than "last hour".
 * @param {{from, to, interval}} span
 * @param {string} table without its interval
 * @param {Array<[string, string, string]>} columns [name, SQL, fold]; fold is `key`, `sum`, `max`, or
 *   the name of the column that a mean is weighed by
 * @param {string} by what to group by
 * @param {{where?: string, order?: string, limit: number}} rest
 */
export async function figures(span, table, columns, by, { where, order, limit }) {
  const ask = (interval, range) => query(`SELECT ${columns.map(([name, sql]) =>
    sql === name ? name : `${sql} AS ${name}`).join(', ')} FROM ${table}.${interval}
    WHERE ${during(range)}${where ? ` AND ${where}` : ''} GROUP BY ${by}
    ${order ? `ORDER BY ${order}` : ''} LIMIT ${limit}`, 'flow_metrics');
  const cut = settledMinute(span);
  if (span.interval === '1s') return ask('1s', span);
  if (span.to < cut) return ask('1m', span);
  const [earlier, latest] = await Promise.all([
    cut > span.from ? ask('1m', { from: span.from, to: cut - 1 }) : [],
    ask('1s', { from: Math.max(cut, span.from), to: span.to }),
  ]);
  return merged(columns, earlier, latest);
}

/** The start of the first minute whose rows may be missing yet. */
function settledMinute() {
  return Math.floor((Date.now() / 1000 - late) / 60) * 60;
}

/** Rows of both, those with the same keys added up. */
export function merged(columns, earlier, latest) {
  const keys = columns.filter(([, , fold]) => fold === 'key').map(([name]) => name);
  const nameOf = (row) => JSON.stringify(keys.map((name) => row[name]));
  const found = new Map(earlier.map((row) => [nameOf(row), row]));
  for (const row of latest) {
    const name = nameOf(row);
    const other = found.get(name);
    found.set(name, other ? sum(columns, other, row) : row);
  }
  return [...found.values()];
}

function sum(columns, one, other) {
  const both = { ...one };
  for (const [name, , fold] of columns) {
    const [a, b] = [one[name], other[name]];
    if (fold === 'sum') both[name] = Number(a ?? 0) + Number(b ?? 0);
    else if (fold === 'max') both[name] = a === null ? b : b === null ? a : Math.max(a, b);
    else if (fold !== 'key') {
      const [first, second] = [a === null ? 0 : Number(one[fold]),
        b === null ? 0 : Number(other[fold])];
      both[name] = first + second ? ((a ?? 0) * first + (b ?? 0) * second) / (first + second)
        : a ?? b;
    }
  }
  return both;
}
