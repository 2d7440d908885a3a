/** Workers, as far as a life has to do with them. */
export interface Workers {
  starting: 'well' | 'with an error' | 'never';
  /** Whether they are threads, which take real time. */
  readonly real: boolean;
  /** How many have not ended, and whether one of them hangs. */
  readonly alive: number;
  readonly hanging: boolean;
  /** Whether so few were lost that each is replaced, and all that were started did so. */
  readonly reliable: boolean;
  /** Whether one laid its engine out where another's was at work. */
  readonly trespassed: boolean;
  /** Has a worker fail: at once, or at what it takes next. */
  lose(worker: number, how: 'dies' | 'hangs'): void;
  /** Has a worker go on by so many steps. */
  work(worker: number, steps: number): void;
  /** Has all of them do what they can. */
  workOn(): void;
  /** From now on they go on, percent of the times, when the device looks at what they share. Returns what ends that. */
  interleave(percent: number): () => void;
}
