// The list of time zones, made searchable. Without this file it is a plain select with a button.
const names = zone => zone.replaceAll('_', ' ');
const city = zone => names(zone).split('/').pop();
const describe = (zone, style) => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: style }).formatToParts(new Date())
      .find(part => part.type === 'timeZoneName')?.value ?? '';
  } catch { return '' }
};
const clock = zone => {
  const twelve = document.getElementById('booker')?.dataset.clock === '12';
  try { return new Intl.DateTimeFormat(twelve ? 'en-AU' : 'en-GB', { timeZone: zone, hour: twelve ? 'numeric' : '2-digit', minute: '2-digit' }).format(new Date()) } catch { return '' }
};
const plain = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
const SHOWN = 40;

/** Puts a search field and a list over the select. */
export function enhance() {
  const form = document.getElementById('zone'), select = document.getElementById('tzs');
  if (!form || !select || form.dataset.enhanced) return;
  form.dataset.enhanced = 'yes';
  const chosen = select.options[0]?.value;
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const near = [...select.querySelectorAll('optgroup:first-child option')].map(option => option.value);
  const all = [...new Set([...select.options].map(option => option.value))];
  const likely = [...new Set([chosen, ...near, all.includes(local) ? local : chosen, 'Europe/London', 'America/New_York', 'America/Los_Angeles', 'Asia/Kolkata', 'Asia/Tokyo', 'Australia/Sydney', 'UTC'])];
  let texts;
  const search = () => texts ??= all.map(zone => [zone, plain([zone, names(zone), describe(zone, 'long'), describe(zone, 'short'), describe(zone, 'shortOffset')].join(' '))]);

  const label = Object.assign(document.createElement('label'), { className: 'vh', htmlFor: 'tzq', textContent: 'Search a city, region or abbreviation' });
  const input = Object.assign(document.createElement('input'), { id: 'tzq', className: 'in', autocomplete: 'off', placeholder: 'City, region or abbreviation' });
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-expanded', 'true');
  input.setAttribute('aria-controls', 'tzl');
  input.setAttribute('aria-autocomplete', 'list');
  const list = Object.assign(document.createElement('div'), { id: 'tzl', className: 'opts', tabIndex: 0 });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Time zones');
  for (const element of form.querySelectorAll('label, select, button')) element.hidden = true;
  form.prepend(label, input, list);

  let active = 0;
  const options = () => [...list.children].filter(element => element.role === 'option' || element.getAttribute('role') === 'option');
  const mark = index => {
    const all = options();
    if (!all.length) { input.removeAttribute('aria-activedescendant'); return }
    active = (index + all.length) % all.length;
    all.forEach((option, i) => option.setAttribute('aria-selected', i === active));
    input.setAttribute('aria-activedescendant', all[active].id);
    all[active].scrollIntoView({ block: 'nearest' });
  };
  const draw = () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    const found = words.length ? search().filter(([, text]) => words.every(word => text.includes(word))).map(([zone]) => zone) : likely;
    list.replaceChildren(...found.slice(0, SHOWN).map((zone, i) => {
      const option = Object.assign(document.createElement('div'), { id: `tz-${i}` });
      option.setAttribute('role', 'option');
      option.dataset.zone = zone;
      const name = Object.assign(document.createElement('span'), { textContent: city(zone) });
      const aside = Object.assign(document.createElement('small'), { textContent: `${describe(zone, 'shortOffset')} · ${clock(zone)}` });
      option.append(name, aside);
      return option;
    }));
    if (!found.length) {
      const none = Object.assign(document.createElement('div'), { textContent: 'No zone has this name' });
      none.setAttribute('role', 'option');
      none.setAttribute('aria-disabled', 'true');
      list.append(none);
    }
    mark(0);
  };
  const choose = zone => { if (zone) { select.value = zone; form.requestSubmit() } };
  input.addEventListener('input', draw);
  list.addEventListener('click', event => choose(event.target.closest('[role=option]')?.dataset.zone));
  form.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); mark(active + step) }
    else if (event.key === 'Enter') { event.preventDefault(); choose(options()[active]?.dataset.zone) }
  });
  document.getElementById('tz').addEventListener('toggle', event => {
    if (event.newState === 'open' && form.isConnected) { input.value = ''; draw(); input.focus() }
  });
}
