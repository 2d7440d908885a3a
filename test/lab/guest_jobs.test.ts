// How many machines a run of the guest's matrix may have beside each other.
import { expect, test } from 'vitest';
import { checkJobs, machineHas, parseJobs } from '../../src/cli/lab/guest/jobs.ts';

const MIB = 1024 * 1024;
const room = (processors: number, mebibytes: number) => ({ processors, bytes: mebibytes * MIB });

test('as many as there are processors, if all have memory', () => {
  for (const jobs of [1, 2, 4]) checkJobs(jobs, room(4, 4000));
  expect(() => checkJobs(5, room(4, 100_000))).toThrow(
    '--jobs is 5: there are 4 processors, and each machine keeps one busy. Give 1 to 4.',
  );
});

test('no more than there is memory for', () => {
  checkJobs(2, room(8, 1664));
  expect(() => checkJobs(3, room(8, 2175))).toThrow(
    '--jobs is 3: 3 machines take 2176 MiB, and 2175 MiB are free. Give 1 to 2.',
  );
});

test('one machine is always let through: its system may have more memory than it says', () => {
  checkJobs(1, room(1, 0));
  expect(() => checkJobs(2, room(1, 0))).toThrow(
    '--jobs is 2: there is one processor, and each machine keeps one busy. Give 1.',
  );
  checkJobs(1, machineHas());
});

test.each(['0', '-1', '1.5', '', 'x', '10000', '1e3', ' 1'])('%j is no number of machines', (text) => {
  expect(() => parseJobs(text)).toThrow('Give a whole number from 1.');
});
