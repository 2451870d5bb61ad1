// How long 0G's SDK takes for the root of a file: `node root-0g.bench.mjs <file>` prints JSON.

import { readFile } from 'node:fs/promises';
import { ZgFile } from '@0gfoundation/0g-ts-sdk';

const [path] = process.argv.slice(2);
if (!path) {
  console.error('expected a file: node root-0g.bench.mjs <file>');
  process.exit(2);
}
const { version } = JSON.parse(
  await readFile(new URL('./node_modules/@0gfoundation/0g-ts-sdk/package.json', import.meta.url)),
);

const file = await ZgFile.fromFilePath(path);
const begun = process.hrtime.bigint();
const [tree, error] = await file.merkleTree();
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
await file.close();
if (error !== null) {
  console.error(`the SDK fails: ${error}`);
  process.exit(1);
}
const peer = `@0gfoundation/0g-ts-sdk ${version}`;
console.log(JSON.stringify({ peer, root: tree.rootHash(), size: file.size(), seconds }));
