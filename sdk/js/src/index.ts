// `@noema/sdk`: everything that runs in a browser as well as in Node.js.

export { Noema, type ChannelBuyerOptions, type FileName, type Located } from './noema.js';
export { keyFromUri, signerFromUri, type Key } from './signer.js';
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
export { Buyer } from './compute/buyer.js';
export type { Answer, BuyerOptions, Spending, Terms } from './compute/terms.js';
export { ChatStream } from './compute/stream.js';
export type { ChatChunk, ChatCompletion, ChatRequest, Embeddings, EmbeddingsRequest } from './compute/openai.js';
export type { Channel, ChannelOrder, ChannelSession, OpenedChannel, Service, ServiceKind, Wanted } from './compute/market.js';
export { memoryStorage, type LaneStorage } from './compute/storage.js';
export { openLaneDatabase, type LaneDatabase } from './compute/database.js';
export { requestHash, responseHash, ResponseHasher } from './compute/hashing.js';
export { affordableOutput, ceiling, cost, isAtMost, PriceError } from './compute/price.js';
export { checkReceipt, checkStream, checkWhole, ReceiptError } from './compute/receipt.js';
export type { Asked, ReceiptFault, ResponseCheck } from './compute/receipt.js';
export { receiptFromJson, receiptToJson, voucherFromJson, voucherToJson } from './compute/files.js';
export {
  encodeReceipt,
  encodeVoucher,
  isReceiptBy,
  isVoucherBy,
  receiptFromText,
  receiptPayload,
  receiptToText,
  signReceipt,
  signVoucher,
  voucherFromText,
  voucherPayload,
  voucherToText,
} from './compute/encoding.js';
export { decodeSignature, encodeSignature, isSignedBy, type Signature } from './signature.js';
export { verificationLabel } from './compute/types.js';
export type { Price, Receipt, SignedReceipt, SignedVoucher, Usage, VerificationMode, Voucher } from './compute/types.js';
export * from './compute/errors.js';
export * from './errors.js';
