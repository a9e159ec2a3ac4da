/** model.html: a page that predicts, with a form or a drawing pad. A policy in it forbids the browser every request. */
import { createHash } from 'node:crypto';
import type { PortableModel } from '../portable-model.js';
import { readBundles } from './bundles.js';
import { documentOf, encodedParameters } from './document.js';

/** The same for every model: what differs lies in the blocks of data that it reads. */
const start = `
const root = document.getElementById('root');
const textOf = (id) => document.getElementById(id).textContent;
TrainyardModel.openModel(JSON.parse(textOf('model')), { parameters: textOf('parameters'), kernels: textOf('kernels') })
  .then((model) => TrainyardPage.showPage(model, root))
  .catch((error) => TrainyardPage.showProblem(root, error));
`;

export function writePage(portable: PortableModel): Buffer {
  const { runtime, page, styles, kernels } = readBundles();
  const script = [runtime, page, start].join('\n');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}' 'wasm-unsafe-eval'`,
    `style-src '${hashOf(styles)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // A text in JSON could end the block that it lies in.
  const document = JSON.stringify(documentOf(portable)).replaceAll('<', '\\u003c');
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${portable.name}, version ${portable.version}</title>
<style>${styles}</style>
</head>
<body>
<div id="root"></div>
<noscript>This page needs JavaScript.</noscript>
<script type="application/json" id="model">${document}</script>
<script type="text/plain" id="kernels">${kernels}</script>
<script type="text/plain" id="parameters">${encodedParameters(portable)}</script>
<script type="module">${script}</script>
</body>
</html>
`);
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
