"""`python -m wye.cli`: the same as the console script `wye`."""

from wye.cli import main

main()
