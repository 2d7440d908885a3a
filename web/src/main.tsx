import '@xterm/xterm/css/xterm.css';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { isolate } from './isolation/isolate.ts';
import { askBeforeLeaving } from './ui/confirm.tsx';
import { applyTheme } from './ui/theme.ts';

applyTheme();
const root = document.getElementById('app');
if (root && !(await isolate())) {
  root.textContent = '';
  askBeforeLeaving();
  render(<App />, root);
}
