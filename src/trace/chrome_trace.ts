// Requests in the Trace Event Format, which Perfetto and chrome://tracing open.
import { summarise } from './decode.ts';
import type { TracedRequest } from './request.ts';

/** The one process of the trace. A thread with the number of its process is its main thread for a viewer, so tracks begin after it. */
const PROCESS = 1;
/**
 * Times are multiples of an eighth of a microsecond. Such a number is exact as a float, also when a viewer makes nanoseconds of it: no
 * slice ends after the next one begins. The clock's own steps are wider: a float has a quarter of a microsecond left of the time since 1970.
 */
const STEPS_PER_MICROSECOND = 8;

/** The queue of a request (5.9.2; virtio 1.4, 2.13). */
export function queueName({ queue, control, admin }: Pick<TracedRequest, 'queue' | 'control' | 'admin'>): string {
  if (admin) return 'adminq';
  return control ? 'controlq' : `dataq${queue + 1}`;
}

/** A request with its time, in microseconds from the first request on. */
interface Slice {
  request: TracedRequest;
  start: number;
  end: number;
}

/** A row of slices in the viewer. */
interface Track {
  queue: number;
  name: string;
  thread: number;
}

/**
 * Writes requests in the Trace Event Format of Chrome's and Perfetto's viewers. A request is a slice (a complete event, `X`), with times in
 * microseconds. Each queue has a track. Slices of one track may not overlap, so that requests which are under way at the same time, in
 * workers, are on further tracks of their queue. There is no displayTimeUnit: versions of Perfetto scale the times by it.
 */
export function toChromeTrace(requests: readonly TracedRequest[]): string {
  const slices = slicesOf(requests);
  const tracks = tracksOf(slices);
  const metadata = (name: string, tid: number, args: Record<string, string | number>) => ({
    ...{ ph: 'M', name, pid: PROCESS, tid, ts: 0, args },
  });
  const rows = [...new Set(tracks)].sort((a, b) => a.queue - b.queue || a.thread - b.thread);
  const names = rows.flatMap(({ name, thread }, index) => [
    metadata('thread_name', thread, { name }),
    metadata('thread_sort_index', thread, { sort_index: index }),
  ]);
  const events = slices.map(({ request, start, end }, index) => {
    const { operation, algorithm, bytes, session, status } = summarise(request);
    return {
      ph: 'X',
      name: [operation, algorithm].filter(Boolean).join(' '),
      cat: request.control ? 'control' : 'data',
      pid: PROCESS,
      tid: tracks[index]?.thread,
      ts: start,
      dur: end - start,
      args: { serial: request.serial, bytes, session, status, batch: request.batch, usedBytes: request.usedBytes },
    };
  });
  const first = metadata('process_name', PROCESS, { name: 'virtio-crypto' });
  return JSON.stringify({ traceEvents: [first, ...names, ...events] });
}

/** The slices of requests, by their beginnings. Requests of one notification divide its time among them, one after another. */
function slicesOf(requests: readonly TracedRequest[]): Slice[] {
  // Requests of workers are completed in another order than they were taken in.
  const sorted = [...requests].sort((a, b) => a.startedAt - b.startedAt || a.serial - b.serial);
  const origin = sorted[0]?.startedAt ?? 0;
  const places = new Map<string, number>();
  const slices = sorted.map((request) => {
    const notification = `${request.queue} ${request.startedAt}`;
    const place = places.get(notification) ?? 0;
    places.set(notification, place + 1);
    const at = (shares: number) =>
      inSteps((request.startedAt - origin + (request.duration * shares) / request.batch) * 1000);
    return { request, start: at(place), end: at(place + 1) };
  });
  return slices.sort((a, b) => a.start - b.start);
}

const inSteps = (microseconds: number): number =>
  Math.round(microseconds * STEPS_PER_MICROSECOND) / STEPS_PER_MICROSECOND;

/** The track of each slice: one of its queue that is free when it begins, or a new one. Slices come by their beginnings. */
function tracksOf(slices: readonly Slice[]): Track[] {
  const placed = new Map<Slice, Track>();
  const free = new Map<number, Track[]>();
  const counts = new Map<number, number>();
  let threads = PROCESS;
  const make = (request: TracedRequest): Track => {
    const { queue } = request;
    const count = (counts.get(queue) ?? 0) + 1;
    counts.set(queue, count);
    const name = queueName(request);
    return { queue, name: count === 1 ? name : `${name}, beside (${count})`, thread: ++threads };
  };
  const release = (track: Track | undefined) => {
    if (!track) return;
    const own = free.get(track.queue);
    if (own) own.push(track);
    else free.set(track.queue, [track]);
  };
  const ending = slices.filter(({ start, end }) => end > start).sort((a, b) => a.end - b.end);
  let ended = 0;
  return slices.map((slice) => {
    for (let next = ending[ended]; next && next.end <= slice.start; next = ending[++ended]) release(placed.get(next));
    const track = free.get(slice.request.queue)?.pop() ?? make(slice.request);
    // A slice without a length is over at once.
    if (slice.end > slice.start) placed.set(slice, track);
    else release(track);
    return track;
  });
}
