"""Keeps exchanges, finds them again, measures them and lets them go."""
