// Runs the demo and keeps what it prints as docs/demo.svg, the picture in the README: `npm run build && node scripts/picture.mjs`.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ansiToSvg from 'ansi-to-svg';

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const child = spawn(process.execPath, [main, 'demo'], { stdio: ['ignore', 'pipe', 'inherit'] });
let text = '$ npm start\n';
child.stdout.setEncoding('utf8');
child.stdout.on('data', (chunk) => {
  text += chunk;
  process.stdout.write(chunk);
});
child.on('close', (code) => {
  if (code !== 0) process.exit(1);
  // Whole lines take a colour: within a line the library loses count of the columns.
  const colored = text.replaceAll(/^✔.*$/gm, '\u001b[32m$&\u001b[39m');
  const padding = { paddingTop: 8, paddingLeft: 8, paddingBottom: 8, paddingRight: 8 };
  const svg = ansiToSvg(colored, padding)
    // Browsers make one of several spaces, and the table's columns collapse.
    .replaceAll(/(?<=<text[^>]*>)[^<]+/g, (line) => line.replaceAll(' ', '&#xA0;'))
    .replace(/<svg ([^>]*)>/, '<svg role="img" $1><title>What npm start prints</title>');
  writeFileSync(new URL('../docs/demo.svg', import.meta.url), svg);
});
