//! From what happened to what the outside world is owed, and doing it. (The app's helper completes it.)
