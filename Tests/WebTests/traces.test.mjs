// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { arranged, listed, openPlaces, shared, sureness } from '../../web/asking/traces.js';

const call = (parent, depth, more = {}) => ({ parent, depth, status: 'Success', critical_time: null,
  self_time: 10, server: { service: 'a', ip: '' }, ...more });
const trace = arranged({ start_time: 5, end_time: 105, calls: [
  call(null, 0, { critical_time: 3 }), call(0, 1), call(1, 2, { status: 'Server Error' }),
  call(0, 1, { self_time: null, server: { service: '', ip: '10.0.0.9' } }), call(null, 0),
] });

test('calls know those that they caused', () => {
  assert.deepEqual(trace.calls.map(({ children }) => children), [[1, 3], [2], [], [], []]);
  assert.deepEqual(trace.calls.map(({ isFailed }) => isFailed), [false, false, true, false, false]);
  assert.deepEqual(trace.calls.map(({ isCritical }) => isCritical),
    [true, false, false, false, false]);
  assert.equal(trace.length, 100);
});

test('services are told by their own time', () => {
  assert.deepEqual(trace.services, [{ name: 'a', calls: 4, failed: 1, time: 40 },
    { name: '10.0.0.9', calls: 1, failed: 0, time: 0 }]);
});

test('what lies below a closed call is not shown, what lies beside it is', () => {
  assert.deepEqual(openPlaces(trace, new Set()), [0, 1, 2, 3, 4]);
  assert.deepEqual(openPlaces(trace, new Set([1])), [0, 1, 3, 4]);
  assert.deepEqual(openPlaces(trace, new Set([0, 1])), [0, 4]);
});

test('a list tells what was lost, and that it is not known', () => {
  const answer = { traces: [{ root: {} }, {}], is_cut: true, notes: ['a'],
    losses: [{ dropped: 2 }, { dropped: 3 }] };
  assert.deepEqual(listed(answer), { traces: [{ root: {} }], isCut: true, notes: ['a'], lost: 5 });
  const { notes, lost } = listed({ ...answer, losses: [], losses_unknown: 'away' });
  assert.equal(lost, 0);
  assert.equal(notes[1], 'What was lost in the range is not known: away');
});

test('an edge has its mean and its share of what was waited for', () => {
  const edges = [{ calls: 4, duration: 200, critical_time: 30 }, { calls: 0, duration: 0, critical_time: 0 }];
  assert.deepEqual(shared({ edges, critical_time: 120 }).map(({ mean, share }) => [mean, share]),
    [[50, 25], [null, 0]]);
  assert.equal(shared({ edges, critical_time: 0 })[0].share, 0);
});

test('certain is said of what is certain alone', () => {
  assert.equal(sureness(null), '');
  assert.equal(sureness({ is_certain: true, confidence: 1 }), 'certain');
  assert.equal(sureness({ is_certain: false, confidence: 0.999 }), '99 %');
});
