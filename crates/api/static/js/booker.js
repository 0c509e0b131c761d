// The booking page, made quick. Without this file every day is a link and every time a form button; this fetches the
// same pages and puts their parts in place, so both ways show the same.
import { enhance as enhanceZones } from './zone.js';

const $ = selector => document.querySelector(selector);
const say = text => { $('#say').textContent = text };
const remembered = name => { try { return localStorage.getItem(`kalends-${name}`) } catch { return null } };
const remember = (name, value) => { try { localStorage.setItem(`kalends-${name}`, value) } catch { /* a private window */ } };
const PARTS = ['info', 'calendar', 'times', 'zone'];
const date = day => new Date(`${day}T00:00Z`);
const add = (day, days) => { const d = date(day); d.setUTCDate(d.getUTCDate() + days); return d.toISOString().slice(0, 10) };

let pending;
/** What is shown, without the part after `#`: a jump within the page loads nothing. */
let current = location.pathname + location.search;

/** Fetches a page and puts its parts in place of this one's; says whether that worked. */
async function load(url, { keepAddress } = {}) {
  // A link that was drawn before the zone was known leads on in the zone that is known now.
  const [to, here] = [new URL(url, location), new URL(location)];
  for (const name of ['tz', 'clock']) {
    if (!to.searchParams.has(name) && here.searchParams.has(name)) to.searchParams.set(name, here.searchParams.get(name));
  }
  url = to.href;
  pending?.abort();
  const abort = pending = new AbortController();
  const busy = setTimeout(() => {
    const list = $('#slots');
    if (list) list.innerHTML = '<li class="skel" role="presentation"></li>'.repeat(Math.max(3, list.children.length));
    say('Loading times');
  }, 150);
  try {
    const response = await fetch(url, { signal: abort.signal, headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    if (!response.ok || !page.querySelector('#booker')) throw new Error(response.status);
    for (const id of PARTS) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (old && fresh) old.replaceWith(document.adoptNode(fresh));
    }
    const [shown, there] = [$('#booker'), page.querySelector('#booker')];
    for (const name of ['data-zone', 'data-zone-chosen', 'data-clock', 'data-clock-chosen']) {
      if (there.hasAttribute(name)) shown.setAttribute(name, there.getAttribute(name)); else shown.removeAttribute(name);
    }
    if (!keepAddress) history.pushState(null, '', url);
    current = to.pathname + to.search;
    rove();
    enhanceZones();
    return true;
  } catch (error) {
    // Another click came in between; else the plain way shows what is wrong.
    if (error.name !== 'AbortError') location.assign(url);
    return false;
  } finally {
    clearTimeout(busy);
  }
}

const announceTimes = () => say($('#times').getAttribute('aria-label'));

/** Makes the grid one stop of the Tab key: the chosen day, or the first that is open. */
function rove(day) {
  const days = [...document.querySelectorAll('.cal .day')];
  const stop = (day && days.find(d => d.dataset.d === day)) || $('[aria-selected=true] .day') || days.find(d => d.href) || days[0];
  for (const d of days) d.tabIndex = d === stop ? 0 : -1;
  return stop;
}

async function pick(link) {
  if (!await load(link.href.replace('#times', ''))) return;
  announceTimes();
  $('#chosen')?.focus({ preventScroll: innerWidth > 700 });
}

async function turn(link, day) {
  if (!link?.href) return false;
  const id = link.id;
  if (!await load(link.href)) return false;
  const focused = day ? rove(day) : document.getElementById(id);
  focused?.focus();
  say(`${$('#month').textContent}. ${$('#times').getAttribute('aria-label')}`);
  return true;
}

document.addEventListener('click', event => {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('#booker a[href]');
  if (!link) return;
  if (link.matches('a.day, [data-swap=day]')) { event.preventDefault(); pick(link) }
  else if (link.id === 'prev' || link.id === 'next') { event.preventDefault(); turn(link) }
  else if (link.classList.contains('back')) { event.preventDefault(); $('#calendar').scrollIntoView(); rove()?.focus({ preventScroll: true }) }
});

// The clock and the zone are forms; sent without leaving the page, and remembered for the next visit.
const send = async form => {
  const fields = new URLSearchParams(new FormData(form));
  const kind = form.dataset.swap;
  if (kind !== 'duration') remember(kind, fields.get(kind === 'zone' ? 'tz' : kind));
  const { tz, clock } = Object.fromEntries(fields);
  if (!tz && kind === 'clock') fields.set('tz', $('#booker').dataset.zone);
  if (!clock && kind === 'zone') fields.set('clock', $('#booker').dataset.clock);
  if (!await load(`${form.getAttribute('action')}?${fields}`)) return;
  if (kind === 'duration') { $('[name=duration]:checked')?.focus(); announceTimes() }
  else if (kind === 'clock') { $('[name=clock]:checked')?.focus(); say(`Times are shown with ${fields.get('clock')} hours`) }
  else { $('#tz').hidePopover?.(); $('.zone').focus(); say(`Times are shown in ${fields.get('tz')}`) }
};
document.addEventListener('change', event => { if (['clock', 'duration'].includes(event.target.name)) send(event.target.form) });
document.addEventListener('submit', event => {
  if (event.target.dataset.swap) { event.preventDefault(); send(event.target); return }
  // A second click on a time, while the form is on its way, is one too many.
  if (event.target.classList.contains('scroll')) {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = 'yes';
  }
});
addEventListener('pageshow', () => { const form = $('.scroll'); if (form) delete form.dataset.sent });
addEventListener('popstate', () => { if (location.pathname + location.search !== current) load(location.href, { keepAddress: true }) });

document.addEventListener('keydown', async event => {
  const slot = event.target.closest?.('#slots .slot');
  if (slot) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...document.querySelectorAll('#slots .slot')];
    all[(all.indexOf(slot) + step + all.length) % all.length].focus();
    return;
  }
  const cell = event.target.closest?.('.cal .day');
  if (!cell) return;
  const day = cell.dataset.d, weekday = (date(day).getUTCDay() + 6) % 7;
  const turned = getComputedStyle(cell).direction === 'rtl' ? -1 : 1;
  const step = { ArrowLeft: -turned, ArrowRight: turned, ArrowUp: -7, ArrowDown: 7, Home: -weekday, End: 6 - weekday }[event.key];
  const page = { PageUp: -1, PageDown: 1 }[event.key];
  if (event.key === ' ' || event.key === 'Enter') {
    event.preventDefault();
    if (cell.href) pick(cell); else say(cell.querySelector('.vh').textContent);
  } else if (step !== undefined) {
    event.preventDefault();
    const to = add(day, step);
    if ($(`.cal [data-d="${to}"]`)) rove(to).focus();
    else await turn($(step < 0 ? '#prev' : '#next'), to);
  } else if (page) {
    event.preventDefault();
    if (event.shiftKey) await turnYear(page, day);
    else await turn($(page < 0 ? '#prev' : '#next'), sameDay(day, page));
  }
});

