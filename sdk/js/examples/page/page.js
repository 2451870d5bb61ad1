// A page that stores the file that its visitor chooses and offers it for download again.

import { Noema, signerFromUri } from '@noema/sdk';

const form = document.querySelector('form');
const output = document.querySelector('output');
const progress = document.querySelector('progress');
const link = document.querySelector('a');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { node, secret, file } = form.elements;
  const [chosen] = file.files;
  let noema;
  try {
    noema = await Noema.connect(node.value);
    const stored = await noema.put(chosen, {
      // On a real network, the signer of the visitor's wallet: `polkadot-api/pjs-signer` has it.
      signer: await signerFromUri(secret.value),
      onProgress: ({ step, detail = '', done = 0, total = 1 }) => {
        output.textContent = `${step} ${detail}`;
        progress.value = done / total;
      },
    });
    const download = await noema.get(stored.file);
    link.href = URL.createObjectURL(await download.blob(chosen.type));
    link.download = chosen.name;
    link.hidden = false;
    output.textContent = `stored ${stored.file}`;
  } catch (error) {
    output.textContent = `failed: ${error.message}`;
  } finally {
    noema?.close();
  }
});
