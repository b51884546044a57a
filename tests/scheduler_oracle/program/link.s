// A function without a body, linked by name, needs an assembly file in its package.
