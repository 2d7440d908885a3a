import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { messageOf } from '../vm/store.ts';

/** In the order of docs/lessons/README.md. */
const LESSONS = [
  { id: 'virtqueue', title: 'What a virtqueue is', load: () => import('../../../docs/lessons/virtqueue.md') },
  { id: 'request', title: 'The life of one request', load: () => import('../../../docs/lessons/request.md') },
  { id: 'sessions', title: 'Sessions', load: () => import('../../../docs/lessons/sessions.md') },
  { id: 'events', title: 'Indirect descriptors and EVENT_IDX', load: () => import('../../../docs/lessons/events.md') },
  { id: 'batching', title: 'Why batching matters', load: () => import('../../../docs/lessons/batching.md') },
  { id: 'simd', title: 'Where WebAssembly SIMD helps', load: () => import('../../../docs/lessons/simd.md') },
  { id: 'backends', title: 'Where requests run', load: () => import('../../../docs/lessons/backends.md') },
] as const;
type LessonId = (typeof LESSONS)[number]['id'];

const current = signal<LessonId | undefined>(undefined);
const text = signal('');
const problem = signal('');

async function open(id: LessonId | undefined): Promise<void> {
  current.value = id;
  text.value = '';
  problem.value = '';
  const lesson = LESSONS.find((one) => one.id === id);
  if (!lesson) return;
  try {
    const { html } = await lesson.load();
    if (current.value === id) text.value = html;
  } catch (error) {
    problem.value = `The lesson could not be loaded: ${messageOf(error)}`;
  }
}

/** Short lessons, each with something to try in the machine beside them. */
export function Lessons() {
  const id = current.value;
  const at = LESSONS.findIndex((lesson) => lesson.id === id);
  const lesson = LESSONS[at];
  if (!lesson) {
    return (
      <section class="card" aria-labelledby="lessons-title">
        <h3 id="lessons-title">Lessons</h3>
        <p>
          Short ones, each with something to try here. Numbers in brackets are sections of the virtio specification.
        </p>
        <ol>
          {LESSONS.map(({ id: other, title }) => (
            <li key={other}>
              <button type="button" class="link" onClick={() => void open(other)}>
                {title}
              </button>
            </li>
          ))}
        </ol>
      </section>
    );
  }
  const next = LESSONS[at + 1];
  return (
    <section class="card" aria-labelledby="lesson-title">
      <h3 id="lesson-title">{lesson.title}</h3>
      {problem.value && (
        <p class="notice error" role="alert">
          {problem.value}
        </p>
      )}
      <LessonText key={lesson.id} />
      <div class="buttons">
        <button type="button" onClick={() => void open(undefined)}>
          All lessons
        </button>
        {next && (
          <button type="button" onClick={() => void open(next.id)}>
            Next: {next.title}
          </button>
        )}
      </div>
    </section>
  );
}

/** The lesson's text. A link to another lesson opens that lesson here. */
function LessonText() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      const name = /^(\w+)\.md$/.exec(link?.getAttribute('href') ?? '')?.[1];
      const other = LESSONS.find(({ id }) => id === name);
      if (!other) return;
      event.preventDefault();
      void open(other.id);
    };
    element?.addEventListener('click', follow);
    return () => element?.removeEventListener('click', follow);
  }, []);
  // The HTML is safe: the build made it from a file of this repository.
  return <div class="lesson" ref={place} dangerouslySetInnerHTML={{ __html: text.value }} />;
}
