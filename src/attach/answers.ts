import type { RequestListener } from 'node:http';
import { messageOf } from '../lib/errors.ts';

/** Answers one HTTP request: its status, and a body that is sent as JSON. */
export type Answer = () => Promise<{ status: number; body: object }>;

/** Answers requests by method and path, as in `GET /status`; others get 404. */
export function answering(answers: Readonly<Record<string, Answer>>): RequestListener {
  return (request, response) => {
    const key = `${request.method} ${request.url}`;
    const answer = Object.hasOwn(answers, key) ? answers[key] : undefined;
    const answered =
      answer?.().catch((error: unknown) => ({ status: 500, body: { error: messageOf(error) } })) ??
      Promise.resolve({ status: 404, body: { error: `there is no ${key}` } });
    void answered.then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body)}\n`);
    });
  };
}
