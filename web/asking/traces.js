// SPDX-License-Identifier: Apache-2.0

import { askTrace, askTraceMap, askTraces, NotFound } from './api.js';

/**
 * A trace with what a picture of it needs: each call knows its children, and how far in it lies.
 * @param {string} id number of a call, trace id or X-Request-ID
 * @param {object} [parameters] of `GET /v1/traces/{id}`
 * @returns {Promise<?object>} null when there is no such call
 */
export async function traceOf(id, parameters = {}) {
  try {
    return arranged(await askTrace(id, parameters));
  } catch (failure) {
    if (failure instanceof NotFound) return null;
    throw failure;
  }
}

/**
 * Traces that have a call which passes a filter.
 * @param {object} [parameters] of `GET /v1/traces`
 * @returns {Promise<{traces: Array<object>, isCut: boolean, notes: Array<string>, lost: number}>}
 */
export async function traceList(parameters = {}) {
  return listed(await askTraces(parameters));
}

/**
 * What causes what in traces that have a call which passes a filter.
 * @param {object} [parameters] of `GET /v1/tracemap`
 * @returns {Promise<{edges: Array<object>, count: number, isCut: boolean, notes, lost}>} edges have
 *   their mean, and their share of what the traces waited for, in percent
 */
export async function traceMap(parameters = {}) {
  const answer = await askTraceMap(parameters);
  return { ...listed({ ...answer, traces: [] }), count: answer.traces, edges: shared(answer) };
}

/** The edges with figures that are made of others. */
export function shared({ edges, critical_time: whole }) {
  return edges.map((edge) => ({ ...edge, mean: edge.calls ? edge.duration / edge.calls : null,
    share: whole ? edge.critical_time / whole * 100 : 0 }));
}

/** The answer with what a page needs: only traces that have a call, and how much was lost. */
export function listed({ traces, is_cut: isCut, notes, losses, losses_unknown: unknown }) {
  return { traces: traces.filter(({ root }) => root), isCut,
    notes: unknown ? [...notes, `What was lost in the range is not known: ${unknown}`] : notes,
    lost: (losses ?? []).reduce((sum, { dropped }) => sum + dropped, 0) };
}

/** Gives each call its place, its children and whether it failed; and the trace its services. */
export function arranged(trace) {
  const calls = trace.calls.map((call, place) => ({ ...call, place, children: [],
    isFailed: !['Success', 'Unknown'].includes(call.status),
    isCritical: call.critical_time !== null }));
  for (const call of calls) {
    if (call.parent !== null) calls[call.parent].children.push(call.place);
  }
  return { ...trace, calls, services: servicesOf(calls),
    length: Math.max(1, trace.end_time - trace.start_time) };
}

/** Who served calls of the trace, whose time is most of it first. */
function servicesOf(calls) {
  const found = new Map();
  for (const { server, self_time: own, isFailed } of calls) {
    const name = server.service || server.ip;
    const service = found.get(name) ?? { name, calls: 0, failed: 0, time: 0 };
    service.calls += 1;
    service.failed += isFailed ? 1 : 0;
    service.time += own ?? 0;
    found.set(name, service);
  }
  return [...found.values()].sort((a, b) => b.time - a.time || a.name.localeCompare(b.name));
}

/**
 * The places of the calls to show, in order, without those below calls that are closed.
 * @param {Set<number>} closed places of calls
 */
export function openPlaces({ calls }, closed) {
  const shown = [];
  let hiddenBelow = Infinity;
  for (const { place, depth } of calls) {
    if (depth > hiddenBelow) continue;
    hiddenBelow = closed.has(place) ? depth : Infinity;
    shown.push(place);
  }
  return shown;
}

/** How sure an edge is, in words: certain is said of nothing else. */
export function sureness(edge) {
  if (!edge) return '';
  return edge.is_certain ? 'certain' : `${Math.floor(edge.confidence * 100)} %`;
}
