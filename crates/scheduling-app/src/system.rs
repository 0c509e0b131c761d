//! The real clock, ids, secrets and sealer. (The app's helper completes it.)
