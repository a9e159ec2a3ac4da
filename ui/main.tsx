/** The entry of the web pages. */
import { render } from 'preact';
import './styles/theme.css';
import './styles/elements.css';
import './styles/shell.css';
import './styles/parts.css';
import { App } from './shell/app.js';
import { startTheme } from './shell/theme.js';

startTheme();
const root = document.getElementById('app');
if (root) render(<App />, root);
