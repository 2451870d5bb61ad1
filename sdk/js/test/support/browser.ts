// Chromium without a window, and a server for its pages.

import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
/** Chromium by its names, in order of preference; `CHROMIUM` names another one. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Bundles for a browser. There are no polyfills: whatever needs Node.js fails to build. */
export async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: PACKAGE, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

function executable(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  const found = NAMES.flatMap((name) => PATH.split(delimiter).map((directory) => join(directory, name))).find(existsSync);
  const path = CHROMIUM ?? found;
  if (!path) throw new Error(`expected ${NAMES.join(' or ')} in PATH, found none; scripts/setup.sh --tests installs it`);
  return path;
}

/** A file of the package. */
export const packageFile = (path: string): Promise<string> => readFile(join(PACKAGE, path), 'utf8');

/** A browser with a page of `localhost`. */
export interface Browsing {
  readonly page: Page;
  /** What the page complained about. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Serves these files, by their names, and opens the first one. */
export async function browse(content: Readonly<Record<string, string>>): Promise<Browsing> {
  const server = await serve(content);
  const executablePath = executable();
  const profile = await mkdtemp(join(tmpdir(), 'noema-chromium-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/${Object.keys(content)[0]}`);
  return {
    page,
    complaints,
    async close() {
      await context.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(profile, { recursive: true, force: true });
    },
  };
}

async function serve(content: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    const found = content[name];
    response.statusCode = found === undefined ? 404 : 200;
    response.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return server;
}
