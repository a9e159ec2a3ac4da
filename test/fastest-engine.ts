/** The engine that `auto` takes on this machine, which depends on whether there is a C++ compiler. */
import { installedEngines } from '../src/model/engines/select.js';

export const [fastestEngine] = installedEngines();
