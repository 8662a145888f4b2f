// SPDX-License-Identifier: Apache-2.0

import { timeChart } from './charts.js';
import { choice, copyButton, make } from './dom.js';
import { openDrawer } from '../frame/drawer.js';
import { dropped, strangers } from '../frame/foot.js';
import { bytes, clock, count, duration, percent, toDate } from './format.js';
import { dataTable } from './table.js';

/** Rows that are put on the page; the download has them all. */
const most = 1000;
const tones = ['accent', 'good', 'warn', 'bad', '#8b5cf6', '#0ea5a8', '#d946a6', '#7a8a3a',
  'quiet'];

/**
 * Shows an answer in `place`: a chart where it is a time series, and the rows.
 * @param {{columns, values, schemas}} result
 */
export function showResult(place, result, milliseconds) {
  const rows = result.values.length;
  const chart = make('div');
  const rowsPlace = make('div', {}, grid(result, false));
  const raw = make('input', { type: 'checkbox', onchange: () =>
    rowsPlace.replaceChildren(grid(result, raw.checked)) });
  place.replaceChildren(make('div.heading', {},
    make('h2', {}, `${rows} ${rows === 1 ? 'row' : 'rows'} in ${milliseconds} ms`
      + (rows > most ? `, the first ${most} shown` : '')),
    missing(result.losses),
    make('label.control', { title: 'The numbers that SQL compares with' }, raw, 'Raw values'),
    make('button', { onclick: () => download(csv(result)) }, 'CSV'),
    copyButton('Copy as JSON', () => JSON.stringify(objects(result), null, 2))),
  chart, rowsPlace);
  if (isSeries(result)) drawSeries(chart, result);
}

/** What the server says is missing from the statement's time range. */
function missing(losses) {
  if (!losses) return make('span.warn', {}, 'what is missing is unknown');
  const lost = losses.filter((loss) => !strangers.includes(loss.reason));
  const { lost: total } = dropped(lost.map((loss) => ({ ...loss, lost: loss.dropped })));
  return total ? make('button.warn', { onclick: () => openDrawer('losses'), title:
    lost.map((loss) => `${loss.stage}: ${loss.reason} ${loss.dropped}`).join('\n') },
  `${count(total)} missing from its range`) : null;
}

function objects({ columns, values }) {
  return values.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
}

function grid({ columns, values, schemas }, isRaw) {
  const list = dataTable(columns.map((title, index) => ({
    id: String(index), title, about: schemas?.[index]?.unit ? `in ${schemas[index].unit}` : null,
    number: values.some((row) => typeof row[index] === 'number') && !isTime(schemas?.[index]),
    value: (row) => row.cells[index],
    show: (row) => shownCell(row.cells[index], isRaw ? null : schemas?.[index]),
  })), { label: 'Result', key: (row) => row.number, most });
  list.update(values.slice(0, most).map((cells, number) => ({ cells, number })), 'No rows.');
  return list.element;
}

/** A tag with a unit of time is a point in time, a metric with one a duration. */
function isTime(schema) {
  return schema?.label_type === 'tag' && ['s', 'us'].includes(schema.unit);
}

/** How a number of a unit reads. */
const units = {
  us: (value) => duration(value),
  s: (value) => duration(value * 1e6),
  byte: (value) => bytes(value),
  '%': (value) => percent(value),
};

/** A value as people read it; hovering tells the number that SQL compares with, and of a time its
 * date. */
function shownCell(value, schema) {
  if (value === null) return make('span.quiet', {}, 'null');
  if (typeof value === 'number' && isTime(schema)) {
    const [at, precision] = schema.unit === 's' ? [value, 's'] : [value, 'ms'];
    return value > 1e9 ? make('time', { title: `${toDate(at).toISOString().replace('T', ' ')
      .replace('Z', ' UTC')}, ${value} ${schema.unit}` }, clock(at, precision)) : String(value);
  }
  if (typeof value === 'number' && units[schema?.unit]) {
    return make('span', { title: `${value} ${schema.unit}` }, units[schema.unit](value));
  }
  if (typeof value === 'number' && !Number.isInteger(value)) {
    const rounded = String(Number(value.toPrecision(6)));
    return rounded === String(value) ? rounded : make('span', { title: value }, rounded);
  }
  return Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** A time series begins with an interval's start, and has a number to draw. */
function isSeries({ values, schemas }) {
  return values.length > 1 && schemas?.[0]?.unit === 's' && numeric(values).length > 0
    && values.every(([time]) => time > 1e9 && time < 1e10)
    && new Set(values.map(([time]) => time)).size > 1;
}

function numeric(values) {
  return values[0].map((_, index) => index).slice(1)
    .filter((index) => values.some((row) => typeof row[index] === 'number')
      && values.every((row) => row[index] === null || typeof row[index] === 'number'));
}

/** One line for each combination of the text columns, of the chosen number. */
function drawSeries(place, { columns, values, schemas }) {
  const numbers = numeric(values);
  const texts = columns.map((_, index) => index).slice(1).filter((each) => !numbers.includes(each));
  const panel = make('div.chart.tall');
  const render = (column) => {
    panel.replaceChildren();
    const lines = Map.groupBy(values, (row) =>
      texts.map((index) => row[index]).join(' · ') || columns[column]);
    const shown = [...lines].slice(0, 30).map(([name, rows], index) => ({
      name, tone: tones[index % tones.length],
      points: rows.map((row) => [row[0] * 1000, row[column]]).sort((a, b) => a[0] - b[0]),
    }));
    timeChart(panel, units[schemas?.[column]?.unit] ?? count)(shown);
  };
  place.replaceChildren(numbers.length > 1 ? make('div.bar.inset', {},
    choice('What the chart shows', numbers.map((index) => [index, columns[index]]), numbers[0],
      (value) => render(Number(value)))) : '', panel);
  render(numbers[0]);
}

/** RFC 4180. What a spreadsheet would run as a formula is made text: it came off the wire. */
function csv({ columns, values }) {
  const cell = (value) => {
    if (value === null) return '';
    const text = Array.isArray(value) ? JSON.stringify(value) : String(value);
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text)
      ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...values].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

function download(text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  make('a', { href: url, download: 'metaflow.csv' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
