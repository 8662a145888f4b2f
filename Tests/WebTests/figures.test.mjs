// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { stretches } from '../../web/coverage.js';
import { withoutEchoes } from '../../web/echoes.js';
import { byTemplate, template } from '../../web/endpoints.js';
import { joined } from '../../web/flows.js';
import { microseconds } from '../../web/filters.js';
import { layout } from '../../web/layout.js';
import { mostTelling } from '../../web/map.js';
import { merged } from '../../web/metrics.js';
import { bestPoint } from '../../web/points.js';
import { incoming } from '../../web/services.js';

test('a long range is the sum of its minutes and its last seconds', () => {
  const columns = [['server', 's', 'key'], ['calls', 'c', 'sum'], ['mean', 'm', 'calls'],
    ['longest', 'l', 'max']];
  const rows = merged(columns, [{ server: 'a', calls: 30, mean: 10, longest: 7 },
    { server: 'b', calls: 1, mean: null, longest: null }],
  [{ server: 'a', calls: 10, mean: 50, longest: 5 }, { server: 'c', calls: 2, mean: 1, longest: 1 },
    { server: 'b', calls: 3, mean: 4, longest: 9 }]);
  assert.deepEqual(rows, [{ server: 'a', calls: 40, mean: 20, longest: 7 },
    { server: 'b', calls: 4, mean: 4, longest: 9 }, { server: 'c', calls: 2, mean: 1, longest: 1 }]);
});

test('time that nobody watched is a gap, a quiet host is none', () => {
  const span = { from: 1000, to: 2000 };
  assert.deepEqual(stretches([], 10, span), []);
  assert.deepEqual(stretches([1500, 1510, 1560, 1800], 10, span), [[1500, 1570], [1800, 1810]]);
  assert.deepEqual(stretches([995, 1940, 1950], 10, span), [[1000, 1005], [1940, 2000]]);
});

test('endpoints of a kind are one, one alone keeps its name', () => {
  assert.equal(template('/users/17/orders'), '/users/{n}/orders');
  assert.equal(template('/o/6f1ed002-ab59-4d2a-8a3c-000000000001'), '/o/{id}');
  assert.equal(template('/api/v2/orders'), '/api/v2/orders');
  assert.equal(template('SELECT'), 'SELECT');
  const row = (endpoint, requests, errors) => ({ endpoint, requests, responses: requests, errors,
    mean: 10, longest: requests });
  const found = byTemplate([row('/stock/1', 5, 1), row('/stock/2', 7, 2), row('/cart/9', 1, 0)]);
  assert.deepEqual(found.map(({ endpoint, requests, errors, merged: of }) =>
    [endpoint, requests, errors, of]), [['/stock/{n}', 12, 3, 2], ['/cart/9', 1, 0, 1]]);
});

test('a map of any size keeps what fails, and takes the shape of a window', () => {
  const edges = [];
  for (let server = 1; server < 150; server += 1) {
    edges.push({ client: `s${Math.floor(server / 3)}`, server: `s${server}` },
      { client: `s${Math.floor(server / 5)}`, server: `s${server}` });
  }
  const { places, width, height } = layout(edges);
  assert.equal(places.size, 150);
  assert.ok(width / height > 1 && width / height < 3, `${width} by ${height}`);
  const spots = [...places.values()].map(({ x, y }) => `${x} ${y}`);
  assert.equal(new Set(spots).size, 150, 'no two stand at one place');
  const pairs = new Map([...Array(600).keys()].map((number) =>
    [`${number}`, [{ requests: 1000 - number, errors: number === 599 ? 1 : 0 }]]));
  const kept = mostTelling(pairs);
  assert.equal(kept.size, 500);
  assert.ok(kept.has('599') && kept.has('0') && !kept.has('550'));
});

test('a caller that its own record names is not told again by its host', () => {
  const row = (client, client_kind, observation_point, requests) =>
    ({ client, client_kind, observation_point, requests, server: 'stock', protocol: 'HTTP' });
  const kept = withoutEchoes([row('gateway', 'Process', 'c-p', 84), row('vm', 'Host', 's-p', 84)]);
  assert.deepEqual(kept.map(({ client }) => client), ['gateway']);
  assert.equal(withoutEchoes([row('gateway', 'Process', 'c-p', 8), row('far', 'Host', 's-p', 84)])
    .length, 2);
});

test('what comes in is counted once, where no service called', () => {
  const row = (service) => ({ service, protocol: 'HTTP', observation_point: 's-p' });
  const edge = (client, service, point, requests) => ({ ...row(service), client, requests,
    client_kind: 'Process', observation_point: point });
  const found = incoming([row('nginx'), row('stock')], [edge('curl', 'nginx', 's-p', 5),
    edge('curl', 'nginx', 'c-p', 5), edge('nginx', 'stock', 's-p', 5)]);
  assert.deepEqual(found.map(({ client, service }) => [client, service]), [['curl', 'nginx']]);
});

test('the point that speaks is the nearest that saw the better part', () => {
  const rows = [{ observation_point: 'c-p', n: 40 }, { observation_point: 's-p', n: 100 }];
  assert.equal(bestPoint(rows, (row) => row.n, 'client'), 's-p');
  assert.equal(bestPoint([{ ...rows[0], n: 60 }, rows[1]], (row) => row.n, 'client'), 'c-p');
});

test('durations are read with their unit, milliseconds without', () => {
  assert.deepEqual(['250', '80us', '1.5 s', '2ms', 'x'].map(microseconds),
    [250000, 80, 1500000, 2000, 0]);
});

test('a flow is told by its record nearest to the client, with every point that saw it', () => {
  const record = (id, point, rtt, more = {}) => ({ id, observation_point: point, rtt, ip_0: 'a',
    ip_1: 'b', client_port: 1, server_port: 2, transport: 'TCP', syn_seq: 7, close_type: 1,
    start_time: 5e6, time: 5, ...more });
  const [client, server] = [record('1', 'c', 900), record('2', 's', 40)];
  const slow = joined([client], [client, server]);
  assert.deepEqual(slow.map(({ id, points }) => [id, points]), [['1', ['c', 's']]]);
  assert.deepEqual(joined([server], [client, server]), [], 'a filter that only the server passes');
  const other = record('3', 'c', 10, { syn_seq: 9 });
  assert.deepEqual(joined([other, client], [server]).map(({ id }) => id), ['3', '1'], 'their order');
});
