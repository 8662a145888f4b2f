// SPDX-License-Identifier: Apache-2.0

/** Time ranges that can be chosen, in seconds. */
export const ranges = [
  [60, 'last minute'], [300, 'last 5 min'], [900, 'last 15 min'], [3600, 'last hour'],
  [21600, 'last 6 h'], [86400, 'last 24 h'],
];

/** Auto refresh intervals, in seconds; 0 is off. */
export const refreshes = [[0, 'off'], [1, '1 s'], [2, '2 s'], [5, '5 s'], [15, '15 s']];

const kept = JSON.parse(localStorage.getItem('metaflow') || '{}');

/** What the user chose; kept across reloads of the page. */
export const state = {
  range: kept.range ?? 300,
  refresh: kept.refresh ?? 2,
  theme: kept.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  history: kept.history ?? [],
};

export function keep() {
  localStorage.setItem('metaflow', JSON.stringify(state));
}

/** The chosen range as {from, to, step, table}: whole seconds and the points a chart has. */
export function timeWindow() {
  const to = Math.floor(Date.now() / 1000);
  const from = to - state.range;
  const interval = state.range > 21600 ? '1m' : '1s';
  const step = Math.max(interval === '1m' ? 60 : 1, Math.ceil(state.range / 120));
  return { from, to, step, interval, seconds: state.range };
}

/** The condition that keeps a statement inside the range. */
export function during({ from, to }) {
  return `time >= ${from} AND time <= ${to}`;
}
