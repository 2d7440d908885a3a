// A program that starts itself again with flags, says what it runs with, and ends as its first argument says.
import { restartWithFlags } from '../../dist/src/cli/v8_flags.js';

const [, , end, ...flags] = process.argv;
await restartWithFlags(flags);
// The reader of this line may send a signal at once.
const say = () => console.log(JSON.stringify({ pid: process.pid, execArgv: process.execArgv, flags }));
switch (end) {
  case 'status':
    process.exitCode = 7;
    say();
    break;
  case 'killed':
    say();
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'interrupted':
    process.once('SIGINT', () => process.exit(130));
    setInterval(() => {}, 1000);
    say();
    break;
  default:
    setInterval(() => {}, 1000);
    say();
}
