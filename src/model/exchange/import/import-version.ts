/** What becomes a version of a file that another program has written: a model file of this service, and where it came from. */
import { digestOf, type FileDigest } from '../../files/manifest.js';
import { encodeModelFile } from '../../files/model-file.js';
import type { ImportDescription } from './import-description.js';
import { importModel, type ImportFormat } from './import-model.js';

export interface ImportedVersion {
  file: Buffer;
  /** The sender's file. */
  imported: { format: ImportFormat } & FileDigest;
}

/** @throws TrainyardError MODEL_FILE_INVALID, INVALID_REQUEST */
export function importVersion(sent: Buffer, description: ImportDescription): ImportedVersion {
  const { format, model } = importModel(sent, description);
  return {
    file: encodeModelFile(model.description, model.parameters),
    imported: { format, ...digestOf(sent) },
  };
}
