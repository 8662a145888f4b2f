// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { tab } from './browser.mjs';
import { address, catchUp, change, difference, go, link } from '../../web/frame/address.js';

beforeEach(() => {
  tab.entries = [{ hash: '#/calls?last=300&open=x', state: null }];
  tab.at = 0;
  catchUp();
});

test('going is a step of the history, typing is none', () => {
  go({ status: 'error' });
  for (const text of ['a', 'ab', 'abc']) change({ resource: text });
  assert.equal(tab.entries.length, 2);
  assert.equal(address().parameters.get('resource'), 'abc');
  go({ status: 'error' });
  assert.equal(tab.entries.length, 2, 'where one is already');
});

test('what differs decides what is drawn anew', () => {
  const none = { page: false, range: false, drawer: false };
  const from = '#/calls?last=300&open=x';
  const cases = [
    [from, none], ['#/calls?last=300&open=y', { ...none, drawer: true }],
    ['#/calls?last=900&open=x', { ...none, range: true }],
    ['#/calls?from=1&to=2', { ...none, range: true, drawer: true }],
    ['#/calls?last=300&open=x&sort=time', { ...none, page: true }],
    ['#/map?last=300&open=x', { ...none, page: true }],
  ];
  for (const [to, expected] of cases) assert.deepEqual(difference(from, to), expected, to);
});

test('a link keeps the range and nothing else', () => {
  assert.equal(link('flows', { port: 80 }), '#/flows?last=300&port=80');
  assert.equal(link('calls', { from: 1, to: 2, last: null }), '#/calls?from=1&to=2');
});

test('what was gone to is what is shown', () => {
  go({ last: 900 });
  assert.deepEqual(catchUp(), { page: false, range: false, drawer: false });
  tab.at -= 1;
  assert.deepEqual(catchUp(), { page: false, range: true, drawer: false });
});
