// SPDX-License-Identifier: Apache-2.0

import { askFigures } from './api.js';

/**
 * Figures of a table of metrics over a range, one row a thing. The server chooses which tables the
 * range is read from, which observation point speaks for a thing, and which rows are others' once
 * more.
 * @param {{from, to}} span
 * @param {string} table without its interval
 * @param {Array<[string, string, string]>} columns [name, SQL, fold]; fold is `key`, `sum`, `max`, or
 *   the name of the column that a mean is weighed by
 * @param {string} by what to group by
 * @param {{where?: string, order?: string, limit: number, percentiles?: number[], speaker?: {end,
 *   weight, of}, echoes?: boolean}} rest percentiles become columns `p50`, `p95`, ... and `is_coarse`;
 *   `speaker` names the end that the point is near to, the column that says how much it saw, and the
 *   columns that things are told apart by
 * @returns {Promise<Array<object>>} with `percentilesFrom`, the second from which calls were read for
 *   them; null where it was all
 */
export async function figures(span, table, columns, by, { percentiles, ...rest }) {
  const { rows, percentilesFrom } = await askFigures({
    table, by, from: span.from, to: span.to, percentiles, ...rest,
    columns: columns.map(([name, sql, fold]) => ({ name, sql,
      weight: ['key', 'sum', 'max'].includes(fold) ? undefined : fold })),
  });
  rows.percentilesFrom = percentilesFrom;
  return rows;
}
