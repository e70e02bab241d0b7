/** One comment on a pull request, against a GitHub that remembers. */
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { makeGitHub } from '#platform/github.ts';

interface Comment {
  readonly id: number;
  body: string;
}
const MARKER = '<!-- trimtab plan -->';
const signal = new AbortController().signal;
function aGitHub(already: readonly string[] = []) {
  const comments: Comment[] = already.map((body, at) => ({ id: at + 1, body }));
  const asked: string[] = [];
  let broken = 0;
  const app = new Hono();
  app.use('*', async (c, next) => {
    asked.push(`${c.req.method} ${c.req.path}`);
    if (c.req.header('authorization') !== 'Bearer a-token') return c.json({ message: 'Bad credentials' }, 401);
    if (broken-- > 0) return c.text('unicorn', 502);
    return next();
  });
  app.get('/repos/acme/infra/issues/7/comments', (c) => {
    const page = Number(c.req.query('page'));
    return c.json(comments.slice((page - 1) * 100, page * 100));
  });
  app.post('/repos/acme/infra/issues/7/comments', async (c) => {
    const { body } = await c.req.json();
    comments.push({ id: comments.length + 1, body });
    return c.json({ id: comments.length }, 201);
  });
  app.patch('/repos/acme/infra/issues/comments/:id', async (c) => {
    const { body } = await c.req.json();
    const found = comments.find(({ id }) => id === Number(c.req.param('id')));
    if (found !== undefined) found.body = body;
    return c.json({});
  });
  app.delete('/repos/acme/infra/issues/comments/:id', (c) => {
    const at = comments.findIndex(({ id }) => id === Number(c.req.param('id')));
    comments.splice(at, 1);
    return c.body(null, 204);
  });
  app.notFound((c) => c.json({ message: 'Not Found' }, 404));
  const fetchIt = async (request: Request): Promise<Response> => app.fetch(request);
  const github = (token = 'a-token') =>
    makeGitHub({ apiUrl: 'http://github.test', repository: 'acme/infra', token, userAgent: 'test', fetch: fetchIt });
  return {
    comments,
    asked,
    github,
    fetchIt,
    breakNext: (times: number) => {
      broken = times;
    },
  };
}

test('the comment is made, kept up to date, left alone when it says so already, and taken away', async () => {
  const { comments, github } = aGitHub(['looks good', 'please rebase']);
  const say = (text: string | null) => github().comment(7, MARKER, text, signal);
  expect(await say(null)).toEqual({ ok: true, value: 'absent' });
  expect(await say('first')).toEqual({ ok: true, value: 'made' });
  expect(await say('second')).toEqual({ ok: true, value: 'changed' });
  expect(await say('second')).toEqual({ ok: true, value: 'unchanged' });
  expect(comments.map(({ body }) => body)).toEqual(['looks good', 'please rebase', `${MARKER}\nsecond`]);
  expect(await say(null)).toEqual({ ok: true, value: 'removed' });
  expect(comments).toHaveLength(2);
});
test('ours is found behind hundreds of others', async () => {
  const { comments, github } = aGitHub([...Array.from({ length: 230 }, (_, at) => `comment ${at}`), `${MARKER}\nold`]);
  expect(await github().comment(7, MARKER, 'new', signal)).toEqual({ ok: true, value: 'changed' });
  expect(comments).toHaveLength(231);
});
test('a passing fault is tried again; a refusal is not, and says what GitHub said', async () => {
  const scene = aGitHub();
  scene.breakNext(2);
  expect(await scene.github().comment(7, MARKER, 'text', signal)).toEqual({ ok: true, value: 'made' });
  const before = scene.asked.length;
  expect(await scene.github('wrong').comment(7, MARKER, 'text', signal)).toMatchObject({
    ok: false,
    error: { code: 'GITHUB_REFUSED', message: expect.stringContaining('Bad credentials') },
  });
  expect(scene.asked.length).toBe(before + 1);
  expect(await scene.github().comment(8, MARKER, 'text', signal)).toMatchObject({ ok: false, error: { code: 'GITHUB_REFUSED' } });
});
test('a comment that may have been made is not made a second time', async () => {
  const scene = aGitHub();
  const lossy = makeGitHub({
    apiUrl: 'http://github.test',
    repository: 'acme/infra',
    token: 'a-token',
    userAgent: 'test',
    fetch: async (request) => {
      const answer = await scene.fetchIt(request);
      if (request.method === 'POST') throw new TypeError('socket closed');
      return answer;
    },
  });
  expect(await lossy.comment(7, MARKER, 'text', signal)).toMatchObject({ ok: false, error: { code: 'GITHUB_UNAVAILABLE' } });
  expect(scene.comments).toHaveLength(1);
  expect(await scene.github().comment(7, MARKER, 'text', signal)).toEqual({ ok: true, value: 'unchanged' });
});
test('a plan longer than GitHub takes is cut, and says so', async () => {
  const { comments, github } = aGitHub();
  await github().comment(7, MARKER, 'x'.repeat(100_000), signal);
  expect(comments[0]?.body.length).toBeLessThan(65_536);
  expect(comments[0]?.body).toContain('cut');
});
