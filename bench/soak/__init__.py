"""The bridge for minutes on end, with all that can happen to it: `make soak`."""