/** The same day of another month, or that month's last. */
function sameDay(day, months) {
  const d = date(`${day.slice(0, 7)}-01`);
  d.setUTCMonth(d.getUTCMonth() + months + 1, 0);
  const last = d.getUTCDate();
  return `${d.toISOString().slice(0, 7)}-${String(Math.min(last, +day.slice(8))).padStart(2, '0')}`;
}

async function turnYear(years, day) {
  const link = $(years < 0 ? '#prev' : '#next');
  if (!link.href) return;
  const to = sameDay(day, 12 * years), url = new URL(link.href);
  url.searchParams.set('month', to.slice(0, 7));
  if (!await load(url.href)) return;
  rove(to).focus();
  say($('#month').textContent);
}

// The first visit: the page knows neither the reader's zone nor clock, the browser does.
const booker = $('#booker');
if (booker) {
  rove();
  enhanceZones();
  const wish = new URL(location.href);
  const zone = remembered('zone') || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hours = remembered('clock');
  if (!('zoneChosen' in booker.dataset) && zone && zone !== booker.dataset.zone) wish.searchParams.set('tz', zone);
  if (!('clockChosen' in booker.dataset) && hours && hours !== booker.dataset.clock) wish.searchParams.set('clock', hours);
  if (wish.href !== location.href) {
    history.replaceState(null, '', wish);
    load(wish.href, { keepAddress: true });
  }
}
