import type { V86Cpu } from './internals.ts';

/** The steps of one part of a v86 machine when the machine is saved, restored or rebooted. A part implements the steps that it needs. */
export interface MachinePart {
  /** Save, step 1: passes on held notifications. */
  release?(): void;
  /** Save, step 2: completes the requests under way. After it nothing may write to the guest's RAM. */
  settle?(): void;
  /** Save, step 4: RAM has been copied, and the part adds its own state to v86's list of states. */
  save?(state: unknown[]): void;
  /**
   * Restore, step 1: checks its own state and returns the function that takes it over. Nothing has changed yet.
   * @throws StateError for a state that cannot be taken over
   */
  check?(state: readonly unknown[]): () => void;
  /** The old machine is gone: the part forgets all that it holds back or has under way. */
  reset?(): void;
}

/**
 * Runs the steps of all parts of one machine in one order. v86's own functions are wrapped once, so the order does not depend on
 * which part was added first:
 *
 * - get_state: every part releases, every part settles, v86 copies the RAM, every part saves. RAM and parts are of one moment.
 * - set_state: every part checks its state, every part is reset, v86 replaces the RAM, every part takes its state over. If a step
 *   fails, every part is reset once more and the error is passed on. v86 cannot undo a restore, so the devices of the old machine
 *   must not go on in the new RAM.
 * - reboot_internal: every part is reset, then v86 is.
 */
export class MachineLifecycle {
  static readonly #ofCpu = new WeakMap<V86Cpu, MachineLifecycle>();
  readonly #parts: MachinePart[] = [];
  /** Number of saves that have begun and not ended. A save can make the device interrupt, and the interrupt's handler may save, too. */
  #saves = 0;

  /** The lifecycle of a machine. It is made at the first call. */
  static of(cpu: V86Cpu): MachineLifecycle {
    let lifecycle = MachineLifecycle.#ofCpu.get(cpu);
    if (!lifecycle) {
      lifecycle = new MachineLifecycle(cpu);
      MachineLifecycle.#ofCpu.set(cpu, lifecycle);
    }
    return lifecycle;
  }

  private constructor(cpu: V86Cpu) {
    const getState = cpu.get_state.bind(cpu);
    const setState = cpu.set_state.bind(cpu);
    const reboot = cpu.reboot_internal.bind(cpu);
    cpu.get_state = () => this.#save(getState);
    cpu.set_state = (state) => this.#restore(state, setState);
    cpu.reboot_internal = () => {
      this.#reset();
      reboot();
    };
  }

  add(part: MachinePart): void {
    this.#parts.push(part);
  }

  /** Whether the machine is being saved. A notification that is held back now would be missing in the saved state. */
  get saving(): boolean {
    return this.#saves > 0;
  }

  #save(getState: () => unknown[]): unknown[] {
    this.#saves++;
    try {
      for (const part of this.#parts) part.release?.();
      for (const part of this.#parts) part.settle?.();
      const state = getState();
      for (const part of this.#parts) part.save?.(state);
      return state;
    } finally {
      this.#saves--;
    }
  }

  #restore(state: unknown[], setState: (state: unknown[]) => void): void {
    const takeOver = this.#check(state);
    this.#reset();
    try {
      setState(state);
      takeOver();
    } catch (error) {
      this.#reset();
      throw error;
    }
  }

  /** Checks the states of all parts. Returns a function that takes them over, or throws if one was refused: v86 restores its part first. */
  #check(state: readonly unknown[]): () => void {
    try {
      const checked = this.#parts.map((part) => part.check?.(state));
      return () => {
        for (const takeOver of checked) takeOver?.();
      };
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }

  #reset(): void {
    for (const part of this.#parts) part.reset?.();
  }
}
