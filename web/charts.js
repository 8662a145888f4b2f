// SPDX-License-Identifier: Apache-2.0

/** A colour of the style sheet, as charts need it. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Puts a chart into `element`; gives it back so that it can be disposed of. */
export function chart(element, option) {
  const made = window.echarts.init(element, null, { renderer: 'canvas' });
  made.setOption({
    animation: false,
    textStyle: { color: colour('quiet'), fontFamily: 'inherit' },
    ...option,
  });
  return made;
}

/**
 * Lines over time.
 * @param {Array<{name, points: Array<[number, number]>, tone}>} series points are [epoch ms, value]
 * @param {(value: number) => string} show how a value reads
 */
export function lines(element, series, show) {
  return chart(element, {
    grid: { left: 58, right: 12, top: 10, bottom: 22 },
    tooltip: { trigger: 'axis', valueFormatter: show },
    xAxis: { type: 'time', axisLine: { lineStyle: { color: colour('line') } } },
    yAxis: {
      type: 'value', axisLabel: { formatter: show }, min: 0,
      splitLine: { lineStyle: { color: colour('line') } },
    },
    series: series.map(({ name, points, tone }) => ({
      name, type: 'line', data: points, showSymbol: false, lineStyle: { width: 1.6 },
      color: colour(tone), areaStyle: { opacity: 0.08 },
    })),
  });
}

/** Fills the seconds of a window for which there is no row with 0. */
export function filled(rows, { from, to, step }, column) {
  const byTime = new Map(rows.map((row) => [Number(row.t), Number(row[column])]));
  const points = [];
  for (let at = Math.ceil(from / step) * step; at + step <= to; at += step) {
    points.push([at * 1000, byTime.get(at) ?? 0]);
  }
  return points;
}
