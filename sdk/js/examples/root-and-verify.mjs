// Says a file's root and id, and checks a copy of it, without any network: node root-and-verify.mjs picture.jpg copy.jpg

import { ProofError, root, verify } from '@noema/sdk';
import { openFile } from '@noema/sdk/node';

const [original, copy] = await Promise.all(process.argv.slice(2).map(openFile));
const file = await root(original);
console.log(`root ${file.root}\nfile ${file.file}`);
try {
  await verify(file, copy);
  console.log('the copy is the same');
} catch (error) {
  if (!(error instanceof ProofError)) throw error;
  console.log(`the copy is another file: ${error.message}`);
}
await Promise.all([original.close(), copy.close()]);
