// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';

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
  if (value === null || value === undefined) return '–';
  return value > 0 && value < 0.01 ? '< 0.01/s' : `${count(value)}/s`;
}

/** A number of bytes, in decimal units. */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const size = Number(value);
  for (const [unit, least] of [['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (size >= least) return `${trim(size / least)} ${unit}`;
  }
  return `${Math.round(size)} B`;
}

/** Bytes per second. */
export function byteRate(value) {
  return value === null || value === undefined ? '–' : `${bytes(value)}/s`;
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

/** The share of errors in {errors, responses}, in percent; 0 where nothing was answered. */
export function errorShare({ errors, responses }) {
  return Number(responses) ? Math.min(100, errors / responses * 100) : 0;
}

/** A share of errors, coloured by how bad it is. */
export function errorBadge(share) {
  const tone = share >= 5 ? 'bad' : share > 0 ? 'warn' : 'quiet';
  return make(`span.${tone}`, {}, percent(share));
}

/**
 * A time of day in the user's zone, with the date where it is not today's.
 * @param {number|string} value as `toDate` takes it
 * @param {'ms'|'s'} precision
 */
export function clock(value, precision = 'ms') {
  const time = toDate(value);
  const pad = (number, width = 2) => String(number).padStart(width, '0');
  const day = time.toDateString() === new Date().toDateString() ? ''
    : `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())} `;
  return `${day}${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}` +
    (precision === 'ms' ? `.${pad(time.getMilliseconds(), 3)}` : '');
}

/** A time as `clock` shows it; hovering gives it in UTC. */
export function stamp(value, precision) {
  const iso = toDate(value).toISOString();
  return make('time.mono', { datetime: iso, title: `${iso.replace('T', ' ').slice(0, -1)} UTC` },
    clock(value, precision));
}

/** Accepts seconds, milliseconds or microseconds since 1970, or "YYYY-MM-DD hh:mm:ss" in UTC. */
export function toDate(value) {
  if (typeof value === 'string' && !/^\d+$/.test(value)) {
    return new Date(value.includes('T') ? value : value.replace(' ', 'T').slice(0, 26) + 'Z');
  }
  const number = Number(value);
  if (number > 1e14) return new Date(number / 1e3);
  return new Date(number > 1e11 ? number : number * 1e3);
}

function trim(value) {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
