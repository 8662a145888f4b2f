// SPDX-License-Identifier: Apache-2.0

/** What is looked at stands in the address, so that a view can be shared, kept and gone back to. */
export function address() {
  const hash = location.hash.replace(/^#\/?/, '');
  const cut = hash.indexOf('?');
  return {
    path: cut < 0 ? hash : hash.slice(0, cut),
    parameters: new URLSearchParams(cut < 0 ? '' : hash.slice(cut + 1)),
  };
}

/** Changes parameters of the address in place; null and '' remove. Nobody is told. */
export function change(changes) {
  const { path, parameters } = address();
  set(parameters, changes);
  history.replaceState(null, '', `#/${path}${tail(parameters)}`);
}

/** A link to another page that keeps the time range. */
export function link(path, parameters = {}) {
  const kept = new URLSearchParams();
  for (const key of ['last', 'from', 'to', 'own']) {
    set(kept, { [key]: address().parameters.get(key) });
  }
  set(kept, parameters);
  return `#/${path}${tail(kept)}`;
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
