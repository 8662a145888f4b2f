// SPDX-License-Identifier: Apache-2.0
// Answers whatever is asked after a random time, MEAN milliseconds in the mean: backend.js PORT MEAN
const http = require('http');
const [port, mean] = process.argv.slice(2).map(Number);
const server = http.createServer((request, response) => {
  setTimeout(() => response.end('ok'), Math.min(-Math.log(1 - Math.random()) * mean, mean * 8));
});
server.keepAliveTimeout = 600000;
server.listen(port, '127.0.0.1', 1024);
