"""What hostile bytes do to the readers: the same targets for Hypothesis and for a coverage-guided fuzzer.

    python -m tests.fuzz TARGET --seconds N        coverage-guided, by atheris

`seeds.py` has what to begin with, `mutations.py` what is done to it, `targets.py` the laws that have to
hold for whatever comes out.
"""
