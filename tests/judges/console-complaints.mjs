// Every warning and error that a client logs. Import this before the client: it complains while it is loaded, too.

import { format } from 'node:util';

/** What was logged so far, one text for each message. */
export const complaints = [];

for (const level of ['warn', 'error']) {
  const log = console[level];
  console[level] = (...message) => {
    complaints.push(format(...message));
    log(...message);
  };
}
