// Measures the page in Chromium: `npm run bench:page`, with `-- --only speed`, `watching` or `input` for a part of it. Figures are of
// the guest's own clock, and of the browser's; run it on a machine that has nothing else to do.
import { arch, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openBuiltPage } from './built_page.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    width: { type: 'string', default: '1280' },
  },
});
const rounds = Number(values.rounds);
const wanted = (part) => values.only === undefined || values.only === part;

const { browser, page, terminal, experiment, type, close } = await openBuiltPage({
  width: Number(values.width),
  height: 1000,
});

const median = (figures) => {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const list = (figures, digits = 1) => figures.map((figure) => figure.toFixed(digits)).join(', ');
const tab = (name) => page.getByRole('tab', { name }).click();

/** AES-128-CBC at 4 KiB by the kernel's own clock, software and device, as the page's experiment shows it. */
async function measureSpeed() {
  await tab('Experiments');
  for (const inFlight of ['1', '8']) {
    await page.getByLabel('Requests in flight').selectOption(inFlight);
    const ratios = [];
    // The first round translates what the others run.
    for (let round = 0; round <= rounds; round++) {
      await experiment('speed');
      const row = page
        .getByTestId('speed-table')
        .getByRole('row')
        .filter({ hasText: /^4 KiB/ });
      const [software, device] = (await row.getByRole('cell').allInnerTexts()).map(Number);
      if (round === 0) continue;
      ratios.push(device / software);
      console.log(
        `4 KiB x ${inFlight}: software ${software} MB/s, device ${device} MB/s, ${ratios.at(-1).toFixed(1)} x`,
      );
    }
    console.log(`4 KiB x ${inFlight}: ${median(ratios).toFixed(1)} x in the median of ${rounds}`);
  }
}

const CLOCK_MS = 1500;
const WARM_UP = 8;

let runs = 0;

/** MB/s of AES-128-CBC requests of 4 KiB, 8 in flight: all that the guest did in its time, pauses included. */
async function guestSpeed() {
  const answer = `run-${++runs}=`;
  const command = `skcipher-clock virtio_crypto_aes_cbc 4096 8 ${CLOCK_MS}`;
  await type(`clear; ${command} | sed 's/.*flight \\(.*\\) batches.*/${answer}\\1/'`, new RegExp(`${answer}\\d+`));
  const [batches] = (await terminal.innerText()).split(answer).at(-1).match(/^\d+/);
  // The clock leaves out the first third.
  return (Number(batches) * 1.5 * 8 * 4096) / CLOCK_MS / 1000;
}

/** What the guest loses while the inspector is open. */
async function measureWatching() {
  const speeds = { Experiments: [], Inspector: [] };
  // Until the guest's code and the page's are compiled, each run is faster than the one before.
  for (let round = 0; round < WARM_UP; round++) {
    await tab(round % 2 ? 'Inspector' : 'Experiments');
    await guestSpeed();
  }
  for (let round = 0; round < 8 * rounds; round++) {
    // Either goes first as often as the other.
    for (const name of round % 2 ? ['Inspector', 'Experiments'] : ['Experiments', 'Inspector']) {
      await tab(name);
      speeds[name].push(await guestSpeed());
    }
  }
  const [closed, open] = [median(speeds.Experiments), median(speeds.Inspector)];
  console.log(`inspector closed: ${closed.toFixed(1)} MB/s in the median of ${list(speeds.Experiments)}`);
  console.log(`inspector open: ${open.toFixed(1)} MB/s in the median of ${list(speeds.Inspector)}`);
  console.log(`watching costs ${(100 * (1 - open / closed)).toFixed(1)} %`);
}

const KEYS = 40;
const CLICKS = 20;

/** How long the page takes to answer while the guest encrypts: to the next frame, and until the guest's echo of a key stands there. */
async function measureInput() {
  for (const name of ['Experiments', 'Inspector']) {
    await tab(name);
    await type(
      'clear; skcipher-clock virtio_crypto_aes_cbc 4096 8 60000 >/dev/null & sleep 2; clear; echo re"ady"',
      'ready',
    );
    await page.evaluate(watchInput);
    for (let press = 0; press < KEYS; press++) {
      await page.keyboard.press('x');
      await page.waitForTimeout(60 + 5 * (press % 20));
    }
    const clicked = name === 'Inspector' ? page.getByTestId('requests').getByRole('button') : page.locator('summary');
    for (let click = 0; click < CLICKS; click++) {
      await (click % 2 ? clicked.first() : page.locator('summary')).click({ noWaitAfter: true, force: true });
      await page.waitForTimeout(60 + 5 * (click % 20));
    }
    await page.waitForTimeout(500);
    const { answers, echoes } = await page.evaluate(() => globalThis.inputTimes());
    // What took less than 16 ms is not reported.
    const all = [...answers, ...Array.from({ length: Math.max(0, KEYS + CLICKS - answers.length) }, () => 16)];
    const state = name === 'Inspector' ? 'open' : 'closed';
    const slow = all.filter((milliseconds) => milliseconds > 100).length;
    const text = (what, figures) =>
      `inspector ${state}, ${what}: median ${median(figures).toFixed(0)} ms, most ${Math.max(...figures).toFixed(0)} ms of ${figures.length}`;
    console.log(`${text('an input is answered', all)}, ${slow} above 100 ms`);
    console.log(text('a key is echoed by the guest', echoes));
    await terminal.click();
    await page.keyboard.press('Control+c');
    await type('kill $!; wait; clear; echo en"ded"', 'ended');
  }
}

/** In the page: notes the duration of each interaction, and the time from a key to the change of the terminal that it makes. */
function watchInput() {
  const longest = new Map();
  const observer = new PerformanceObserver((entries) => {
    for (const { interactionId, duration } of entries.getEntries()) {
      if (interactionId) longest.set(interactionId, Math.max(longest.get(interactionId) ?? 0, duration));
    }
  });
  observer.observe({ type: 'event', durationThreshold: 16 });
  const echoes = [];
  let pressed;
  const onKey = ({ timeStamp }) => {
    pressed = timeStamp;
  };
  addEventListener('keydown', onKey, true);
  const rows = document.querySelector('.xterm-rows');
  const count = () => rows.textContent.split('x').length;
  let shown = count();
  const changes = new MutationObserver(() => {
    const now = count();
    if (now > shown && pressed !== undefined) {
      echoes.push(performance.now() - pressed);
      pressed = undefined;
    }
    shown = now;
  });
  changes.observe(rows, { childList: true, subtree: true, characterData: true });
  globalThis.inputTimes = () => {
    observer.disconnect();
    changes.disconnect();
    removeEventListener('keydown', onKey, true);
    return { answers: [...longest.values()], echoes };
  };
}

console.log(`Chromium ${browser.version()}, ${cpus()[0]?.model}, ${cpus().length} cores, ${arch()}`);
if (wanted('speed')) await measureSpeed();
if (wanted('watching')) await measureWatching();
if (wanted('input')) await measureInput();
await close();
process.exit(0);
