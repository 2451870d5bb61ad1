// Dashboards and alert rules, by Prometheus' own grammar and by what running programs expose. A misspelt metric is no error for Prometheus:
// the panel stays empty and the alert never fires.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { metricsOf } from './environment.mjs';
import { readExposition } from './exposition.mjs';
import { alerts, dashboards, expressions, panelsOf, read, readYaml } from './operators-files.mjs';
import { reads } from './promql.mjs';

/** What Prometheus adds by itself. */
const SYNTHETIC = ['up'];
const TARGET_LABELS = ['job', 'instance'];
/** Series that begin with an event which an honest network does not see. The daemon's source names them. */
const ON_EVENT = { noema_storage_bad_peer_total: 'provider' };
const SOURCE = 'services/storage/src/metrics.rs';
/** How long programs may take to expose what begins with an event, such as the first upload. */
const PATIENCE = 90_000;

test('dashboards are whole', async () => {
  const all = await dashboards();
  assert.ok(all.length >= 2);
  assert.equal(new Set(all.map(({ dashboard }) => dashboard.uid)).size, all.length, 'two dashboards have the same uid');
  for (const { file, dashboard } of all) {
    assert.ok(dashboard.title, file);
    const panels = panelsOf(dashboard);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, `${file}: two panels have the same id`);
    const variables = dashboard.templating.list.map(({ name }) => name);
    for (const { title, type, targets = [] } of panels) {
      assert.ok(title, `${file}: a panel has no title`);
      assert.ok(type === 'row' || targets.length > 0, `${file}, ${title}: nothing is asked`);
      for (const { expr } of targets) {
        for (const [, variable] of expr.matchAll(/\$\{?(\w+)/g)) {
          assert.ok(variable.startsWith('__') || variables.includes(variable), `${file}, ${title}: there is no $${variable}`);
        }
      }
    }
  }
});

test('every alert says how bad it is, since when, and what to do', async () => {
  const all = await alerts();
  assert.equal(new Set(all.map(({ alert }) => alert)).size, all.length, 'two alerts have the same name');
  const headings = (await read('docs/operate.md')).split('\n').filter((line) => line.startsWith('#'));
  const anchors = new Set(headings.map((line) => line.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-')));
  for (const { alert, labels, annotations, for: since } of all) {
    assert.match(since, /^\d+[smhd]$/, alert);
    assert.ok(['critical', 'warning'].includes(labels.severity), `${alert}: severity ${labels.severity}`);
    assert.ok(annotations.summary, alert);
    const [page, anchor] = annotations.runbook.split('#');
    assert.equal(page, 'docs/operate.md', alert);
    assert.ok(anchors.has(anchor), `${alert}: docs/operate.md has no heading ${anchor}`);
  }
});

test('Prometheus scrapes every job that an expression selects', async () => {
  const { rule_files: rules, scrape_configs: jobs } = await readYaml('ops/prometheus/prometheus.yml');
  for (const file of rules) await read(`ops/prometheus/${file}`);
  const scraped = jobs.map(({ job_name: name, static_configs: targets }) => {
    assert.ok(targets.length > 0, `${name} has no targets`);
    return name;
  });
  for (const { place, expression } of await expressions()) {
    const matchers = reads(expression).selectors.flatMap(({ matchers }) => matchers);
    for (const { value } of matchers.filter(({ label }) => label === 'job')) {
      assert.ok(scraped.includes(value), `${place}: nobody scrapes the job ${value}`);
    }
  }
});

test('other files for operators and forkers are well-formed', async () => {
  const files = [
    'ops/docker/compose.yml',
    'ops/grafana/provisioning/dashboards/noema.yml',
    'ops/grafana/provisioning/datasources/prometheus.yml',
    '.github/workflows/ci.yml',
  ];
  for (const file of files) assert.equal(typeof (await readYaml(file)), 'object', file);
});

test('dashboards and alerts read only what the programs expose', { timeout: PATIENCE + 10_000 }, async () => {
  const all = await expressions();
  assert.ok(all.length > 50, `expected those of the dashboards and the alerts, found ${all.length}`);
  const exposed = await onEvent();
  for (const end = Date.now() + PATIENCE; ; await pause(1_000)) {
    for (const target of metricsOf()) {
      const answer = await fetch(target);
      assert.ok(answer.ok, `${target}: ${answer.status}`);
      readExposition(await answer.text(), exposed);
    }
    const unknown = all.flatMap((one) => notExposed(one, exposed));
    if (unknown.length === 0) return;
    assert.ok(Date.now() < end, `the programs do not expose:\n${unknown.join('\n')}`);
  }
});

test('what is no expression, and what nobody exposes, is found', () => {
  assert.throws(() => reads('up{job="a"'), /not PromQL/);
  assert.throws(() => reads('rate(a[5m)'), /not PromQL/);
  const exposed = new Map([['a', new Set(['x'])]]);
  const found = (expression, shown = []) => notExposed({ place: 'here', expression, shown }, exposed);
  assert.deepEqual(found('sum by (x) (rate(a{x="1", job="j"}[$__rate_interval])) / up'), []);
  assert.deepEqual(found('b'), ['here: metric b']);
  assert.deepEqual(found('a{y="1"}'), ['here: label y of a']);
  assert.deepEqual(found('sum by (z) (a)', ['v']), ['here: label z', 'here: label v']);
});

/** What `expression` reads and `exposed` does not have. */
function notExposed({ place, expression, shown }, exposed) {
  const { selectors, grouping } = reads(expression);
  if (selectors.length === 0) return [`${place}: no metric in ${expression}`];
  const unknown = [];
  const known = new Set(TARGET_LABELS);
  for (const { metric, matchers } of selectors) {
    if (SYNTHETIC.includes(metric)) continue;
    const labels = exposed.get(metric);
    if (!labels) {
      unknown.push(`${place}: metric ${metric}`);
      continue;
    }
    for (const label of labels) known.add(label);
    for (const { label } of matchers) {
      if (!labels.has(label) && !TARGET_LABELS.includes(label)) unknown.push(`${place}: label ${label} of ${metric}`);
    }
  }
  if (unknown.length > 0) return unknown;
  return [...grouping, ...shown].filter((label) => !known.has(label)).map((label) => `${place}: label ${label}`);
}

async function onEvent() {
  const source = await read(SOURCE);
  const exposed = new Map();
  for (const [metric, label] of Object.entries(ON_EVENT)) {
    for (const name of [metric.replace('noema_storage_', ''), label]) {
      assert.ok(source.includes(`"${name}"`), `${SOURCE} does not name ${name} of ${metric}`);
    }
    exposed.set(metric, new Set([label]));
  }
  return exposed;
}
