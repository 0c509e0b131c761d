// Forms, made kind: sent once, answers kept when the guest goes back for another time, mistakes told on leaving a field,
// questions that come when they are due, and a word before a held time runs out.
const key = `kalends-answers:${location.pathname.replace(/\/(details|bookings)$/, '')}`;
const $ = id => document.getElementById(id);
const say = text => { const place = $('say'); if (place) place.textContent = text };

for (const form of document.querySelectorAll('form[method=post]')) {
  form.addEventListener('submit', event => {
    if (form.dataset.sent) { event.preventDefault(); return }
    form.dataset.sent = 'yes';
    event.submitter?.setAttribute('aria-busy', 'true');
    say('Sending');
  });
}
// Back from the next page: the form may be sent again; its key keeps that harmless.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
});

// After a refusal, focus goes to what was wrong.
$('sum')?.focus();

const details = $('details');
if (details) {
  restore();
  questions();
  guests();
  countdown();
  mailAddress();
}

/** What the guest fills in, by name: texts, or lists of what is chosen. */
function answers() {
  const kept = {};
  for (const field of details.elements) {
    if (!field.name || field.type === 'hidden' || field.tagName === 'BUTTON') continue;
    if (field.type === 'radio' || field.type === 'checkbox') {
      kept[field.name] ??= [];
      if (field.checked) kept[field.name].push(field.value);
    } else kept[field.name] = field.value;
  }
  return kept;
}

/** Puts back what was typed before going for another time; what the page says goes first. */
function restore() {
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem(key)) ?? {} } catch { /* nothing was kept */ }
  const fresh = !$('sum');
  for (const field of details.elements) {
    if (!field.name || field.type === 'hidden' || field.tagName === 'BUTTON') continue;
    const value = kept[field.name];
    if (field.type === 'radio' || field.type === 'checkbox') {
      if (fresh && Array.isArray(value) && value.length) field.checked = value.includes(field.value);
    } else if (!field.value && typeof value === 'string') field.value = value;
  }
  const keep = () => { try { sessionStorage.setItem(key, JSON.stringify(answers())) } catch { /* a private window */ } };
  details.addEventListener('input', keep);
  details.addEventListener('change', keep);
}

/** Shows the questions that are due. The server comes to the same result, and judges. */
function questions() {
  const dependent = [...details.querySelectorAll('[data-if]')];
  const update = () => {
    for (const field of dependent) {
      // An earlier question that is not shown has no answer.
      const asked = [...details.elements].filter(element => element.name === field.dataset.if && !element.closest('[data-if]:not([data-met])'));
      const given = asked.filter(element => !['radio', 'checkbox'].includes(element.type) || element.checked).map(element => element.value.trim()).filter(Boolean);
      const met = field.dataset.test === 'any-of' ? JSON.parse(field.dataset.options).some(option => given.includes(option)) : given.length > 0;
      field.toggleAttribute('data-met', met);
    }
  };
  details.addEventListener('input', update);
  details.addEventListener('change', update);
  update();
}

/** Guests as chips over the list of addresses, which stays what is sent. */
function guests() {
  const box = $('guest-field'), list = $('guests');
  if (!box) return;
  const most = Number(box.dataset.most);
  const addresses = () => list.value.split(/[\s,;]+/).filter(Boolean);
  const label = box.querySelector('label');
  const chips = Object.assign(document.createElement('div'), { className: 'chips' });
  const entry = Object.assign(document.createElement('input'), { className: 'in', id: 'guest', type: 'email', autocomplete: 'off', maxLength: 254 });
  const add = Object.assign(document.createElement('button'), { className: 'btn sm', type: 'button', textContent: 'Add' });
  for (const name of ['aria-describedby', 'aria-invalid']) if (list.hasAttribute(name)) entry.setAttribute(name, list.getAttribute(name));
  label.htmlFor = 'guest';
  list.hidden = true;
  list.after(chips);
  const draw = () => {
    const all = addresses();
    chips.replaceChildren(...all.map((address, i) => {
      const chip = Object.assign(document.createElement('span'), { className: 'chip', textContent: `${address} ` });
      const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' });
      remove.setAttribute('aria-label', `Remove ${address}`);
      remove.addEventListener('click', () => { write(all.toSpliced(i, 1)); entry.focus(); say(`${address} removed`) });
      chip.append(remove);
      return chip;
    }), entry, add);
    entry.hidden = add.hidden = all.length >= most;
  };
  const write = all => { list.value = all.join('\n'); list.dispatchEvent(new Event('input', { bubbles: true })); draw() };
  const take = () => {
    const typed = entry.value.trim();
    if (!typed) return false;
    entry.value = '';
    write([...new Set([...addresses(), ...typed.split(/[\s,;]+/).filter(Boolean)])]);
    say(`${typed} added`);
    if (!entry.hidden) entry.focus();
    return true;
  };
  add.addEventListener('click', take);
  entry.addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ',') { if (entry.value.trim() || event.key === ',') { event.preventDefault(); take() } }
  });
  // Whoever types an address and goes on means it. (Nothing is drawn on leaving the field: a click would miss its button.)
  details.addEventListener('submit', () => { if (entry.value.trim()) { list.value = [...addresses(), entry.value.trim()].join('\n') } }, { capture: true });
  // The summary of mistakes leads to the list; its place is taken.
  for (const link of document.querySelectorAll('a[href="#guests"]')) link.href = '#guest';
  draw();
}

/** Counts the last minute of a held time down, politely. */
function countdown() {
  const note = $('hold'), text = $('hold-text');
  if (!note || !text) return;
  const end = performance.now() + Number(note.dataset.left) * 1000;
  const start = note.dataset.start;
  let told = Number(note.dataset.left) > 0 ? Infinity : -1;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 60) return;
    if (left <= 0) {
      clearInterval(timer);
      text.textContent = `${start} is no longer held for you. It is yours if nobody is quicker.`;
      if (told >= 0) say(text.textContent);
      return;
    }
    const clock = Object.assign(document.createElement('strong'), { className: 'num', textContent: `0:${String(left % 60).padStart(2, '0')}` });
    if (left === 60) clock.textContent = '1:00';
    text.replaceChildren(`${start} is held for you, `, clock, ' left.');
    for (const mark of [60, 30, 10]) {
      if (left <= mark && told > mark) {
        told = mark;
        const more = note.querySelector('button') ? ' You can keep it for 5 more minutes.' : '';
        say(`${start} is held for you for ${left} more seconds.${more}`);
        break;
      }
    }
  };
  const timer = setInterval(tick, 500);
  tick();
}

/** Says on leaving the field when an address cannot be one. */
function mailAddress() {
  const email = details.elements.email;
  email.addEventListener('blur', () => {
    const wrong = email.value !== '' && !email.validity.valid;
    let note = $('email-e');
    if (wrong && !note) {
      note = Object.assign(document.createElement('p'), { id: 'email-e', className: 'err' });
      note.append(Object.assign(document.createElement('span'), { textContent: 'Enter an e-mail address we can write to, such as name@company.example' }));
      email.after(note);
    } else if (!wrong && email.value !== '') {
      note?.remove();
    }
    if ($('email-e')) {
      email.setAttribute('aria-invalid', 'true');
      email.setAttribute('aria-describedby', 'email-e');
    } else {
      email.removeAttribute('aria-invalid');
      email.removeAttribute('aria-describedby');
    }
  });
}
