import { createNativeEngine } from '../../../../src/model/engines/native/native-engine.js';
import { engineConformance } from '../conformance.js';

const { NATIVE_ADDON: addon } = process.env;
if (addon === undefined) throw new Error('NATIVE_ADDON must be the path of an addon.');

const create = () => createNativeEngine(undefined, addon);
engineConformance('native', create, { absolute: 1e-5, relative: 1e-5 });
