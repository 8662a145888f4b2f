// SPDX-License-Identifier: Apache-2.0
// Keeps FLIGHT requests under way for SECONDS: load.js PORT FLIGHT SECONDS PATH...
// Each carries in X-Judge what only the judge reads.
const http = require('http');
const [port, flight, seconds] = process.argv.slice(2, 5).map(Number);
const paths = process.argv.slice(5);
const agent = new http.Agent({ keepAlive: true, maxSockets: flight });
const end = Date.now() + seconds * 1000;
let [count, failed, open] = [0, 0, flight];
function next() {
  if (Date.now() >= end) {
    open -= 1;
    if (open === 0) {
      console.log(`${count} requests, ${failed} failed`);
      process.exit(failed > 0 ? 1 : 0);
    }
    return;
  }
  count += 1;
  const path = paths[Math.floor(Math.random() * paths.length)];
  const judge = count.toString(16).padStart(8, '0') + flight.toString(16).padStart(4, '0');
  const request = http.get(
    { host: '127.0.0.1', port, path, agent, headers: { 'X-Judge': judge } }, (response) => {
      if (response.statusCode !== 200) failed += 1;
      response.resume();
      response.on('end', () => setTimeout(next, Math.random() * 1.5));
    });
  request.on('error', () => { failed += 1; setTimeout(next, 10); });
}
for (let index = 0; index < flight; index += 1) next();
