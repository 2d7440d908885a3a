import * as v from 'valibot';
import { summarise, withoutKeys } from './decode.ts';
import type { TracedRequest } from './request.ts';

/** Says what a file of requests is, in its first line. */
const HEADER = { format: 'virtio-crypto-trace', version: 1 } as const;
/** No trace is longer: what is opened comes from anywhere. */
const MAX_REQUESTS = 200_000;

/** A file that is no trace; the message says why. */
export class TraceFileError extends Error {
  override name = 'TraceFileError';
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Requests as JSON lines: a header, then one object a request, bytes in hexadecimal. Keys are blanked. */
export function toJsonLines(requests: readonly TracedRequest[]): string {
  const lines = requests.map((request) => {
    const { buffers, ...rest } = withoutKeys(request);
    return JSON.stringify({ ...rest, buffers: buffers.map((buffer) => ({ ...buffer, data: toHex(buffer.data) })) });
  });
  return `${[JSON.stringify(HEADER), ...lines].join('\n')}\n`;
}

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const Request = v.object({
  serial: whole,
  queue: whole,
  control: v.boolean(),
  ring: v.picklist(['split', 'packed']),
  layout: v.picklist(['legacy', 'revision1']),
  stateless: v.optional(v.boolean(), false),
  head: whole,
  descriptors: v.array(
    v.object({
      table: v.picklist(['ring', 'indirect']),
      index: whole,
      address: v.pipe(v.number(), v.minValue(0)),
      bytes: whole,
      flags: whole,
      last: whole,
    }),
  ),
  buffers: v.array(
    v.object({
      address: v.pipe(v.number(), v.minValue(0)),
      bytes: whole,
      writable: v.boolean(),
      data: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/), v.transform(fromHex)),
    }),
  ),
  usedBytes: whole,
  lastByte: v.pipe(whole, v.maxValue(255)),
  algorithm: v.exactOptional(v.string()),
  startedAt: v.number(),
  duration: v.number(),
  batch: whole,
  backend: v.optional(v.picklist(['inline', 'workers', 'host']), 'inline'),
});

/**
 * Reads what toJsonLines() wrote.
 * @throws TraceFileError that names the line
 */
export function fromJsonLines(text: string): TracedRequest[] {
  const [first = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const header = v.safeParse(v.object({ format: v.literal(HEADER.format), version: v.literal(1) }), parse(first));
  if (!header.success) {
    throw new TraceFileError('This is no trace of a virtio crypto device: open a .jsonl file that this page saved.');
  }
  if (lines.length > MAX_REQUESTS) {
    throw new TraceFileError(
      `The trace has ${lines.length} requests, ${MAX_REQUESTS} can be shown: cut the file shorter.`,
    );
  }
  return lines.map((line, index) => {
    const parsed = v.safeParse(Request, parse(line));
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw new TraceFileError(
        `Line ${index + 2} of the trace is damaged: ${v.getDotPath(issue) ?? 'line'}: ${issue.message}`,
      );
    }
    return { ...parsed.output, algorithm: parsed.output.algorithm };
  });
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
