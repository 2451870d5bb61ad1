// What operators are given in `ops`: dashboards, alert rules, settings of Prometheus.

import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const DASHBOARDS = 'ops/grafana';

/** The text of a file of the checkout. */
export const read = (file) => readFile(join(CHECKOUT, file), 'utf8');

/** What a file in YAML says; throws on what is no YAML, and on a key that stands there twice. */
export const readYaml = async (file) => parse(await read(file), { strict: true, uniqueKeys: true });

/** Every dashboard: `{ file, dashboard }`. */
export async function dashboards() {
  const files = (await readdir(join(CHECKOUT, DASHBOARDS))).filter((name) => name.endsWith('.json'));
  const one = async (name) => {
    const file = `${DASHBOARDS}/${name}`;
    return { file, dashboard: JSON.parse(await read(file)) };
  };
  return Promise.all(files.map(one));
}

/** Panels with those in rows. */
export const panelsOf = ({ panels }) => panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

/** Every alert, in the order of the file. */
export async function alerts() {
  const { groups } = await readYaml('ops/prometheus/alerts.yml');
  return groups.flatMap(({ rules }) => rules);
}

/** Every expression of dashboards and alerts: `{ place, expression, shown }`, `shown` being labels that an alert's text names. */
export async function expressions() {
  const found = [];
  for (const { file, dashboard } of await dashboards()) {
    for (const { name, query } of dashboard.templating.list) {
      // `label_values(metric, label)` asks for the metric; a source of data is named and not asked.
      const [, metric, label] = /^label_values\((.*),\s*(\w+)\)$/.exec(query?.query ?? '') ?? [];
      if (metric) found.push({ place: `${file}, variable ${name}`, expression: metric, shown: [label] });
    }
    for (const { title, targets = [] } of panelsOf(dashboard)) {
      for (const { expr } of targets) found.push({ place: `${file}, panel ${title}`, expression: expr, shown: [] });
    }
  }
  for (const { alert, expr, annotations } of await alerts()) {
    const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    found.push({ place: `alert ${alert}`, expression: expr, shown });
  }
  return found;
}
