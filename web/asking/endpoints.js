// SPDX-License-Identifier: Apache-2.0

/** Parts of a path that name one thing among many, by what stands for them. */
const kinds = [
  [/^\d+$/, '{n}'],
  [/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i, '{id}'],
  [/^(?=.*\d)[0-9a-f]{12,}$/i, '{id}'],
  [/^(?=.*\d)[\w-]{24,}$/, '{id}'],
];

/** The kind of an endpoint: `/users/17/orders` is `/users/{n}/orders`. */
export function template(endpoint) {
  if (!endpoint.startsWith('/')) return endpoint;
  return endpoint.split('/').map((part) =>
    kinds.find(([pattern]) => pattern.test(part))?.[1] ?? part).join('/');
}

/**
 * Rows by endpoint as rows by kind of endpoint; `merged` says of how many, `first` is one of them.
 * One alone keeps its name.
 */
export function byTemplate(rows) {
  return [...Map.groupBy(rows, (row) => template(row.endpoint)).entries()].map(([name, same]) => {
    if (same.length === 1) return { ...same[0], merged: 1, first: same[0].endpoint };
    const sum = (column) => same.reduce((total, row) => total + Number(row[column]), 0);
    const responses = sum('responses');
    return { endpoint: name, merged: same.length, first: same[0].endpoint,
      requests: sum('requests'), responses, errors: sum('errors'),
      mean: responses ? same.reduce((total, row) => total + (row.mean ?? 0) * row.responses, 0)
        / responses : null,
      p95: Math.max(...same.map((row) => row.p95 ?? 0)) || null,
      longest: Math.max(...same.map((row) => row.longest ?? 0)) || null };
  });
}
