// Forms, made kind: sent once, answers kept when the guest goes back for another time, mistakes told on leaving a field.
const key = `kalends-answers:${location.pathname.replace(/\/(details|bookings)$/, '')}`;
const FIELDS = ['name', 'email', 'note'];

for (const form of document.querySelectorAll('form[method=post]')) {
  form.addEventListener('submit', event => {
    if (form.dataset.sent) { event.preventDefault(); return }
    form.dataset.sent = 'yes';
    event.submitter?.setAttribute('aria-busy', 'true');
    const say = document.getElementById('say');
    if (say) say.textContent = 'Sending';
  });
}
// Back from the next page: the form may be sent again; its key keeps that harmless.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
});

// After a refusal, focus goes to what was wrong.
document.getElementById('sum')?.focus();

const details = document.getElementById('details');
if (details) {
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem(key)) ?? {} } catch { /* nothing was kept */ }
  for (const name of FIELDS) {
    const field = details.elements[name];
    if (!field.value && typeof kept[name] === 'string') field.value = kept[name];
  }
  details.addEventListener('input', () => {
    const answers = Object.fromEntries(FIELDS.map(name => [name, details.elements[name].value]));
    try { sessionStorage.setItem(key, JSON.stringify(answers)) } catch { /* a private window */ }
  });

  const email = details.elements.email;
  email.addEventListener('blur', () => {
    const wrong = email.value !== '' && !email.validity.valid;
    let note = document.getElementById('email-e');
    if (wrong && !note) {
      note = Object.assign(document.createElement('p'), { id: 'email-e', className: 'err' });
      note.append(Object.assign(document.createElement('span'), { textContent: 'Enter an e-mail address we can write to, such as name@company.example' }));
      email.after(note);
    } else if (!wrong && email.value !== '') {
      note?.remove();
    }
    if (document.getElementById('email-e')) {
      email.setAttribute('aria-invalid', 'true');
      email.setAttribute('aria-describedby', 'email-e');
    } else {
      email.removeAttribute('aria-invalid');
      email.removeAttribute('aria-describedby');
    }
  });
}
