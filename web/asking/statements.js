// SPDX-License-Identifier: Apache-2.0

/** The words and signs of a statement with their places; strings and comments are no words. */
function tokens(sql) {
  const pattern = new RegExp([/'(?:\\.|''|[^'\\])*'/, /"(?:\\.|[^"\\])*"/, /`[^`]*`/, /--[^\n]*/,
    /\/\*[^]*?\*\//, /[\w.$]+/, /\S/].map(({ source }) => source).join('|'), 'g');
  return [...sql.matchAll(pattern)].map((match) => ({ text: match[0], at: match.index,
    end: match.index + match[0].length }))
    .filter(({ text }) => !/^(--|\/\*)/.test(text));
}

/** What may follow WHERE. */
const ends = /^(group|order|having|limit|slimit|offset)$/i;

/**
 * The clauses of a SELECT: {table, where: [begin, end] of the condition or null, insert: where a
 * WHERE clause would begin}; null for anything else.
 */
function clauses(sql) {
  const found = tokens(sql.replace(/;\s*$/, ''));
  if (!/^select$/i.test(found[0]?.text ?? '')) return null;
  let depth = 0;
  let from = -1;
  let where = -1;
  let stop = found.length;
  for (const [index, { text }] of found.entries()) {
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    else if (depth) continue;
    else if (/^from$/i.test(text) && from < 0) from = index;
    else if (/^where$/i.test(text) && where < 0) where = index;
    else if (from >= 0 && ends.test(text)) {
      stop = index;
      break;
    }
  }
  if (from < 0 || !found[from + 1]) return null;
  const last = found[stop - 1].end;
  return { table: found[from + 1].text.replaceAll('`', ''),
    words: found.slice(where < 0 ? stop : where + 1, stop).map(({ text }) => text.toLowerCase()),
    where: where < 0 || where + 1 === stop ? null : [found[where + 1].at, last], insert: last };
}

/** The tag that names who is served, by the kind of table; null where there is none. */
function serverTag(table) {
  const name = table.replace(/^\w+\.(?=[a-z])/i, '');
  if (/^(l[47]_flow_log|\w+_map)/.test(name)) return 'auto_service_1';
  return /^(application|network)(\.|$)/.test(name) ? 'auto_service' : null;
}

/**
 * The statement with the range of the page, unless it has a condition on time of its own, and
 * without MetaFlow's own calls, unless it says anything of services itself.
 * @param {{from, to}} span
 * @param {string[]} own names to leave out; empty to keep them
 * @returns {{sql: string, hasRange: boolean, leavesOut: boolean}} what was added
 */
export function bounded(sql, span, own) {
  const parts = clauses(sql);
  if (!parts) return { sql, hasRange: false, leavesOut: false };
  const hasRange = !parts.words.some((word) => /^(time|start_time|end_time|_id)$/.test(word));
  const tag = serverTag(parts.table);
  const leavesOut = Boolean(own.length && tag
    && !parts.words.some((word) => /^(auto_service|auto_instance)/.test(word)));
  const added = [
    hasRange ? `time >= ${span.from} AND time <= ${span.to}` : '',
    leavesOut ? `${tag} NOT IN (${own.map((name) => `'${name}'`).join(', ')})` : '',
  ].filter(Boolean).join(' AND ');
  if (!added) return { sql, hasRange, leavesOut };
  const [begin, end] = parts.where ?? [parts.insert, parts.insert];
  const changed = parts.where
    ? `${sql.slice(0, begin)}(${sql.slice(begin, end)}) AND ${added}${sql.slice(end)}`
    : `${sql.slice(0, begin)} WHERE ${added}${sql.slice(end)}`;
  return { sql: changed, hasRange, leavesOut };
}
