// SPDX-License-Identifier: Apache-2.0

import { placeOf } from './points.js';

/**
 * Records of the same thing at several observation points, folded into the one nearest to the
 * client. Each row gets `points`, the names of all points in the order of the way, and `records`.
 * @param {Array<object>} rows
 * @param {(row) => string|null} key what the records of one thing have in common; null: nothing
 */
export function folded(rows, key) {
  const groups = new Map();
  const found = [];
  for (const row of rows) {
    const name = key(row);
    // The same point twice is two things.
    const group = name && groups.get(name)
      ?.find((other) => !other.some((one) => one.observation_point === row.observation_point));
    if (group) group.push(row);
    else {
      const fresh = [row];
      found.push(fresh);
      if (name) groups.set(name, [...groups.get(name) ?? [], fresh]);
    }
  }
  return found.map((records) => {
    records.sort((a, b) => placeOf(a.observation_point) - placeOf(b.observation_point));
    return { ...records[0], records, points: records.map((row) => row.observation_point) };
  });
}
