// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { bounded } from '../../web/asking/statements.js';

const span = { from: 100, to: 200 };
const range = 'time >= 100 AND time <= 200';

test('a statement without a time gets the range of the page', () => {
  const cases = [
    ['SELECT 1 FROM a', `SELECT 1 FROM a WHERE ${range}`],
    ['SELECT 1 FROM a LIMIT 5', `SELECT 1 FROM a WHERE ${range} LIMIT 5`],
    ['SELECT x FROM a WHERE b = 1 OR c = 2 GROUP BY x',
      `SELECT x FROM a WHERE (b = 1 OR c = 2) AND ${range} GROUP BY x`],
    ["SELECT x FROM a WHERE b = 'where time limit' ORDER BY x",
      `SELECT x FROM a WHERE (b = 'where time limit') AND ${range} ORDER BY x`],
    ['SELECT time(time, 10) AS t FROM a GROUP BY t',
      `SELECT time(time, 10) AS t FROM a WHERE ${range} GROUP BY t`],
    ['select x\nfrom a -- where\nwhere (b in (1, 2))',
      `select x\nfrom a -- where\nwhere ((b in (1, 2))) AND ${range}`],
    ['SELECT 1 FROM a;', `SELECT 1 FROM a WHERE ${range};`],
  ];
  for (const [sql, expected] of cases) {
    assert.equal(bounded(sql, span, []).sql, expected);
    assert.equal(bounded(sql, span, []).hasRange, true);
  }
});

test('a time of its own, and whatever is no SELECT, stays as it was written', () => {
  for (const sql of ['SELECT 1 FROM a WHERE time >= now() - 60', 'SHOW tables', '', 'SELECT',
    'SELECT 1 FROM a WHERE x = 1 AND (time > 5)', 'SELECT 1 FROM', 'SELEC 1 FROM a']) {
    assert.deepEqual(bounded(sql, span, []), { sql, hasRange: false, leavesOut: false });
  }
});

test('what MetaFlow does is left out where a server is named', () => {
  const out = (sql) => bounded(`${sql} WHERE time > 1`, span, ['metaflow', 'metaflow-engine']).sql;
  assert.match(out('SELECT 1 FROM flow_log.l7_flow_log'), /auto_service_1 NOT IN \('metaflow', /);
  assert.match(out('SELECT 1 FROM flow_metrics.application_map.1s'), / auto_service_1 NOT IN /);
  assert.match(out('SELECT 1 FROM application.1s'), / auto_service NOT IN /);
  assert.doesNotMatch(out('SELECT 1 FROM loss_ledger'), /NOT IN/);
  const asked = "SELECT 1 FROM l7_flow_log WHERE auto_service_0 = 'metaflow'";
  assert.equal(bounded(asked, span, ['metaflow']).leavesOut, false);
});
