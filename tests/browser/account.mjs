// Somebody with an account in Chromium.
//
//   node account.mjs signIn '{"home": URL of a page that needs signing in, "email": …, "password": …, …}'
//   node account.mjs accept '{"url": the link in the invitation, "name": …, "timezone": …, "password": …, …}'
//   node account.mjs forgotten '{"url": the sign-in page, "email": …, …}'
//   node account.mjs renew  '{"url": the link in the mail, "password": …, "session": a cookie's value, "home": …, …}'
//   node account.mjs refuse '{"url": the sign-in page, "tries": [[email, password], …], …}'
//   node account.mjs leave  '{"home": URL, "email": …, "password": …, …}'
//
// Each takes "javascript" and "screen" (phone or desk) besides.

import { context, fits, refused, run, screens } from './browser.mjs';

async function opened(browser, { javascript, screen }) {
  const made = await context(browser, { javaScriptEnabled: javascript, ...screens[screen] });
  return [made, await made.newPage()];
}

/** What the cookies of a context carry. */
async function sessions(made) {
  const cookies = await made.cookies();
  return cookies.map(({ name, value, httpOnly, sameSite }) => ({ name, value, httpOnly, sameSite }));
}

async function fillIn(page, email, password) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Whoever is sent to sign in comes back to where he wanted to go. */
async function signIn(browser, { home, email, password, ...how }) {
  const [made, page] = await opened(browser, how);
  await page.goto(home);
  await fits(page);
  await fillIn(page, email, password);
  await page.waitForURL(home);
  await fits(page);
  const seen = { heading: await page.locator('main h1').first().innerText(), text: await page.locator('main').innerText(), cookies: await sessions(made) };
  await made.close();
  return seen;
}

async function accept(browser, { url, name, timezone, password, ...how }) {
  const [made, page] = await opened(browser, how);
  await page.goto(url);
  const heading = await page.locator('main h1').innerText();
  await fits(page);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Where you live').selectOption(timezone);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: heading }).click();
  await page.getByRole('button', { name: 'Sign out' }).first().waitFor();
  const seen = { heading, text: await page.locator('main').innerText(), cookies: await sessions(made) };
  await made.close();
  return seen;
}

async function forgotten(browser, { url, emails, ...how }) {
  const [made, page] = await opened(browser, how);
  const answers = [];
  for (const email of emails) {
    await page.goto(url);
    await page.getByRole('link', { name: 'Forgotten?' }).click();
    await page.getByLabel('E-mail').fill(email);
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('Look into your mail').waitFor();
    answers.push(await page.locator('main').innerText());
  }
  await made.close();
  return { answers };
}

/** Sets the password by the link; a session from before is over, and the link too. */
async function renew(browser, { url, password, session, home, ...how }) {
  const [made, page] = await opened(browser, how);
  await page.goto(url);
  await page.getByRole('textbox', { name: 'New password' }).fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Your password is set').waitFor();
  await refused(() => page.goto(url));
  const again = await page.locator('main h1').innerText();
  await made.addCookies([{ ...session, url: home }]);
  await page.goto(home);
  const seen = { again, old: page.url() };
  await made.close();
  return seen;
}

/** What sign-in says to those whom it refuses. */
async function refuse(browser, { url, tries, ...how }) {
  const [made, page] = await opened(browser, how);
  const answers = [];
  for (const [email, password] of tries) {
    await refused(async () => {
      await page.goto(url);
      await fillIn(page, email, password);
      await page.getByRole('alert').waitFor();
    });
    answers.push({ text: await page.getByRole('alert').innerText(), cookies: (await sessions(made)).length });
  }
  await made.close();
  return { answers };
}

/** Signs in and out; the way back leads nowhere. */
async function leave(browser, { home, email, password, ...how }) {
  const [made, page] = await opened(browser, how);
  await page.goto(home);
  await fillIn(page, email, password);
  await page.waitForURL(home);
  const [before] = await sessions(made);
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await page.waitForURL((address) => address.href !== home);
  const after = (await sessions(made)).length;
  // The cookie as a thief would have kept it.
  await made.addCookies([{ name: before.name, value: before.value, url: home }]);
  await page.goto(home);
  const seen = { after, back: page.url() };
  await made.close();
  return seen;
}

await run({ signIn, accept, forgotten, renew, refuse, leave });
