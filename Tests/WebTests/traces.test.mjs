// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { arranged, openPlaces, sureness } from '../../web/asking/traces.js';

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

test('certain is said of what is certain alone', () => {
  assert.equal(sureness(null), '');
  assert.equal(sureness({ is_certain: true, confidence: 1 }), 'certain');
  assert.equal(sureness({ is_certain: false, confidence: 0.999 }), '99 %');
});
