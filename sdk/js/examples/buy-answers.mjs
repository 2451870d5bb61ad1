// Buys answers from a provider: node buy-answers.mjs ws://127.0.0.1:9944 //Alice "Why is the sky blue?"

import { keyFromUri, signerFromUri } from '@noema/sdk';
import { connect, openLaneDirectory } from '@noema/sdk/node';

const [node, secret, question] = process.argv.slice(2);
const noema = await connect(node);
// What is promised survives a crash here.
const storage = await openLaneDirectory('lanes');
try {
  const [service] = await noema.services({ kind: 'chat' });
  if (!service) throw new Error('nobody sells answers on this network; `noema up --compute` starts somebody who does');
  console.error(`service ${service.service}: ${service.model}, ${service.verification}`);

  // A channel reserves money for one provider. A key signs for each request within it; this one is kept by the program.
  const key = await keyFromUri(`${secret}//answers`);
  const order = { service: service.service, cap: 10n ** 18n, lanes: 4, key };
  const { channel } = await noema.openChannel(order, { signer: await signerFromUri(secret) });

  const buyer = await noema.buyer(channel, { key, storage });
  const messages = [{ role: 'user', content: question }];
  const stream = await buyer.streamChat({ messages, max_tokens: 64 });
  for await (const { choices } of stream) process.stdout.write(choices[0]?.delta?.content ?? '');
  // A stream that ends without an error has a receipt that is good.
  const { amount, usage } = stream.receipt.receipt;
  console.log(`\n${amount} units for ${usage.output} tokens, ${stream.verification}`);

  const whole = await buyer.chat({ messages, max_tokens: 8 });
  console.log(whole.body.choices[0].message.content);
  const { owed } = await buyer.settle();
  console.log(`owed ${owed} units in all, ${whole.verification}`);
  await noema.closeChannel(channel, { signer: await signerFromUri(secret) });
} finally {
  await storage.close();
  noema.close();
}
