// A guest in Chromium. Prints one line of JSON with what was seen; ends with 1 when something is wrong.
//
//   node guest.mjs book   '{"event": URL, "timezone": "Australia/Eucla", "javascript": true, "name": …, "email": …}'
//   node guest.mjs cancel '{"url": URL, "javascript": true}'
//   node guest.mjs judge  '{"pages": {NAME: URL, …}, "cookies": [those of somebody who is signed in]}'

import { AxeBuilder, complaints, context, refused, run } from './browser.mjs';

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
async function judge(browser, { pages, cookies }) {
  const judged = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, url] of Object.entries(pages)) {
      const guest = await context(browser, { colorScheme });
      await guest.addCookies(cookies);
      const page = await guest.newPage();
      const look = () => page.goto(url, { waitUntil: 'load' });
      // A page about something that does not exist answers 404.
      await (name === 'missing' ? refused(look) : look());
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

await run({ book, cancel, judge });
