// The device writes a wrong used element (2.7.8, 2.8.4).
import { writableBytes } from './available.ts';
import type { Completion, Fault } from './fault.ts';

function writing(
  section: string,
  device: string,
  { driver, outcomes }: Pick<Fault, 'driver' | 'outcomes'>,
  change: (completion: Completion, size: number) => void,
): Fault {
  return {
    section,
    group: 'hostile',
    device,
    driver,
    outcomes,
    begin: ({ device: { queues }, nth }) => ({
      completed: (completion) => {
        if (completion.number === nth) change(completion, queues[completion.queue]?.size ?? 0);
      },
    }),
  };
}

const GIVES_UP: Pick<Fault, 'driver' | 'outcomes'> = {
  driver: 'does not use the buffers, and takes the queue, or the device, as broken',
  outcomes: ['recovered', 'gave up'],
};

export const USED_FAULTS = {
  'used-length-0': writing(
    '2.7.8.3',
    'says that it wrote 0 bytes',
    {
      driver:
        'takes no byte of the buffers as written: it reports an error, or goes by the status that it had set before',
      outcomes: ['error', 'completed', 'recovered', 'gave up'],
    },
    ({ setLength }) => setLength(0),
  ),
  'used-length-long': writing(
    '2.7.8.3',
    'says that it wrote one byte more than the buffers hold',
    GIVES_UP,
    ({ chain, setLength }) => setLength((chain ? writableBytes(chain) : 0) + 1),
  ),
  'used-length-max': writing('2.7.8.3', 'says that it wrote 2^32 - 1 bytes', GIVES_UP, ({ setLength }) =>
    setLength(0xffffffff),
  ),
  'used-id-foreign': writing('2.7.8', 'names a chain that does not exist', GIVES_UP, ({ setId }, size) => setId(size)),
} as const;
