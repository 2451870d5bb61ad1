// Where the network and the programs under judgement are.

function required(name, meaning) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name} to ${meaning}`);
  return value;
}

/** The WebSocket address of a node. */
export const endpoint = () => required('NOEMA_RPC', 'the ws:// address of a node');

/** The directory with `noema` and `noema-node`. */
export const programs = () => required('NOEMA_BIN', 'the directory with the programs');

/** Where a node and a daemon of the network expose their metrics. */
export const metricsOf = () => required('NOEMA_METRICS', 'the http:// addresses of metrics, of a node and a daemon').split(' ');

/** Host and port of a gateway of data availability of the network. */
export const disperser = () => required('NOEMA_DISPERSER', 'host and port of a gateway of data availability');
