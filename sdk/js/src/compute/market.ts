export type ChannelState = 'open' | 'closing' | 'settled';
