// A driver at the level of rings, which remembers each chain: it is answered once, with the right bytes, or lost with its queue.
import { CRYPTO_ERR, CRYPTO_OK } from '../../../spec/crypto.ts';
import { powerOfTwoUpTo } from '../../../src/device/queue_registers.ts';
import {
  brokenChain,
  type Chain,
  closeChain,
  DESCRIPTORS,
  type Draft,
  dataChain,
  expectData,
  openChain,
  PLACES,
  readControl,
  ringAt,
  type Session,
  scribble,
  tableAt,
  unreachable,
  Wrong,
} from './chains.ts';
import type { Guest, GuestRing } from './guest.ts';
import type { Shape } from './operations.ts';

const CONTROL_SIZE = 64;

interface QueueState {
  enabled: boolean;
  /** Free-running: what was seen of the used ring. */
  seen: number;
  /** Whether an interrupt came since the driver last looked. */
  heard: boolean;
  /** Where the ring stood when the device was last notified; undefined: nothing is new since. */
  news: number | undefined;
  /** In the order in which they were made available. */
  chains: Chain[];
  heads: number[];
  answered: number;
}

/** All that a driver knows beside what stands in its rings: plain data. */
interface State {
  queues: QueueState[];
  sessions: Session[];
  ids: bigint[];
  places: number[];
  /** How many chains have to do with each place. */
  users: number[];
  inOrder: boolean;
}

/** What was answered on a queue, by a device, since that was made. */
interface Answers {
  answered: number;
  /** By status. */
  statuses: Map<number, number>;
  /** Chains that were lost with their queue or with their device. */
  lost: number;
}

export interface SavedDriver {
  state: State;
  rings: GuestRing[];
}

export interface DriverSetting {
  ring: 'split' | 'packed';
  dataQueues: number;
  queueSize: number;
  indirect: boolean;
  eventIdx: boolean;
  /** Sessions that may be open at once. */
  maxSessions: number;
}

export class LifeDriver {
  readonly #setting: DriverSetting;
  #guest: Guest;
  #rings: GuestRing[];
  #state: State;
  #answers: Answers[];
  #seed = 0;

