// The life of a booking in Chromium, by its invitee and its host.
//
//   node life.mjs ask    '{"event": URL, "timezone": …, "name": …, "email": …, "guest": …, "topic": …, …}'
//   node life.mjs answer '{"url": the host's link, …}'
//   node life.mjs move   '{"url": the link in the invitee's mail, …}'
//   node life.mjs cancel '{"url": the link in the host's mail, "reason": …, …}'
//
// Each takes "javascript" and "screen" (phone or desk) besides.

import { context, fits, run, screens } from './browser.mjs';

async function opened(browser, { javascript, screen }, options) {
  const made = await context(browser, { javaScriptEnabled: javascript, ...screens[screen], ...options });
  return [made, await made.newPage()];
}

const tag = (page) => page.locator('main .tag').first().innerText();
const heading = (page) => page.locator('main h1').innerText();

/** Takes a time of the last day that is shown, from the front (0) to the end (1) of what it offers. */
async function takeTime(page, place) {
  const times = page.locator('#slots button.slot');
  await times.first().waitFor();
  await page.locator('#calendar td[role=gridcell] a.day').last().click();
  await page.waitForURL(/date=/);
  await times.first().waitFor();
  const slot = times.nth(Math.floor(((await times.count()) - 1) * place));
  const start = await slot.getAttribute('value');
  await fits(page);
  await slot.click();
  return start;
}

/** The guest asks for a meeting, with an answer that brings another question. */
async function ask(browser, { event, timezone, name, email, guest, topic, ...how }) {
  const [visitor, page] = await opened(browser, how, { timezoneId: timezone });
  const address = new URL(event);
  // Without JavaScript nobody tells the server the zone.
  if (!how.javascript) address.searchParams.set('tz', timezone);
  await page.goto(address.href);
  const start = await takeTime(page, 0.5);
  await page.getByRole('heading', { name: 'Your details' }).waitFor();
  await fits(page);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('E-mail', { exact: true }).fill(email);
  const more = page.getByLabel('What else?');
  // Where scripts run, the second question waits for the first.
  if (how.javascript && (await more.isVisible())) throw new Error('a question is shown before its condition is met');
  await page.getByLabel('Something else').check();
  await more.fill(topic);
  const guests = page.locator(how.javascript ? '#guest' : '#guests');
  await guests.fill(guest);
  await page.getByRole('button', { name: 'Ask for this time' }).last().click();
  await page.waitForURL(/\/b\//);
  await fits(page);
  const seen = { start, manage: page.url(), heading: await heading(page), tag: await tag(page) };
  await visitor.close();
  return seen;
}

/** The host opens the link in his mail. Nothing has happened until he presses the button. */
async function answer(browser, { url, ...how }) {
  const [host, page] = await opened(browser, how, {});
  await page.goto(url);
  const asked = await tag(page);
  const shown = await page.locator('main article').innerText();
  await page.reload();
  if ((await tag(page)) !== asked) throw new Error('looking at it has changed it');
  await fits(page);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('Confirmed', { exact: true }).first().waitFor();
  const seen = { asked, shown, tag: await tag(page), heading: await heading(page) };
  await host.close();
  return seen;
}

/** The invitee follows the link in his mail and takes another time. */
async function move(browser, { url, place, timezone, ...how }) {
  const [visitor, page] = await opened(browser, how, { timezoneId: timezone });
  await page.goto(url);
  const start = await takeTime(page, place);
  await page.getByText('Former time:').waitFor();
  await fits(page);
  await page.locator('main form button.main').click();
  await page.waitForURL(/\/b\/[0-9a-f]{64}(\?.*)?$/);
  const seen = { start, heading: await heading(page), tag: await tag(page) };
  await visitor.close();
  return seen;
}

/** The host follows the link in his mail, says why, and calls it off. */
async function cancel(browser, { url, reason, ...how }) {
  const [host, page] = await opened(browser, how, {});
  await page.goto(url);
  await fits(page);
  await page.locator('#reason').fill(reason);
  await page.getByRole('button', { name: 'Cancel the meeting' }).click();
  await page.getByText('Cancelled', { exact: true }).first().waitFor();
  const seen = { tag: await tag(page), shown: await page.locator('main article').innerText() };
  await host.close();
  return seen;
}

await run({ ask, answer, move, cancel });
