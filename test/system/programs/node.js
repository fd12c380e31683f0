// SPDX-License-Identifier: LGPL-2.1-or-later
// Node: files, child processes, worker threads, a forked child of its own, a socket with a name.
const fs = require('fs');
const cp = require('child_process');
const os = require('os');
const net = require('net');
const { Worker } = require('worker_threads');

function files() {
  fs.mkdirSync('a/b', { recursive: true });
  fs.writeFileSync('a/b/f', 'x'.repeat(1e5));
  fs.symlinkSync('b', 'a/l');
  fs.copyFileSync('a/l/f', 'g');
  fs.renameSync('g', 'h');
  fs.chmodSync('h', 0o640);
  console.log(fs.statSync('h').size, (fs.lstatSync('a/l').mode >> 12).toString(8));
  console.log(fs.readlinkSync('a/l'), fs.realpathSync('a/l').split('/').slice(-2));
  try {
    fs.openSync('none');
  } catch (e) {
    console.log(e.code, e.syscall);
  }
  console.log(fs.readdirSync('.', { withFileTypes: true }).map(d => d.name + d.isDirectory()).sort());
}

function children() {
  console.log(cp.execSync('echo sync; pwd -P | wc -l').toString());
  console.log(cp.spawnSync('sh', ['-c', 'exit 3']).status, cp.spawnSync('none').error.code);
  console.log(Object.keys(os.networkInterfaces()).length > 0, os.userInfo().uid === process.getuid());
  console.log(process.execPath === fs.realpathSync('/proc/self/exe'));
}

function worker(i) {
  const code = `const { parentPort: p } = require('worker_threads');
    p.postMessage(require('fs').readFileSync('p${i}') + require('child_process').execSync('echo w${i}'))`;
  return new Promise(done => new Worker(code, { eval: true }).on('message', done));
}

async function main() {
  const twenty = [...Array(20).keys()];
  files();
  children();
  await Promise.all(twenty.map(i => fs.promises.writeFile('p' + i, '' + i)));
  console.log((await fs.promises.readdir('.')).length);
  console.log(await new Promise(done => cp.exec('kill -9 $$', e => done(e.signal))));
  console.log(await Promise.all(twenty.slice(0, 4).map(worker)));
  const child = cp.fork('c.js');
  child.on('message', m => {
    console.log(m);
    child.disconnect();
  });
  child.send('ping');
  await new Promise(done => child.on('exit', done));
  const server = net.createServer(c => c.end('unix')).listen('./s', () => {
    net.connect('./s').on('data', d => {
      console.log('' + d);
      server.close(() => console.log(fs.existsSync('s')));
    });
  });
}

main();
