// SPDX-License-Identifier: Apache-2.0
// A service in Node.js: service.js MODE PORT BACKEND, MODE plain, limited (few connections to the
// backend) or timers (waits before each call).
const http = require('http');
const [mode, port, backend] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: mode === 'limited' ? 8 : 256 });
function once(path, judge) {
  return new Promise((resolve, reject) => {
    http.get(
      { host: '127.0.0.1', port: Number(backend), path, agent, headers: { 'X-Judge': judge } },
      (response) => {
        let body = '';
        response.on('data', (data) => { body += data; });
        response.on('end', () => resolve(body));
      }).on('error', reject);
  });
}
async function call(path, judge) {
  if (mode === 'timers') await new Promise((go) => setTimeout(go, 1 + Math.random() * 5));
  return once(path, judge);
}
const plans = {
  '/two': async (id) => [await call('/k0', id), await call('/k1', id)],
  '/maybe': async (id) => [
    await call('/k0', id), Math.random() < 0.5 ? await call('/k2', id) : ''],
  '/fan': async (id) => [
    await Promise.all([call('/k0', id), call('/k1', id), call('/k2', id)]), await call('/k3', id)],
  '/loop': async (id) => {
    const all = [];
    for (let left = 1 + Math.floor(Math.random() * 3); left > 0; left -= 1) {
      all.push(await call('/k4', id));
    }
    return all;
  },
  '/none': async () => [],
};
const server = http.createServer(async (request, response) => {
  try {
    const all = await plans[request.url](request.headers['x-judge']);
    response.end(all.flat().join(' '));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
server.keepAliveTimeout = 600000;
server.listen(Number(port), '127.0.0.1', 1024);
