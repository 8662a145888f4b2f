// SPDX-License-Identifier: Apache-2.0

/** What is looked at stands in the address, so that a view can be shared, kept and gone back to. */
export function address() {
  return parsed(location.hash);
}

/** The page and the parameters that a fragment names. */
export function parsed(fragment) {
  const hash = fragment.replace(/^#\/?/, '');
  const cut = hash.indexOf('?');
  return {
    path: cut < 0 ? hash : hash.slice(0, cut),
    parameters: new URLSearchParams(cut < 0 ? '' : hash.slice(cut + 1)),
  };
}

/** The fragment that the page shows already. */
let shown = '';

/** What differs between what is shown and the address; from then on the address is what is shown. */
export function catchUp() {
  const before = shown;
  shown = location.hash;
  return difference(before, shown);
}

/**
 * Changes parameters of the address in place, as what is being typed does: there is nothing to go
 * back to. null and '' remove. Nobody is told: whoever calls shows it.
 */
export function change(changes) {
  history.replaceState(history.state, '', changed(changes));
  shown = location.hash;
}

/**
 * Goes to the view with other parameters; Back returns. Nobody is told: whoever calls shows it.
 * @param {object} [state] kept with the entry of the history
 */
export function go(changes, state = history.state) {
  push(changes, state);
  shown = location.hash;
}

/** Goes there, and has the page show it. */
export function navigate(changes) {
  push(changes, history.state);
  dispatchEvent(new Event('hashchange'));
}

function push(changes, state) {
  const to = changed(changes);
  if (to !== location.hash) history.pushState(state, '', to);
}

function changed(changes) {
  const { path, parameters } = address();
  set(parameters, changes);
  return `#/${path}${tail(parameters)}`;
}

/** What a link to another page keeps. */
const kept = ['last', 'from', 'to', 'own'];

/** A link to another page that keeps the time range. */
export function link(path, parameters = {}) {
  const all = new URLSearchParams();
  for (const key of kept) set(all, { [key]: address().parameters.get(key) });
  set(all, parameters);
  return `#/${path}${tail(all)}`;
}

/**
 * What differs between two fragments: {page} when all must be drawn anew, {range} when it is the
 * time, {drawer} when it is what is open beside the page.
 */
export function difference(one, other) {
  const [a, b] = [parsed(one), parsed(other)];
  const names = [...new Set([...a.parameters.keys(), ...b.parameters.keys()])]
    .filter((name) => a.parameters.get(name) !== b.parameters.get(name));
  const isRange = (name) => ['last', 'from', 'to'].includes(name);
  return {
    page: a.path !== b.path || names.some((name) => name !== 'open' && !isRange(name)),
    range: names.some(isRange), drawer: names.includes('open'),
  };
}

function set(parameters, changes) {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') parameters.delete(key);
    else parameters.set(key, value);
  }
}

function tail(parameters) {
  const text = parameters.toString();
  return text && `?${text}`;
}
