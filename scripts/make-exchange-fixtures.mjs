/**
 * Writes test/fixtures/exchange/exported and /onnx anew: what this service exports of the models there, and what PyTorch and
 * ONNX Runtime compute. For use after an exporter was changed on purpose. `PEERS_PYTHON`, or else python3, must have torch, onnx,
 * onnxscript and onnxruntime.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeOnnx } from '../dist/model/exchange/onnx/onnx-model.js';
import { portableModel, stateDictOf } from '../dist/model/exchange/portable-model.js';
import { pythonSource } from '../dist/model/exchange/pytorch/python-source.js';
import { encodeStateDict } from '../dist/model/exchange/pytorch/write-state-dict.js';
import { decodeModelFile } from '../dist/model/files/model-file.js';

const fixtures = join(import.meta.dirname, '../test/fixtures/exchange');
const exported = (file) => join(fixtures, 'exported', file);
const names = Object.keys(JSON.parse(readFileSync(exported('rows.json'), 'utf8')));

for (const name of names) {
  const model = portableModel(
    { name, version: 1 },
    decodeModelFile(readFileSync(exported(`${name}.safetensors`))),
  );
  writeFileSync(exported(`${name}.onnx`), encodeOnnx(model));
  writeFileSync(exported(`${name}.pth`), encodeStateDict(stateDictOf(model)));
  writeFileSync(exported(`${name}.py`), pythonSource(model));
}
execFileSync(process.env.PEERS_PYTHON ?? 'python3', [join(fixtures, 'make.py')], { stdio: 'inherit' });
