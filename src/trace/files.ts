import * as v from 'valibot';
import { summarise, withoutKeys } from './decode.ts';
import type { TracedRequest } from './request.ts';
import { SavedRequest } from './saved_request.ts';

/** Says what a file of requests is, in its first line. */
const HEADER = { format: 'virtio-crypto-trace', version: 1 } as const;
/** No trace is longer: what is opened comes from anywhere. */
const MAX_REQUESTS = 200_000;

/** A file that is no trace; the message says why. */
export class TraceFileError extends Error {
  override name = 'TraceFileError';
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Requests as JSON lines: a header, then one object a request, bytes in hexadecimal. Keys are blanked. */
export function toJsonLines(requests: readonly TracedRequest[]): string {
  const lines = requests.map((request) => {
    const { buffers, ...rest } = withoutKeys(request);
    return JSON.stringify({ ...rest, buffers: buffers.map((buffer) => ({ ...buffer, data: toHex(buffer.data) })) });
  });
  return `${[JSON.stringify(HEADER), ...lines].join('\n')}\n`;
}

/**
 * Reads what toJsonLines() wrote. What it takes, the other functions of this module take too: no number is out of range, no length
 * longer than a tracer keeps, and no field says what another denies.
 * @throws TraceFileError that names the line and the field
 */
export function fromJsonLines(text: string): TracedRequest[] {
  const [first = '', ...lines] = linesOf(text, MAX_REQUESTS + 2);
  const header = v.safeParse(v.object({ format: v.literal(HEADER.format), version: v.literal(1) }), parse(first));
  if (!header.success) {
    throw new TraceFileError('This is no trace of a virtio crypto device: open a .jsonl file that this page saved.');
  }
  if (lines.length > MAX_REQUESTS) {
    throw new TraceFileError(
      `The trace has more than ${MAX_REQUESTS} requests, which is what can be shown: cut the file shorter.`,
    );
  }
  const requests: TracedRequest[] = [];
  const controls = new Map<number, boolean>();
  for (const line of lines) {
    const damaged = (field: string, message: string) =>
      new TraceFileError(`Line ${requests.length + 2} of the trace is damaged: ${field}: ${message}`);
    const parsed = v.safeParse(SavedRequest, parse(line));
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw damaged(v.getDotPath(issue) ?? 'line', issue.message);
    }
    const request = { ...parsed.output, algorithm: parsed.output.algorithm };
    if (request.serial <= (requests.at(-1)?.serial ?? 0)) throw damaged('serial', 'Expected more than the line before');
    // 5.9.2: a queue is the control queue or it is not.
    if (request.control !== (controls.get(request.queue) ?? request.control)) {
      throw damaged('control', `Expected what earlier lines say of queue ${request.queue}`);
    }
    controls.set(request.queue, request.control);
    requests.push(request);
  }
  return requests;
}

/** The lines of a text that are not blank, `max` of them at most: a file may be nothing but ends of lines. */
function linesOf(text: string, max: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length && lines.length < max; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    if (line.trim() !== '') lines.push(line);
    at += line.length + 1;
  }
  return lines;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Requests in the Trace Event Format that Chrome's and Perfetto's viewers open: a slice a request, a track a queue. */
export function toChromeTrace(requests: readonly TracedRequest[]): string {
  const queues = new Map(requests.map((request) => [request.queue, request.control]));
  const origin = requests[0]?.startedAt ?? 0;
  const tracks = [...queues].map(([queue, control]) => ({
    ph: 'M',
    name: 'thread_name',
    pid: 1,
    tid: queue,
    args: { name: control ? 'controlq' : `dataq${queue + 1}` },
  }));
  // The requests of one notification share its time: side by side, so that no slice overlaps the next.
  const places = new Map<string, number>();
  const slices = requests.map((request) => {
    const { operation, algorithm, bytes, session, status } = summarise(request);
    const notification = `${request.queue} ${request.startedAt}`;
    const place = places.get(notification) ?? 0;
    places.set(notification, place + 1);
    const share = (request.duration * 1000) / request.batch;
    return {
      ph: 'X',
      name: [operation, algorithm].filter(Boolean).join(' '),
      cat: request.control ? 'control' : 'data',
      pid: 1,
      tid: request.queue,
      ts: (request.startedAt - origin) * 1000 + place * share,
      dur: share,
      args: { serial: request.serial, bytes, session, status, batch: request.batch, usedBytes: request.usedBytes },
    };
  });
  const name = { ph: 'M', name: 'process_name', pid: 1, args: { name: 'virtio-crypto' } };
  return JSON.stringify({ traceEvents: [name, ...tracks, ...slices], displayTimeUnit: 'ms' });
}
