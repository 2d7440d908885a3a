import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { hasWork } from '../vm/store.ts';

interface Question {
  title: string;
  /** The label of the button that goes on. */
  action: string;
  answer(yes: boolean): void;
}

const question = signal<Question | undefined>(undefined);

/**
 * Asks before a machine with work in it ends. Does not ask if nothing was done in the machine since it was started or saved.
 * @param action the action that is about to end it, as its button says
 * @returns whether to go on
 */
export function confirmLoss(action: string): Promise<boolean> {
  if (!hasWork.peek()) return Promise.resolve(true);
  question.peek()?.answer(false);
  return new Promise((resolve) => {
    question.value = { title: `${action}: what was done in the machine is lost`, action, answer: resolve };
  });
}

/** Makes the browser ask before the visitor leaves or reloads the page while a machine has work in it. */
export function askBeforeLeaving(): void {
  effect(() => {
    if (!hasWork.value) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  });
}

/** The dialog of confirmLoss(). The browser keeps the focus in it, gives the focus back afterwards, and takes Escape for a no. */
export function ConfirmDialog() {
  const place = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked && !place.current?.open) place.current?.showModal();
  }, [asked]);
  const onClose = () => {
    asked?.answer(place.current?.returnValue === 'yes');
    question.value = undefined;
    if (place.current) place.current.returnValue = '';
  };
  return (
    <dialog ref={place} aria-labelledby="confirm-title" aria-describedby="confirm-text" onClose={onClose}>
      <h2 id="confirm-title">{asked?.title}</h2>
      <p id="confirm-text">
        Commands were run in it since it was started or saved. Cancel and press Save to keep it as a file.
      </p>
      <form method="dialog" class="buttons">
        <button type="submit" value="no">
          Cancel
        </button>
        <button type="submit" value="yes" class="primary">
          {asked?.action}
        </button>
      </form>
    </dialog>
  );
}
