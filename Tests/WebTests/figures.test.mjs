// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { stretches } from '../../web/asking/coverage.js';
import { byTemplate, template } from '../../web/asking/endpoints.js';
import { microseconds } from '../../web/asking/filters.js';
import { layout } from '../../web/parts/layout.js';
import { mostTelling } from '../../web/views/map.js';
import { incoming } from '../../web/views/services.js';

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

test('what comes in is counted once, where no service called', () => {
  const row = (service) => ({ service, protocol: 'HTTP', observation_point: 's-p' });
  const edge = (client, service, point, requests) => ({ ...row(service), server: service, client, requests,
    client_kind: 'Process', observation_point: point });
  const found = incoming([row('nginx'), row('stock')], [edge('curl', 'nginx', 's-p', 5),
    edge('curl', 'nginx', 'c-p', 5), edge('nginx', 'stock', 's-p', 5)]);
  assert.deepEqual(found.map(({ client, service }) => [client, service]), [['curl', 'nginx']]);
});

test('durations are read with their unit, milliseconds without', () => {
  assert.deepEqual(['250', '80us', '1.5 s', '2ms', 'x'].map(microseconds),
    [250000, 80, 1500000, 2000, 0]);
});

test('an endpoint that stands for several has the highest P95 of them', () => {
  const row = (endpoint, p95) => ({ endpoint, requests: 1, responses: 1, errors: 0, mean: 1, p95,
    longest: 9 });
  const [one] = byTemplate([row('/a/1', 5), row('/a/2', 7), row('/a/3', null)]);
  assert.equal(one.p95, 7);
});
