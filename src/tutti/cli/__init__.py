"""The command line: one module for each room, whose commands parse, call one function and print.

Whatever a command does, Python can do in one call of the room behind it; ``main`` collects the commands and prints
expected trouble as ``error:`` and ``hint:`` lines.
"""
