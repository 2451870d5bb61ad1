// `@noema/sdk/agents`: agents by way of `@polkadot/api`, which the application brings.

export { agentCalls, type Call, type InnerCall, type Opinion, type SessionOrder } from './calls.js';
export { agentReads } from './reads.js';
export { actMessage, agentAccount, signAct, signWallet, walletMessage, type SignedAct, type WalletBinding } from './messages.js';
export type * from './types.js';
