// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { dropped, summary } from '../../web/frame/foot.js';

const row = (stage, reason, lost) => ({ stage, reason, lost });

test('bytes are not added to records, nor what never was a call', () => {
  const all = dropped([row('bytes', 'stream_gap', 2_231_189), row('ring', 'ring_full', 40),
    row('conversations', 'stream_gap', 2), row('conversations', 'unknown_protocol', 900),
    row('frames', 'not_ip', 5)]);
  assert.deepEqual(all, { lost: 42, strange: 905, unread: 2_231_189 });
  assert.equal(summary(all), '42 dropped in this range, 2.23 MB of streams not seen, '
    + '905 that were no calls or flows');
  assert.equal(summary(dropped([])), 'nothing dropped in this range');
});
