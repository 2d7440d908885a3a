import * as v from 'valibot';
import { withoutKeys } from './decode.ts';
import type { TracedRequest } from './request.ts';
import { SavedRequest } from './saved_request.ts';

/** The first line of a file of requests: its format and version. */
const HEADER = { format: 'virtio-crypto-trace', version: 1 } as const;
/** The largest number of requests in a trace. It is limited, because a file may come from anywhere. */
const MAX_REQUESTS = 200_000;

/** A file that is not a valid trace. The message says why. */
export class TraceFileError extends Error {
  override name = 'TraceFileError';
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Writes requests as JSON lines: a header, then one object for each request. Bytes are in hexadecimal, and key bytes are 0. */
export function toJsonLines(requests: readonly TracedRequest[]): string {
  const lines = requests.map((request) => {
    const { buffers, ...rest } = withoutKeys(request);
    return JSON.stringify({ ...rest, buffers: buffers.map((buffer) => ({ ...buffer, data: toHex(buffer.data) })) });
  });
  return `${[JSON.stringify(HEADER), ...lines].join('\n')}\n`;
}

/**
 * Reads a text that toJsonLines() wrote. All other functions of this module can use the result: every number is in range, no length is
 * longer than a tracer keeps, and no field contradicts another field.
 * @throws TraceFileError that names the line and the field, or says that there are more than 200,000 requests
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
    // 5.9.2: a queue is either a data queue or the control queue in all lines.
    if (request.control !== (controls.get(request.queue) ?? request.control)) {
      throw damaged('control', `Expected what earlier lines say of queue ${request.queue}`);
    }
    controls.set(request.queue, request.control);
    requests.push(request);
  }
  return requests;
}

/** The first lines of a text that are not blank, at most `max`. They are limited while they are read, because the text may be long. */
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
