"""One test for each disaster of docs/reliability.md, against the real program."""
