// What an expression reads, by Prometheus' own grammar.

import { parser } from '@prometheus-io/lezer-promql';

/** Grafana fills these in; any value of the kind will do for the grammar. */
const FILLED_IN = [
  [/\$__(rate_interval|interval|range)\b/g, '5m'],
  [/\$\{?(\w+)\}?/g, '$1'],
];

/**
 * The metrics with the labels that select among them, and the labels by which series are grouped or joined:
 * `{ selectors: [{ metric, matchers: [{ label, value }] }], grouping: [label] }`. Throws when it is no expression.
 */
export function reads(expression) {
  const text = FILLED_IN.reduce((filled, [variable, value]) => filled.replace(variable, value), expression);
  const selectors = [];
  const grouping = [];
  parser.parse(text).iterate({
    enter(node) {
      const said = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`not PromQL at "${text.slice(node.from)}": ${expression}`);
      if (node.name === 'VectorSelector') selectors.push({ metric: undefined, matchers: [] });
      if (node.name === 'Identifier' && node.matchContext(['VectorSelector'])) selectors.at(-1).metric = said;
      if (node.name === 'LabelName') {
        if (node.matchContext(['GroupingLabels'])) grouping.push(said);
        else selectors.at(-1).matchers.push({ label: said });
      }
      if (node.name === 'StringLiteral' && node.matchContext(['UnquotedLabelMatcher'])) {
        selectors.at(-1).matchers.at(-1).value = said.slice(1, -1);
      }
    },
  });
  return { selectors, grouping };
}
