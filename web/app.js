// SPDX-License-Identifier: Apache-2.0

import { agents, ledger, QueryFailure } from './api.js';
import { sqlConsole } from './console.js';
import { make } from './dom.js';
import { count } from './format.js';
import { map } from './map.js';
import { requests } from './requests.js';
import { services } from './services.js';
import { keep, ranges, refreshes, state } from './state.js';

/** Every page: load(parameters) reads, show(element, data, tools) draws. One line a page. */
const pages = { services, map, requests, sql: sqlConsole };

const element = (id) => document.getElementById(id);
let timer = 0;
let loading = 0;
let current = '';

function route() {
  const [path, search] = location.hash.replace(/^#\/?/, '').split('?');
  return { name: pages[path] ? path : 'services', parameters: new URLSearchParams(search) };
}

/** Loads the page that the address names and draws it, unless a later load overtook it. */
async function reload() {
  clearTimeout(timer);
  const { name, parameters } = route();
  const turn = ++loading;
  ledger.losses.clear();
  try {
    const data = await pages[name].load(parameters);
    if (turn !== loading) return;
    element('notice').hidden = true;
    if (!isTyping() || current !== name) {
      pages[name].show(element('page'), data, { openDrawer, reload });
    }
    element('loaded').textContent = `loaded ${new Date().toLocaleTimeString()}`;
  } catch (failure) {
    if (turn !== loading) return;
    if (!(failure instanceof QueryFailure)) throw failure;
    element('notice').textContent = failure.message;
    element('notice').hidden = false;
  }
  current = name;
  showPages(name);
  showLosses();
  await showAgents();
  if (state.refresh && !pages[name].isStill && turn === loading) {
    timer = setTimeout(reload, state.refresh * 1000);
  }
}

/** A redraw would take the text from under the user's hands. */
function isTyping() {
  const active = document.activeElement;
  return element('page').contains(active) && active.matches('input, textarea, select');
}

function showPages(name) {
  element('pages').replaceChildren(...Object.entries(pages).map(([path, page]) =>
    make('a', { href: `#/${path}`, 'aria-current': path === name ? 'page' : null }, page.title)));
}

function showLosses() {
  const total = [...ledger.losses.values()].reduce((sum, dropped) => sum + Number(dropped), 0);
  const place = element('losses');
  place.classList.toggle('some', total > 0);
  place.textContent = total ? `${count(total)} dropped in this range` : 'nothing dropped';
  place.title = [...ledger.losses].map(([what, dropped]) => `${what}: ${dropped}`).join('\n');
}

async function showAgents() {
  try {
    const known = await agents();
    const connected = known.filter((agent) => agent.connected).length;
    element('agents').textContent = `agents: ${connected} of ${known.length} connected`;
  } catch {
    element('agents').textContent = 'agents: unknown';
  }
}

/** Opens the drawer and lets `fill` put the details in. */
async function openDrawer(fill) {
  const drawer = element('drawer');
  drawer.replaceChildren(make('button.close', { onclick: closeDrawer, title: 'Close (Esc)' }, 'Close'));
  drawer.hidden = false;
  try {
    await fill(drawer);
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    drawer.append(make('pre.bad.mono', {}, failure.message));
  }
}

function closeDrawer() {
  element('drawer').hidden = true;
}

function choose(id, values, key) {
  const select = element(id);
  select.replaceChildren(...values.map(([value, title]) =>
    make('option', { value, selected: value === state[key] }, title)));
  select.addEventListener('change', () => {
    state[key] = Number(select.value);
    keep();
    reload();
  });
}

function start() {
  document.documentElement.dataset.theme = state.theme;
  choose('range', ranges, 'range');
  choose('refresh', refreshes, 'refresh');
  element('reload').addEventListener('click', reload);
  element('theme').addEventListener('click', () => {
    state.theme = state.theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = state.theme;
    keep();
    element('page').replaceChildren();
    reload();
  });
  addEventListener('hashchange', () => {
    closeDrawer();
    reload();
  });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeDrawer();
    if (event.key === 'r' && !event.target.matches('input, textarea, select')) reload();
  });
  reload();
}

start();
