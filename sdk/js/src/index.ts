// `@noema/sdk`: everything that runs in a browser as well as in Node.js.

export { Noema, type FileName, type Located } from './noema.js';
export { signerFromUri } from './signer.js';
export { root, verify, type FileRef, type FileRoot, type Progress, type RootOptions } from './root.js';
export { verifyRange, verifySegment, type ByteRange } from './verify.js';
export { Download, download, type DownloadOptions, type DownloadReport } from './provider/download.js';
export type { PutOptions, PutProgress, PutReport } from './put.js';
export type { UploadReport } from './provider/upload.js';
export type { ConnectOptions, Finalized } from './chain/chain.js';
export type { RandomAccess, Rereadable, Source, Stream } from './source.js';
export { MAX_SIZE, SECTOR_SIZE, SEGMENT_SIZE, Shape } from './commitment/shape.js';
export { Builder, Commitment } from './commitment/builder.js';
export { decodeFrame, encodeFrame, type Frame } from './frame.js';
export * from './errors.js';
