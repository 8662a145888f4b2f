// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { query, QueryFailure } from '../../web/asking/api.js';
import { figures } from '../../web/asking/metrics.js';

/** Answers of the server, one after the other; the last one for ever. */
function answering(...answers) {
  let asked = 0;
  globalThis.fetch = async () => {
    const { status = 200, body } = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (status === 0) throw new TypeError('Failed to fetch');
    return { ok: status < 300, status, text: async () => body };
  };
  return () => asked;
}

const rows = '{"result": {"columns": ["id"], "values": [[7689984213423620096]]}}';
const busy = { status: 503, body: '{"OPT_STATUS": "TOO_MANY_QUERIES", "DESCRIPTION": "16 run"}' };

test('a server that is busy is asked again', async () => {
  const asked = answering(busy, busy, { body: rows });
  assert.equal((await query('SELECT 1')).length, 1);
  assert.equal(asked(), 3);
});

test('every way of not answering is told in a sentence', async () => {
  const cases = [
    [{ status: 0 }, /does not answer/], [{ status: 502, body: '' }, /status 502 and no JSON/],
    [{ status: 400, body: '{"DESCRIPTION": "line 1, column 2"}' }, /line 1, column 2/],
  ];
  for (const [answer, text] of cases) {
    answering(answer);
    await assert.rejects(query('SELECT 1'), (failure) =>
      failure instanceof QueryFailure && text.test(failure.message));
  }
});

test('the server is told what a mean is weighed by, and who may speak for a thing', async () => {
  let asked = null;
  globalThis.fetch = async (path, request) => {
    asked = { path, ...JSON.parse(request.body) };
    return { ok: true, status: 200, text: async () => JSON.stringify({ percentiles_from: 7,
      result: { columns: ['service', 'p95'], values: [['nginx', 12]] } }) };
  };
  const speaker = { end: 'server', weight: 'calls', of: ['service'] };
  const rows = await figures({ from: 1, to: 2, step: 9 }, 'application_map',
    [['service', 'auto_service_1', 'key'], ['calls', 'Sum(request)', 'sum'],
      ['mean', 'Avg(rrt)', 'calls']], 'auto_service_1', { limit: 5, speaker, percentiles: [95] });
  assert.deepEqual([...rows], [{ service: 'nginx', p95: 12 }]);
  assert.equal(rows.percentilesFrom, 7);
  assert.deepEqual(asked, { path: '/v1/figures', table: 'application_map', by: 'auto_service_1',
    from: 1, to: 2, limit: 5, speaker, percentiles: [95], columns: [
      { name: 'service', sql: 'auto_service_1' }, { name: 'calls', sql: 'Sum(request)' },
      { name: 'mean', sql: 'Avg(rrt)', weight: 'calls' }] });
});
