// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import './browser.mjs';
import { sheets } from '../../web/sheets/list.js';
import { views } from '../../web/views/list.js';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../web');
const modules = readdirSync(web, { recursive: true }).filter((name) => name.endsWith('.js'));

/** The modules that a module imports, by their paths. */
function importsOf(name) {
  const text = readFileSync(join(web, name), 'utf8');
  return [...text.matchAll(/from '(\.[^']+)'/g)]
    .map(([, path]) => relative(web, resolve(web, dirname(name), path)));
}

test('every view has a path, a title and what draws it; so has every sheet', () => {
  assert.equal(new Set(views.map(({ path }) => path)).size, views.length);
  for (const view of views) {
    assert.match(view.path, /^[a-z]+$/);
    assert.ok(view.title);
    assert.equal(typeof view.load, 'function');
    assert.equal(typeof view.mount, 'function');
  }
  for (const draw of Object.values(sheets)) assert.equal(typeof draw, 'function');
});

test('every view and every sheet stands in its list', () => {
  for (const folder of ['views', 'sheets']) {
    const listed = new Set(importsOf(`${folder}/list.js`));
    const parts = ['list.js', 'nowhere.js', 'hops.js', 'meanwhile.js'].map((name) =>
      join(folder, name));
    const others = modules.filter((name) => dirname(name) === folder && !listed.has(name)
      && !parts.includes(name));
    assert.deepEqual(others, []);
  }
});

test('no module asks for one that is not there, and none is asked for by nobody', () => {
  const asked = new Set(['app.js']);
  for (const name of modules) {
    for (const other of importsOf(name)) {
      assert.ok(modules.includes(other), `${name} imports ${other}`);
      asked.add(other);
    }
  }
  assert.deepEqual(modules.filter((name) => !asked.has(name)), []);
});

test('what asks the server, and what is part of a page, knows no page', () => {
  for (const name of modules.filter((one) => /^(asking|parts)\//.test(one))) {
    for (const other of importsOf(name)) {
      assert.doesNotMatch(other, /^(views|sheets)\//, `${name} imports ${other}`);
    }
  }
});
