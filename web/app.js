// SPDX-License-Identifier: Apache-2.0

import { address, catchUp, change, link } from './frame/address.js';
import { QueryFailure } from './asking/api.js';
import { make } from './parts/dom.js';
import { closeDrawer, refreshDrawer, startDrawer, syncDrawer } from './frame/drawer.js';
import { refreshFoot, startFoot } from './frame/foot.js';
import { clock } from './parts/format.js';
import { keep, refreshes, state } from './frame/state.js';
import { sheets } from './sheets/list.js';
import { views } from './views/list.js';
import { nowhere } from './views/nowhere.js';
import { isLive, rangeControl, timeWindow } from './frame/time.js';

const pages = Object.fromEntries(views.map((view) => [view.path, view]));

/** What pages were called once; links to them are kept somewhere. */
const renamed = new Map([['requests', 'calls']]);

const element = (id) => document.getElementById(id);
let timer = 0;
let turn = 0;
let update = null;
/** When what the page shows was loaded; 0 while it shows nothing. */
let shownAt = 0;

function currentName() {
  const { path } = address();
  return Object.hasOwn(pages, path) ? path : 'nowhere';
}

function currentPage() {
  return pages[currentName()] ?? nowhere;
}

function mount() {
  const page = currentPage();
  const { parameters } = address();
  shownAt = 0;
  element('page').classList.remove('stale');
  update = page.mount(element('page'), { parameters, reload });
  document.title = `${page.title} – MetaFlow`;
  element('title').textContent = page.title;
  showPages();
}

/** Shows what the address says now; only what differs from before is drawn anew. */
function follow() {
  const { path, parameters } = address();
  if (renamed.has(path)) {
    history.replaceState(history.state, '', `#/${renamed.get(path)}?${parameters}`);
  }
  const changed = catchUp();
  if (changed.page || !update) return remount();
  if (changed.drawer) syncDrawer();
  return changed.range ? dispatchEvent(new Event('rangechange')) : undefined;
}

/** Loads what the address names and shows it, unless a later load overtook it. */
async function reload() {
  clearTimeout(timer);
  const mine = ++turn;
  const page = currentPage();
  const began = performance.now();
  let isLoaded = false;
  try {
    const data = await page.load(address().parameters);
    if (mine !== turn) return;
    update(data);
    tell('');
    shownAt = Date.now();
    isLoaded = true;
  } catch (failure) {
    if (mine !== turn) return;
    if (!(failure instanceof QueryFailure)) throw failure;
    tell(shownAt ? `${failure.message} What is shown is of ${clock(shownAt, 's')}.`
      : failure.message);
    for (const place of element('page').querySelectorAll('.empty.loading')) {
      place.textContent = 'Unknown: the server did not answer.';
    }
  }
  element('page').classList.toggle('stale', !isLoaded && Boolean(shownAt));
  showPages();
  await Promise.all([refreshDrawer(), refreshFoot(isLoaded)]);
  if (mine === turn && state.refresh && isLive() && !page.isStill) {
    const seconds = refreshInterval((performance.now() - began) / 1000);
    tellInterval(seconds);
    timer = setTimeout(reloadWhenSeen, seconds * 1000);
  } else if (mine === turn) tellInterval(0);
}

/**
 * A long range changes slowly; and what took the store long is not asked for so often that it
 * would be busy with it for more than a tenth of its time.
 * @param {number} spent seconds that the last load took
 */
function refreshInterval(spent) {
  return Math.max(state.refresh, timeWindow().seconds / 1800, spent * 10);
}

/** Says so when the page follows more slowly than was chosen. */
function tellInterval(seconds) {
  element('interval').textContent = seconds > state.refresh * 1.5
    ? `again in ${Math.round(seconds)} s` : '';
}

/** Nobody looks at a hidden tab, so it asks for nothing. */
function reloadWhenSeen() {
  if (!document.hidden) reload();
  else document.addEventListener('visibilitychange', reloadWhenSeen, { once: true });
}

function tell(message) {
  if (element('notice').textContent !== message) element('notice').textContent = message;
  element('notice').hidden = !message;
}

function showPages() {
  const links = element('pages');
  if (!links.children.length) {
    links.append(...Object.values(pages).map((page) => make('a', {}, page.title)));
  }
  Object.keys(pages).forEach((path, index) => {
    links.children[index].href = link(path);
    if (path === currentName()) links.children[index].setAttribute('aria-current', 'page');
    else links.children[index].removeAttribute('aria-current');
  });
}

function showTheme() {
  document.documentElement.dataset.theme = state.theme;
}

function remount() {
  mount();
  syncDrawer();
  return reload();
}

/** The drawer stands between head and foot, so that range and losses stay in reach. */
function leaveRoomForDrawer() {
  const ends = { head: document.querySelector('header'), foot: document.querySelector('footer') };
  const measured = new ResizeObserver(() => Object.entries(ends).forEach(([name, end]) =>
    document.documentElement.style.setProperty(`--${name}`, `${end.offsetHeight}px`)));
  Object.values(ends).forEach((end) => measured.observe(end));
}

/** Closes the lists of choices that are open, but for the one that `target` is in. */
function closeChoices(target) {
  const open = [...document.querySelectorAll('details.columns[open]')]
    .filter((details) => !details.contains(target));
  open.forEach((details) => details.removeAttribute('open'));
  return open.length;
}

const keys = {
  r: () => reload(),
  '/': () => element('page').querySelector('[data-first]')?.focus(),
};

function start() {
  showTheme();
  leaveRoomForDrawer();
  startDrawer(element('drawer'), sheets);
  if (!address().path) history.replaceState(null, '', link('services'));
  if (isLive() && !address().parameters.get('last')) change({ last: state.last });
  rangeControl(element('range'));
  element('refresh').append(...refreshes.map(([value, title]) =>
    make('option', { value, selected: value === state.refresh }, title)));
  element('refresh').addEventListener('change', (event) => {
    state.refresh = Number(event.target.value);
    keep();
    reload();
  });
  element('reload').addEventListener('click', reload);
  element('skip').addEventListener('click', () => element('page').focus());
  startFoot();
  element('theme').addEventListener('click', () => {
    state.theme = state.theme === 'dark' ? 'light' : 'dark';
    keep();
    showTheme();
    remount();
  });
  addEventListener('rangechange', reload);
  addEventListener('hashchange', follow);
  addEventListener('click', (event) => closeChoices(event.target));
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !closeChoices()) closeDrawer();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches('input, textarea, select') || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  follow();
}

start();
