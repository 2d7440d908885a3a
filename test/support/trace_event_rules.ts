/**
 * The rules of the Trace Event Format (the JSON Object Format) and of Perfetto's importer, as far as this library's traces use them:
 * complete events (`X`) and metadata (`M`). Each broken rule is a line.
 */

type Fields = Record<string, unknown>;

/** Names of metadata events, and the argument that each has. */
const METADATA: Readonly<Record<string, [name: string, type: 'string' | 'number']>> = {
  process_name: ['name', 'string'],
  thread_name: ['name', 'string'],
  thread_sort_index: ['sort_index', 'number'],
};
const UINT32_MAX = 2 ** 32 - 1;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isUint32 = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= UINT32_MAX;
/** Perfetto keeps times as whole nanoseconds, and cuts off the rest. */
const nanoseconds = (microseconds: unknown): number => Math.trunc(Number(microseconds) * 1000);

/** What is wrong with a trace, a line each. */
export function traceEventProblems(text: string): string[] {
  const trace: unknown = JSON.parse(text);
  const { traceEvents, displayTimeUnit }: Fields = isFields(trace) ? trace : {};
  if (!Array.isArray(traceEvents)) return ['there is no array traceEvents'];
  const problems =
    displayTimeUnit === undefined ? [] : ['displayTimeUnit is there, by which versions of Perfetto scale times'];
  const events: unknown[] = traceEvents;
  for (const [at, event] of events.entries()) {
    const wrong = isFields(event) ? eventProblems(event) : ['it is no object'];
    problems.push(...wrong.map((problem) => `event ${at}: ${problem}`));
  }
  return [...problems, ...nestingProblems(events.filter(isFields)), ...namelessThreads(events.filter(isFields))];
}

function eventProblems(event: Fields): string[] {
  const { ph, name, cat, pid, tid, ts, dur, args } = event;
  const problems: string[] = [];
  const must = (holds: boolean, problem: string) => void (holds || problems.push(problem));
  must(ph === 'X' || ph === 'M', `ph is ${String(ph)}, not X or M`);
  must(typeof name === 'string' && name !== '', `name is ${String(name)}, not a text`);
  must(isUint32(pid), `pid is ${String(pid)}, not a number of 32 bits`);
  must(isUint32(tid), `tid is ${String(tid)}, not a number of 32 bits`);
  must(isFields(args), 'args is no object');
  if (ph === 'M') {
    const [argument = '', type] = METADATA[String(name)] ?? [];
    must(type !== undefined && isFields(args) && typeof args[argument] === type, `${String(name)} lacks its argument`);
    return problems;
  }
  must(typeof cat === 'string', `cat is ${String(cat)}, not a text`);
  must(Number.isFinite(ts) && Number(ts) >= 0, `ts is ${String(ts)}, not a time from 0`);
  must(Number.isFinite(dur) && Number(dur) >= 0, `dur is ${String(dur)}, not a time from 0`);
  return problems;
}

/** Complete events of a thread nest: each lies in the one that is open, or begins when that has ended. Perfetto drops others. */
function nestingProblems(events: readonly Fields[]): string[] {
  const threads = new Map<string, Fields[]>();
  for (const event of events) {
    const { ph } = event;
    if (ph !== 'X') continue;
    const { pid, tid } = event;
    const thread = `${String(pid)}/${String(tid)}`;
    const own = threads.get(thread);
    if (own) own.push(event);
    else threads.set(thread, [event]);
  }
  return [...threads].flatMap(([thread, own]) => {
    const slices = own.map(({ ts, dur }) => ({ start: nanoseconds(ts), end: nanoseconds(ts) + nanoseconds(dur) }));
    const open: number[] = [];
    let overlaps = 0;
    for (const { start, end } of slices.sort((a, b) => a.start - b.start)) {
      while (open.length > 0 && Number(open.at(-1)) <= start) open.pop();
      if (open.length > 0 && end > Number(open.at(-1))) overlaps++;
      else open.push(end);
    }
    return overlaps > 0 ? [`thread ${thread}: ${overlaps} slices overlap others without lying in them`] : [];
  });
}

function namelessThreads(events: readonly Fields[]): string[] {
  const named = new Set(events.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid));
  const used = new Set(events.filter(({ ph }) => ph === 'X').map(({ tid }) => tid));
  return [...used].filter((tid) => !named.has(tid)).map((tid) => `thread ${String(tid)} has no name`);
}
