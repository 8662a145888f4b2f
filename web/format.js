// SPDX-License-Identifier: Apache-2.0

/** A count: 1.2k, 3.4M. */
export function count(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e9) return trim(value / 1e9) + 'G';
  if (size >= 1e6) return trim(value / 1e6) + 'M';
  if (size >= 1e4) return trim(value / 1e3) + 'k';
  return Number.isInteger(value) ? String(value) : trim(value);
}

/** Events per second. */
export function rate(value) {
  return value === null || value === undefined ? '–' : `${count(value)}/s`;
}

/** A duration that is given in microseconds. */
export function duration(microseconds) {
  if (microseconds === null || microseconds === undefined) return '–';
  if (microseconds >= 1e6) return trim(microseconds / 1e6) + ' s';
  if (microseconds >= 1e3) return trim(microseconds / 1e3) + ' ms';
  return Math.round(microseconds) + ' µs';
}

/** A share in percent, 0 to 100. */
export function percent(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0 %';
  return value < 0.1 ? '< 0.1 %' : trim(value) + ' %';
}

/** A time of day with milliseconds; takes microseconds since the epoch or the engine's text. */
export function clock(value) {
  const time = toDate(value);
  const pad = (number, width = 2) => String(number).padStart(width, '0');
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}` +
    `.${pad(time.getMilliseconds(), 3)}`;
}

/** Accepts seconds, milliseconds or microseconds since the epoch, or "YYYY-MM-DD hh:mm:ss" in UTC. */
export function toDate(value) {
  if (typeof value === 'string') return new Date(value.replace(' ', 'T').slice(0, 26) + 'Z');
  if (value > 1e14) return new Date(value / 1e3);
  return new Date(value > 1e11 ? value : value * 1e3);
}

function trim(value) {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
