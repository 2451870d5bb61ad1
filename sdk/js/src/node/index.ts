// `@noema/sdk/node`: what only Node.js has.

import { open } from 'node:fs/promises';
import type { PolkadotClient } from 'polkadot-api';
import { WebSocket as NodeWebSocket } from 'ws';
import type { ConnectOptions } from '../chain/chain.js';
import { SourceError } from '../errors.js';
import { Noema } from '../noema.js';
import type { RandomAccess } from '../source.js';

export { openLaneDirectory, type LaneDirectory } from './lanes.js';

/** As `Noema.connect`, with a `WebSocket` for Node.js 20, which has none of its own. */
export function connect(node: string | PolkadotClient, options: ConnectOptions = {}): Promise<Noema> {
  const websocketClass = NodeWebSocket as unknown as typeof WebSocket;
  return Noema.connect(node, { websocketClass, ...options });
}

/** A file on disk that is read as it is needed. Close it in the end. */
export interface FileSource extends RandomAccess {
  close(): Promise<void>;
}

/**
 * Opens a file on disk as a source for `root`, `verify` and `put`.
 *
 * @throws {SourceError} if there is no such file, it cannot be read or it is no regular file.
 */
export async function openFile(path: string): Promise<FileSource> {
  const unreadable = (cause: unknown) =>
    new SourceError('unreadable', `${path} cannot be read: ${String(cause)}`, { cause });
  const handle = await open(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw unreadable(new Error('expected a regular file'));
  }
  return {
    size: stat.size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, start + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    },
    close: () => handle.close(),
  };
}
