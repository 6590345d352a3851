"""Alert sources in YAML: one file a sender, so that a new one needs no Python.

`files.py` reads a folder of them, `form.py` is what a file may say, `expressions.py` picks values
out of a payload, and `source.py` makes alerts of them. What a file says is the operator's; what a
payload says is data, which an expression reads and never becomes.
"""