  constructor(guest: Guest, setting: DriverSetting) {
    this.#setting = setting;
    this.#guest = guest;
    this.#rings = this.#makeRings();
    this.#answers = this.#noAnswers();
    this.#state = {
      queues: this.#rings.map(({ size }) => this.#freshQueue(size)),
      sessions: [],
      ids: [],
      places: Array.from({ length: PLACES }, (_, place) => place).reverse(),
      users: Array.from({ length: PLACES }, () => 0),
      inOrder: false,
    };
  }

  get control(): number {
    return this.#setting.dataQueues;
  }

  get queues(): number[] {
    return this.#rings.map((_, queue) => queue);
  }

  ring(queue: number): GuestRing {
    return this.#rings[queue] ?? unreachable();
  }

  /** What the device may write beside results. */
  get deviceAreas(): { address: number; bytes: number }[] {
    return this.#rings.flatMap((ring) => ring.deviceWrites);
  }

  /** Chains that a data queue can have at once. */
  capacity(queue: number): number {
    const { size } = this.ring(queue);
    return this.#setting.indirect ? size : Math.floor(size / DESCRIPTORS);
  }

  /** Chains that the device has, of one queue or of all. */
  pending(queue?: number): number {
    return this.#state.queues.reduce(
      (sum, { chains }, index) => sum + (queue === undefined || queue === index ? chains.length : 0),
      0,
    );
  }

  answered(queue: number): number {
    return this.#queue(queue).answered;
  }

  enabled(queue: number): boolean {
    return this.#queue(queue).enabled;
  }

  /** What was answered on a queue, and what was lost, since the device was made. */
  answers(queue: number): Answers {
    return this.#answers[queue] ?? unreachable();
  }

  /** Sessions that are open, by their number. */
  get open(): number[] {
    return this.#state.sessions.flatMap(({ state }, index) => (state === 'open' ? [index] : []));
  }

  /** Keys of sessions that are open, or may be. */
  get keysInUse(): number[] {
    return this.#state.sessions.filter(({ state }) => state !== 'gone').map(({ key }) => key);
  }

  /** Sessions that the device may have beside those that are open. */
  get unknown(): number {
    return this.#state.sessions.filter(({ state }) => state !== 'open' && state !== 'gone').length;
  }

  save(): SavedDriver {
    const rings = this.#rings.map((ring, queue) => {
      const copy = this.#guest.ring(ring.kind, ringAt(queue), ring.size);
      copy.follow(ring);
      return copy;
    });
    return { state: structuredClone(this.#state), rings };
  }

  /**
   * The machine goes back to where it was saved, in this guest or in another one.
   * @param keys whether the device's sessions came with it
   * @param device whether it is a new one
   */
  restore(guest: Guest, { state, rings }: SavedDriver, keys: boolean, device: boolean): void {
    this.#countLost();
    this.#guest = guest;
    this.#rings = this.#makeRings();
    for (const [queue, ring] of this.#rings.entries()) ring.follow(rings[queue] ?? unreachable());
    this.#state = structuredClone(state);
    if (device) this.#answers = this.#noAnswers();
    for (const queue of this.#state.queues) queue.answered = 0;
    if (keys) return;
    for (const session of this.#state.sessions) session.state = 'gone';
    for (const { chains } of this.#state.queues) for (const chain of chains) chain.lost = 'yes';
  }

  /** The device is another one, in the same machine. */
  replaced(): void {
    this.loseAll();
    this.#answers = this.#noAnswers();
    this.#state.ids = [];
  }

  /** The features are agreed on. */
  begin(inOrder: boolean): void {
    this.#state.inOrder = inOrder;
  }

  /** Clears a queue's ring, for it to be enabled. */
  enable(queue: number): void {
    const ring = this.ring(queue);
    ring.clear();
    this.#state.queues[queue] = { ...this.#freshQueue(ring.size), enabled: true };
    if (this.#setting.eventIdx) ring.askForInterrupt();
  }

  /** The queue was reset: what the device had of it is lost, and its memory is used for other things at once. */
  lose(index: number): void {
    const queue = this.#queue(index);
    const { chains } = queue;
    this.answers(index).lost += chains.length;
    this.#state.queues[index] = this.#freshQueue(this.ring(index).size);
    for (const chain of chains) {
      // The device may have made it, or closed it.
      if (chain.what === 'open' || chain.what === 'close') this.#session(chain).state = 'unknown';
      for (const place of this.#give(chain)) scribble(this.#guest, place, ++this.#seed);
    }
  }

  /** The device was reset, or is gone: with all queues, all sessions are. */
  loseAll(): void {
    for (const queue of this.queues) this.lose(queue);
    for (const session of this.#state.sessions) session.state = 'gone';
  }

  interrupted(queue: number): void {
    this.#queue(queue).heard = true;
  }

  /** Asks for a session; false: there is no room for that. */
  askForSession(kind: number, key: number): boolean {
    const session: Session = { kind, key, id: 0n, state: 'asked' };
    const number = this.#state.sessions.length;
    const added = this.#add(this.control, (place) => openChain(this.#guest, place, number, session));
    if (added) this.#state.sessions.push(session);
    return added;
  }

  /** Asks for a session to be closed: requests in it may come too late. */
  askToClose(number: number): boolean {
    const session = this.#state.sessions[number];
    if (session?.state !== 'open') return false;
    if (!this.#add(this.control, (place) => closeChain(this.#guest, place, number, session))) return false;
    session.state = 'closing';
    for (const chain of this.#state.queues.flatMap(({ chains }) => chains)) {
      if (chain.what === 'data' && chain.session === number && chain.lost === 'no') chain.lost = 'maybe';
    }
    return true;
  }

  /** Makes a request available, without a notification; false: there is no room for it. */
  submit(queue: number, session: number | undefined, bytes: number, shape: Shape): boolean {
    const entry = session === undefined ? undefined : this.#state.sessions[session];
    const before = this.#queue(queue).chains.at(-1);
    this.#seed += 2;
    const request = { session, entry, bytes, shape, before, seed: this.#seed };
    return this.#add(queue, (place) => dataChain(this.#guest, place, request));
  }

  /** Makes a chain available after which the device has to ask for a reset. */
  submitBroken(queue: number): boolean {
    return this.#add(queue, brokenChain);
  }

  /** Whether the device is to hear of what a queue has that is new, which the driver then has told it. */
  takeNews(index: number): boolean {
    const queue = this.#queue(index);
    const before = queue.news;
    queue.news = undefined;
    if (before === undefined) return false;
    return !this.#setting.eventIdx || this.ring(index).wantsNotification(before);
  }

  /** Takes what was answered, where an interrupt says so. */
  poll(): void {
    for (const queue of this.queues) {
      // The device may have used a chain before the driver asked for the next interrupt: the driver looks again after that.
      while (this.#queue(queue).heard) {
        this.#queue(queue).heard = false;
        this.#takeUsed(queue);
      }
    }
  }

  /** Queues with answers of which no interrupt has told. */
  get untold(): number[] {
    return this.queues.filter((queue) => this.#unseen(queue) > 0);
  }

  #unseen(index: number): number {
    const { seen, enabled } = this.#queue(index);
    return enabled ? (this.ring(index).usedIdx - seen) & 0xffff : 0;
  }

  #takeUsed(index: number): void {
    const ring = this.ring(index);
    const queue = this.#queue(index);
    if (!queue.enabled) return;
    while (this.#unseen(index) > 0) {
      const { id, len } = ring.usedElement(queue.seen);
      queue.seen = (queue.seen + 1) & 0xffff;
      const place = queue.chains.findIndex(({ head }) => head === id);
      const [chain] = place < 0 ? [] : queue.chains.splice(place, 1);
      if (!chain) throw new Wrong(`queue ${index}: chain ${id} is used, which the device has not (any more)`);
      if (this.#state.inOrder && place !== 0) throw new Wrong(`queue ${index}: chain ${id} is used before its turn`);
      this.#expectAnswer(index, chain, len);
      queue.heads.push(chain.head);
      this.#give(chain);
      queue.answered++;
      this.answers(index).answered++;
      if (this.#setting.eventIdx) ring.askForInterrupt();
    }
  }

  #expectAnswer(index: number, chain: Chain, written: number): void {
    try {
      const status =
        chain.what === 'data' ? expectData(this.#guest, chain, written) : this.#expectControl(chain, written);
      const { statuses } = this.answers(index);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      throw new Wrong(`queue ${index}, chain ${chain.head} (${chain.what}): ${error.message}`);
    }
  }

  #expectControl(chain: Chain, written: number): number {
    if (chain.what === 'broken') throw new Wrong('it is answered');
    const session = this.#session(chain);
    const { status, id } = readControl(this.#guest, chain, written);
    const ok = status === CRYPTO_OK;
    if (!ok && status !== CRYPTO_ERR) throw new Wrong(`status ${status}`);
    if (chain.what === 'close') {
      if (ok === (chain.lost === 'yes'))
        throw new Wrong(`status ${status}, and that its session is gone: ${chain.lost}`);
      session.state = 'gone';
      return status;
    }
    const full = this.open.length + this.unknown > this.#setting.maxSessions;
    if (!ok && !full) throw new Wrong('there is room for a session');
    if (ok && this.#state.ids.includes(id)) throw new Wrong(`session id 0x${id.toString(16)} is given out again`);
    if (ok) this.#state.ids.push(id);
    session.id = id;
    session.state = ok ? 'open' : 'gone';
    return status;
  }

  /** Adds a chain that is drafted in a place of its own. */
  #add(index: number, draft: (place: number) => Draft): boolean {
    const queue = this.#queue(index);
    if (!queue.enabled) return false;
    const place = this.#state.places.pop();
    if (place === undefined) return false;
    const head = queue.heads.pop();
    if (head === undefined) {
      this.#state.places.push(place);
      return false;
    }
    const { buffers, chain } = draft(place);
    const ring = this.ring(index);
    const added: Chain = { ...chain, head, place, places: [...chain.places, place] };
    for (const each of added.places) this.#state.users[each] = (this.#state.users[each] ?? 0) + 1;
    queue.chains.push(added);
    queue.news ??= ring.position;
    ring.describe(buffers, head, this.#setting.indirect ? tableAt(place) : undefined);
    ring.offer(head);
    return true;
  }

  /** Ends a chain. Returns the places that no other chain needs; they are free from now on. */
  #give(chain: Chain): number[] {
    const { users, places } = this.#state;
    const free = chain.places.filter((place) => {
      users[place] = (users[place] ?? 0) - 1;
      return users[place] === 0;
    });
    places.push(...free);
    return free;
  }

  #countLost(): void {
    for (const queue of this.queues) this.answers(queue).lost += this.pending(queue);
  }

  #makeRings(): GuestRing[] {
    const { ring, dataQueues, queueSize } = this.#setting;
    const size = ring === 'packed' ? queueSize : powerOfTwoUpTo(queueSize);
    return Array.from({ length: dataQueues + 1 }, (_, queue) =>
      this.#guest.ring(ring, ringAt(queue), queue === dataQueues ? CONTROL_SIZE : size),
    );
  }

  #freshQueue(size: number): QueueState {
    const { indirect } = this.#setting;
    const count = indirect ? size : Math.floor(size / DESCRIPTORS);
    const heads = Array.from({ length: count }, (_, i) => (indirect ? i : i * DESCRIPTORS)).reverse();
    return { enabled: false, seen: 0, heard: false, news: undefined, chains: [], heads, answered: 0 };
  }

  #noAnswers(): Answers[] {
    return this.#rings.map(() => ({ answered: 0, statuses: new Map(), lost: 0 }));
  }

  #session(chain: Chain): Session {
    return this.#state.sessions[chain.session ?? -1] ?? unreachable();
  }

  #queue(index: number): QueueState {
    return this.#state.queues[index] ?? unreachable();
  }
}
