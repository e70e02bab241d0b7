/** The client's own way to HTTP, over real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { SignalledRequest } from '#platform/fly/call.ts';
import { makeTransport } from '#platform/fly/transport.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});
function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const made = createServer(answer);
  server = made;
  return new Promise((resolve) => {
    made.listen(0, '127.0.0.1', () => {
      const address = made.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });
}
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
};

test('method, path, headers and body arrive; status, headers and text come back', async () => {
  const url = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      response.writeHead(201, { 'fly-request-id': 'r-1' });
      response.end(JSON.stringify({ seen: [request.method, request.url, request.headers.authorization, body] }));
    });
  });
  const sent = new SignalledRequest(`${url}/v1/apps?wait=true`, {
    method: 'POST',
    headers: { Authorization: 'Bearer t' },
    body: '{"näme":1}',
  });
  const response = await makeTransport()(sent);
  expect([response.status, response.ok, response.headers.get('fly-request-id')]).toEqual([201, true, 'r-1']);
  expect(JSON.parse(await response.text())).toEqual({ seen: ['POST', '/v1/apps?wait=true', 'Bearer t', '{"näme":1}'] });
});

test('connections are kept: ten requests one after another use one', async () => {
  const sockets = new Set<unknown>();
  const url = await serve((request, response) => {
    sockets.add(request.socket);
    response.end('ok');
  });
  const send = makeTransport();
  for (let at = 0; at < 10; at++) await send(new SignalledRequest(url));
  expect(sockets.size).toBe(1);
});

test('an answer cut off in the middle is a failure, never a shorter answer', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setImmediate(() => response.destroy());
  });
  await expect(makeTransport()(new SignalledRequest(url))).rejects.toThrow();
});

test('a request ends with its signal, on the wire too', async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const url = await serve((request) => {
    request.socket.once('close', closed.resolve);
    arrived.resolve();
  });
  const stop = new AbortController();
  const answer = makeTransport()(new SignalledRequest(url, { signal: stop.signal }));
  answer.catch(() => undefined);
  await arrived.promise;
  stop.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
  await closed.promise;
});

test('a redirect is not followed: the token stays with the address it was given for', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' });
    response.end();
  });
  expect((await makeTransport()(new SignalledRequest(url))).status).toBe(302);
  expect(asked).toBe(1);
});

test('nobody listens: said by its code', async () => {
  await expect(makeTransport()(new SignalledRequest('http://127.0.0.1:1/'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('the signal of a request is the one it was given', () => {
  const stop = new AbortController();
  expect(new SignalledRequest('http://sim.test/', { signal: stop.signal }).signal).toBe(stop.signal);
});
