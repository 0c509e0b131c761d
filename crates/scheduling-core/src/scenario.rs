//! Scenario files: the text form in which people test a policy. (The engine's helper writes this.)
