"""`python -m pipeline` is `micle`."""

from pipeline.command_line import main

main()
