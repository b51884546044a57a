"""
CEL text to a tree: lexer, literals, parser, macros, and which attributes an expression reads.

Knows the names of macros and the values of literals; no types, no functions.
"""
