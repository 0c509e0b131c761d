// What the scripts share: Chromium, contexts in which every complaint of a page is noted, and the report.
//
// A script is called with the name of an action and its argument as JSON. It prints one line of JSON with what was seen,
// and ends with 1 when something is wrong. The packages lie in a folder of their own, which KALENDS_NODE_MODULES names.

import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.KALENDS_NODE_MODULES, 'here.js'));
const { chromium } = require('playwright-core');
export const { AxeBuilder } = require('@axe-core/playwright');

export const complaints = [];

/** The screens that pages are tried on. */
export const screens = {
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  desk: { viewport: { width: 1280, height: 800 } },
};

/** A context in which every complaint of a page is noted. Nothing moves: a click would wait for it. */
export async function context(browser, options) {
  const made = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  made.setDefaultTimeout(30_000);
  made.on('page', (page) => {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(`${page.url()}: console: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error}`));
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
    });
    page.on('request', (request) => {
      const host = new URL(request.url()).hostname;
      if (!['127.0.0.1', 'localhost', ''].includes(host)) complaints.push(`${page.url()}: asks ${host}`);
    });
  });
  return made;
}

/** What a page that can be refused answers with that status is not for the console to complain about. */
export async function refused(deed) {
  const before = complaints.length;
  await deed();
  complaints.length = before;
}

/** Nothing scrolls sideways. */
export async function fits(page) {
  const [wide, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (wide > width) complaints.push(`${page.url()}: ${wide} pixels wide on a screen of ${width}`);
}

/** Does the action that the command line names. */
export async function run(actions) {
  const [action, argument] = process.argv.slice(2);
  const browser = await chromium.launch({
    executablePath: process.env.KALENDS_CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const seen = await actions[action](browser, JSON.parse(argument));
    console.log(JSON.stringify(seen));
  } catch (error) {
    complaints.push(String(error?.stack ?? error));
  } finally {
    await browser.close();
  }
  if (complaints.length) {
    console.error(complaints.join('\n'));
    process.exitCode = 1;
  }
}
