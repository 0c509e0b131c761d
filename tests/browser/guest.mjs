// A guest in Chromium. Prints one line of JSON with what was seen; ends with 1 when something is wrong.
//
//   node guest.mjs book   '{"event": URL, "timezone": "Australia/Eucla", "javascript": true, "name": …, "email": …}'
//   node guest.mjs cancel '{"url": URL, "javascript": true}'
//   node guest.mjs judge  '{"pages": {NAME: URL, …}}'
//
// The packages lie in a folder of their own, which KALENDS_NODE_MODULES names.

import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.KALENDS_NODE_MODULES, 'here.js'));
const { chromium } = require('playwright-core');
const { AxeBuilder } = require('@axe-core/playwright');

const complaints = [];

/** A context in which every complaint of a page is noted. Nothing moves: a click would wait for it. */
async function context(browser, options) {
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

/** The guest looks at the times, takes one in the middle, and fills the form in. */
async function book(browser, { event, timezone, javascript, name, email, note }) {
  const guest = await context(browser, { timezoneId: timezone, javaScriptEnabled: javascript });
  const page = await guest.newPage();
  // Without JavaScript nobody tells the server the zone: the guest has chosen it before, so the address has it.
  const address = new URL(event);
  if (!javascript) address.searchParams.set('tz', timezone);
  await page.goto(address.href);
  const times = page.locator('#slots button.slot');
  await times.first().waitFor();
  // With JavaScript the page finds the guest's zone out by itself.
  await page.locator(`#booker[data-zone="${timezone}"]`).waitFor();
  const day = page.locator('#calendar td[role=gridcell] a.day').last();
  await day.click();
  await page.waitForURL(/date=/);
  await times.first().waitFor();
  const slot = times.nth(Math.floor((await times.count()) / 2));
  const start = await slot.getAttribute('value');
  const shown = (await slot.locator('time').innerText()).trim();
  await slot.click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  if (note) await page.locator('#note').fill(note);
  const form = page.url();
  await page.getByRole('button', { name: 'Book this time' }).click();
  await page.waitForURL(/\/b\//);
  const heading = await page.locator('main h1').innerText();
  const seen = { start, shown, form, manage: page.url(), heading, tag: await page.locator('main .tag').innerText() };
  await guest.close();
  return seen;
}

/** The invitee follows the link in the mail, cancels, and looks at the booking. */
async function cancel(browser, { url, javascript }) {
  const guest = await context(browser, { javaScriptEnabled: javascript });
  const page = await guest.newPage();
  await page.goto(url);
  await page.locator('#reason').fill('Something came up');
  await page.getByRole('button', { name: 'Cancel the meeting' }).click();
  await page.getByText('Cancelled').first().waitFor();
  const seen = { url: page.url(), tag: await page.locator('main .tag').innerText() };
  await guest.close();
  return seen;
}

/** axe on every page, light and dark; and no sideways scrolling on a narrow screen. */
async function judge(browser, { pages }) {
  const judged = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, url] of Object.entries(pages)) {
      const guest = await context(browser, { colorScheme });
      const page = await guest.newPage();
      const before = complaints.length;
      await page.goto(url, { waitUntil: 'load' });
      // A page about something that does not exist answers 404, which is not for the console to complain about.
      if (name === 'missing') complaints.length = before;
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, help, nodes } of violations) {
        complaints.push(`${name}, ${colorScheme}: ${id}: ${help}: ${nodes.map((node) => node.html).join(' | ').slice(0, 500)}`);
      }
      for (const width of [320, 768]) {
        await page.setViewportSize({ width, height: 640 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) complaints.push(`${name}, ${colorScheme}: ${wide} pixels wide on a screen of ${width}`);
      }
      judged.push(`${name} ${colorScheme}`);
      await guest.close();
    }
  }
  return { judged };
}

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
  const seen = await { book, cancel, judge }[action](browser, JSON.parse(argument));
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
