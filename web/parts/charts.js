// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';
import { clock } from './format.js';
import { lookAt } from '../frame/time.js';

/** A colour of the style sheet, as charts need it. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const charts = new Set();
addEventListener('resize', () => alive().forEach((chart) => chart.resize()));

/** The charts that are still on the page; the others are disposed of. */
function alive() {
  for (const chart of charts) {
    if (chart.getDom().isConnected) continue;
    chart.dispose();
    charts.delete(chart);
  }
  return charts;
}

/**
 * A chart over time in `element`, which must be on the page. Dragging over it looks closer.
 * @param {(value: number) => string} show how a value reads
 * @returns {(series: Array<{name, points: Array<[number, number]>, tone, bars?, legend?, plain?}>)
 *   => void} draws; points are [epoch ms, value]; `bars` stacks them, with a legend only where
 *   `legend` asks for it; `plain` leaves the area below a line empty
 */
export function timeChart(element, show) {
  alive();
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', 'Chart over time, not loaded yet');
  const chart = window.echarts.init(element, null, { renderer: 'canvas' });
  charts.add(chart);
  const axis = { axisLine: { lineStyle: { color: colour('line') } },
    axisLabel: { color: colour('quiet'), hideOverlap: true },
    splitLine: { lineStyle: { color: colour('line') } } };
  chart.setOption({
    animation: false,
    textStyle: { color: colour('quiet'), fontFamily: 'inherit' },
    grid: { left: 62, right: 14, top: 20, bottom: 22 },
    legend: { show: false, type: 'scroll', top: 0, left: 62, right: 10, itemHeight: 8,
      icon: 'roundRect',
      textStyle: { color: colour('quiet'), fontSize: 11 }, inactiveColor: colour('line'),
      pageTextStyle: { color: colour('quiet') }, pageIconColor: colour('quiet') },
    tooltip: { trigger: 'axis', valueFormatter: (value) => value === null ? '–' : show(value),
      confine: true, backgroundColor: colour('sheet'), borderColor: colour('line'),
      textStyle: { color: colour('text'), fontSize: 12 } },
    xAxis: { type: 'time', ...axis, splitLine: { show: false } },
    yAxis: { type: 'value', min: 0, splitNumber: 3, ...axis,
      axisLabel: { ...axis.axisLabel, formatter: show } },
  });
  chart.group = 'time';
  window.echarts.connect('time');
  selectable(element, chart);
  return (series) => {
    element.setAttribute('aria-label', inWords(series, show));
    chart.setOption({ series: series.map(toSeries),
      legend: { show: series.some(({ legend, bars }) => legend ?? (!bars && series.length > 1)) },
      yAxis: { minInterval: series[0]?.bars ? 1 : 0 } }, { replaceMerge: ['series'] });
  };
}

/** What a chart shows, for those who do not see it. */
function inWords(series, show) {
  const lines = series.map(({ name, points }) => {
    const values = points.map(([, value]) => value).filter((value) => value !== null);
    return values.length ? `${name}: ${show(Math.min(...values))} to ${show(Math.max(...values))}, `
      + `at last ${show(values.at(-1))}` : `${name}: not known`;
  });
  const times = series.flatMap(({ points }) => [points[0]?.[0], points.at(-1)?.[0]]).filter(Boolean);
  const range = times.length ? `, ${clock(Math.min(...times), 's')} to ${clock(Math.max(...times), 's')}`
    : '';
  return `Chart over time${range}. ${lines.join('; ')}`;
}

function toSeries({ name, points, tone, bars, plain }) {
  const line = bars ? { type: 'bar', stack: 'all', barCategoryGap: '15%' }
    : { type: 'line', showSymbol: true, showAllSymbol: true, lineStyle: { width: 1.6 },
      areaStyle: { opacity: plain ? 0 : 0.08 } };
  return { name, id: name, data: bars ? points : points.map(visible), color: colour(tone) || tone,
    ...line };
}

/** A point whose neighbours are unknown has no line to be part of, so it is a dot. */
function visible(value, index, points) {
  const isAlone = value[1] !== null && (points[index - 1]?.[1] ?? null) === null
    && (points[index + 1]?.[1] ?? null) === null;
  return { value, symbol: isAlone ? 'circle' : 'none', symbolSize: 4 };
}

/** Dragging from one time to another makes them the range. */
function selectable(element, chart) {
  const band = make('div.band', { hidden: true });
  element.append(band);
  let begin = null;
  const at = (event) => event.clientX - element.getBoundingClientRect().left;
  const show = (end) => {
    band.hidden = Math.abs(end - begin) < 6;
    band.style.left = `${Math.min(begin, end)}px`;
    band.style.width = `${Math.abs(end - begin)}px`;
  };
  element.addEventListener('pointerdown', (event) => {
    begin = at(event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener('pointermove', (event) => begin !== null && show(at(event)));
  element.addEventListener('pointercancel', () => {
    begin = null;
    band.hidden = true;
  });
  element.addEventListener('pointerup', (event) => {
    if (begin === null) return;
    const ends = [begin, at(event)].sort((a, b) => a - b);
    begin = null;
    if (!band.hidden) {
      const [from, to] = ends.map((x) => chart.convertFromPixel({ xAxisIndex: 0 }, x) / 1000);
      if (to - from >= 1) lookAt(from, to);
    }
    band.hidden = true;
  });
}

/**
 * A column of rows as points. Intervals without a row get `missing`: counters are 0 there, a
 * latency is unknown; where nobody watched, both are. The last seconds are left out, because their
 * rows are still on their way.
 */
export function filled(rows, { from, settled, step, isWatched }, column, missing = 0) {
  const byTime = new Map(rows.map((row) => [Number(row.t), row[column]]));
  const points = [];
  for (let at = Math.ceil(from / step) * step; at + step <= settled; at += step) {
    const value = byTime.get(at) ?? (isWatched?.(at) === false ? null : missing);
    points.push([at * 1000, value === null ? null : Number(value)]);
  }
  return points;
}

/** The same of a counter, per second. */
export function perSecond(rows, span, column) {
  return filled(rows, span, column).map(([at, value]) =>
    [at, value === null ? null : value / span.step]);
}

/** The values of a small line in a table, from rows by `trendStep`. */
export function trend(rows, span, column) {
  return filled(rows, { ...span, step: span.trendStep }, column).map(([, value]) => value);
}
