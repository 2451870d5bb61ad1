// Stores a file and reads it back: node store-and-fetch.mjs ws://127.0.0.1:9944 //Alice picture.jpg

import { signerFromUri } from '@noema/sdk';
import { connect, openFile } from '@noema/sdk/node';

const [node, secret, path] = process.argv.slice(2);
const noema = await connect(node);
const source = await openFile(path);
try {
  const stored = await noema.put(source, {
    signer: await signerFromUri(secret),
    replicas: 3,
    onProgress: ({ step, detail = '' }) => console.error(step, detail),
  });
  console.log(`stored ${stored.size} bytes as ${stored.file}`);

  // Anybody can read it, from any of its providers. Every segment is verified before its bytes are handed over.
  const download = await noema.get(stored.file);
  let bytes = 0;
  for await (const piece of download) bytes += piece.length;
  console.log(`fetched ${bytes} bytes from ${download.report.delivered.length} providers`);
} finally {
  await source.close();
  noema.close();
}
