/**
 * What Node alone takes for a request: it reads the body, parses JSON, and answers with as many bytes as /predict. With `refuse` as
 * process.argv[2] it answers 429 at once, and with `room` so does the waiting room of the service, without a place. Started by
 * services.mjs, whom it tells its address.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import process from 'node:process';
import { createWaitingRoom } from '../../dist/api/predictions/waiting-room.js';
import { SharedBudget } from '../../dist/api/bodies/shared-budget.js';

const answer = JSON.stringify({ predictions: 'x'.repeat(280) });
const refusal = JSON.stringify({ problem: 'x'.repeat(330) });

function answerIt(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (request.headers['content-type'] === 'application/json') JSON.parse(body.toString());
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      .end(answer);
  });
}

function refuse(_request, response) {
  const headers = { 'content-type': 'application/json', 'content-length': refusal.length };
  response.writeHead(429, headers).end(refusal);
}

const room = createWaitingRoom({
  maxPredictions: 0,
  bodyMemory: new SharedBudget(2 ** 30),
  corsOrigins: [],
  log: { warn: () => undefined },
  onRefused: () => undefined,
});

const listeners = { refuse, room: room.guard(answerIt) };
const server = createServer(listeners[process.argv[2]] ?? answerIt).listen(0, '127.0.0.1', () => {
  process.send(`http://127.0.0.1:${server.address().port}`);
});
process.on('disconnect', () => process.exit());
