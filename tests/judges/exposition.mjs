// What a program exposes, in Prometheus' text format.

/** Adds what `text` exposes to `exposed`: a map from metrics to the set of their labels. */
export function readExposition(text, exposed) {
  for (const line of text.split('\n')) {
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line);
    if (!sample) continue;
    const [, metric, labels = ''] = sample;
    if (!exposed.has(metric)) exposed.set(metric, new Set());
    for (const [, label] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) exposed.get(metric).add(label);
  }
}
