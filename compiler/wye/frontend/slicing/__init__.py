"""Step programs: roots in the user's modules in, the real files that a task needs out. `slice` is the door; the rest are its stages.

scopes   what each name in a module is bound to, as Python's own symbol table has it
facts    what each module-level statement binds, reads, imports and writes
names    what a name stands for across modules
pure, inert, tables   which statements provably do nothing but bind
reach    the closure: what stays, and why
cut      the files, with their line maps
state    what is refused: state that would differ from step to step
"""
