import { createNativeEngine } from '../../../src/model/engines/native/native-engine.js';
import { engineConformance } from './conformance.js';

// Sums of products in float32, of up to 600 here.
engineConformance('native', createNativeEngine, { absolute: 1e-5, relative: 1e-5 });
