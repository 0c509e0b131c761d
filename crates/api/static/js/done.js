// The meeting is booked: the answers that were kept for going back and forth are no longer needed.
try {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith('kalends-answers:')) sessionStorage.removeItem(key);
} catch { /* a private window */ }
