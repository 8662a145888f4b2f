// SPDX-License-Identifier: Apache-2.0

/**
 * Who is not at the client's process cannot always tell which process called: it names the host or
 * address. Where clients that were watched made as many calls as are unclaimed, those are the same
 * calls.
 */
export function withoutEchoes(rows) {
  const isNamed = (row) => row.client_kind === 'Process';
  const group = (row, point) => `${row.server}\n${row.protocol}\n${point}`;
  const named = new Map();
  for (const row of rows.filter(isNamed)) {
    const key = group(row, row.observation_point);
    named.set(key, (named.get(key) ?? 0) + Number(row.requests));
  }
  const claimed = (row) => (named.get(group(row, 'c-p')) ?? 0)
    - (named.get(group(row, row.observation_point)) ?? 0);
  return rows.filter((row) => isNamed(row) || row.observation_point === 'c-p'
    || claimed(row) < Number(row.requests) * 0.7);
}
