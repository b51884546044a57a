"""
CEL text to a tree: lexer, parser, macros, and which attributes an expression reads.

Knows text and literals only; no types, no functions.
"""
